"""From what an event or a case is about ("refund:R1") to the row and its page, as far as one may open it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from operators import told
from operators.filters import is_number
from operators.scope import storefront_id_of

# Thing → its model, and the fields that its number is of, with colons between.
_MODELS: Mapping[str, tuple[str, ...]] = {
    "order": ("orders.Order", "number"),
    "payment": ("payments.Payment", "out_trade_no"),
    "refund": ("payments.Refund", "out_refund_no"),
    "bill": ("payments.Bill", "mchid", "day", "kind"),
    "bill_difference": (
        "payments.BillDifference",
        "bill__mchid",
        "bill__day",
        "bill__kind",
        "kind",
        "key",
    ),
    "notification": ("payments.Notification", "mchid", "notice_id"),
    "complaint": ("payments.Complaint", "external_id"),
    "declaration": ("payments.PaymentDeclaration", "pk"),
    "difference": ("payments.BillDifference", "pk"),
    "batch": ("settlement.SettlementBatch", "number"),
    "return": ("returns.ReturnRequest", "number"),
    "review": ("reviews.Review", "public_id"),
    "review_words": ("reviews.ReviewWords", "public_id"),
    "stray": ("returns.StrayParcel", "number"),
    "outbound": ("customs.Outbound", "number"),
    "customs_declaration": ("customs.Declaration", "number"),
    "port_message": ("customs.PortMessage", "guid"),
    "receipt": ("customs.PortReceipt", "digest"),
    "port": ("customs.PortAccount", "public_id"),
    "consignment": ("customs.Consignment", "public_id"),
    "entry": ("customs.WarehouseEntry", "public_id"),
    "data_request": ("customs.DataRequest", "session"),
    "shipment": ("logistics.Shipment", "number"),
    "parcel": ("logistics.Parcel", "own_number"),
    "shipping_info": ("logistics.ShippingInfo", "number"),
    "trade_management": ("logistics.TradeManagement", "storefront_id"),
    "stock": ("inventory.Stock", "pk"),
    "lot": ("inventory.Lot", "pk"),
    "countline": ("inventory.CountLine", "pk"),
    "transferline": ("inventory.TransferLine", "pk"),
    "customer": ("customers.Customer", "public_id"),
    "attempt": ("customers.IdentityAttempt", "public_id"),
    "payer": ("compliance.PayerCheck", "order_number"),
    "incident": ("compliance.Incident", "number"),
    "delivery": ("kernel.Delivery", "pk"),
    "product": ("catalog.Product", "pk"),
    "variant": ("catalog.Variant", "pk"),
    "newstemplate": ("customers.NewsTemplate", "pk"),
    "endpoint": ("partners.Endpoint", "public_id"),
    "message": ("storefronts.PushedMessage", "pk"),
    "storefront": ("storefronts.Storefront", "pk"),
    "merchant": ("storefronts.MerchantAccount", "mchid"),
}
# What a fact names, where its value is the number of a thing.
_FACTS = {
    "order": "order",
    "out_trade_no": "payment",
    "out_refund_no": "refund",
    "incident": "incident",
    "customer": "customer",
    "attempt": "attempt",
    "return": "return",
    "outbound": "outbound",
}
# Cases of these kinds are about no row that there is yet: the list in which what settles them is entered.
_LISTS = {
    "assessment.missing": "compliance.ImpactAssessment",
    "assessment.overdue": "compliance.ImpactAssessment",
    "declaration.second_port": "payments.CustomsNumber",
    "customs.book_differs": "customs.BookStock",
    "forex.rates_missing": "settlement.RatePublication",
    "forex.rates_unreadable": "settlement.RatePublication",
    "forex.rates_jumped": "settlement.RatePublication",
    "forex.old_rate": "compliance.ReferenceRate",
    "allowance.differs": "compliance.AllowanceAccount",
}
_OF_BILL = ("merchant", "day", "bill")
# A case of these kinds names the order; what an operator works on is another row of the same number.
_OF_ORDER = {
    "customs": "customs_declaration",
    "clearance": "customs_declaration",
    "shipment": "shipment",
    "payer": "payer",
}


def worked_on(kind: str, key: str, facts: Mapping[str, Any] | None = None) -> str:
    """What a case of this kind is worked on at: its own key, or that of the row beside the order it names.

    What a bill says otherwise is worked on at the difference, whatever payment or refund it is about.
    """
    area, _, what = kind.partition(".")
    thing, colon, number = key.partition(":")
    if area == "bill" and thing != "bill" and facts:
        return ":".join(["bill_difference", *(str(facts.get(n)) for n in _OF_BILL), what, key])
    other = _OF_ORDER.get(area)
    return f"{other}{colon}{number}" if other and thing == "order" else key


def list_of(request: HttpRequest, kind: str) -> str:
    """The address of the list where a case of this kind is settled, for who may open it; else ""."""
    model = apps.get_model(_LISTS[kind]) if kind in _LISTS else None
    page = admin.site._registry.get(model) if model is not None else None
    if page is None or model is None or not page.has_view_permission(request):
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def named_in(facts: Mapping[str, Any]) -> list[str]:
    """The keys of the things that facts name."""
    found = [f"{thing}:{facts[fact]}" for fact, thing in _FACTS.items() if facts.get(fact)]
    return [*found, *(f"customer:{one}" for one in facts.get("customers", ()))]


def rows_of(request: HttpRequest, keys: Iterable[str], *, of: int | None) -> dict[str, Any]:
    """The rows of these keys whose pages the operator may open; one statement a kind of thing.

    What a storefront's case names is a row of that storefront (`of`), whatever else the operator sees.
    """
    wanted: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for key in keys:
        thing, _, rest = key.partition(":")
        if thing in _MODELS:
            wanted.setdefault(thing, {}).setdefault(_parts(thing, rest), []).append(key)
    found: dict[str, Any] = {}
    for thing, numbers in wanted.items():
        label, *fields = _MODELS[thing]
        model = apps.get_model(label)
        page: Any = admin.site._registry.get(model)
        asked = Q()
        for number in numbers:
            if len(number) == len(fields) and all(map(_fits, [model] * len(fields), fields, number)):
                asked |= Q(**dict(zip(fields, number, strict=True)))
        if page is None or not asked or not page.has_view_permission(request):
            continue
        for row in page.get_queryset(request).filter(asked):
            if of is not None and storefront_id_of(row, page.scope_path) not in (of, None):
                continue
            for key in numbers.get(tuple(str(reduce(getattr, f.split("__"), row)) for f in fields), ()):
                place = key.partition("@")[2].partition(":")[0]
                if not place or place == str(row.storefront_id):
                    found[key] = row
    return found


def _parts(thing: str, rest: str) -> tuple[str, ...]:
    """The number of a thing, field by field; what a key says of its storefront or its time is left out."""
    fields = _MODELS[thing][1:]
    if len(fields) > 1:
        return tuple(rest.split(":", len(fields) - 1))
    return (rest.partition(":")[0].partition("@")[0],)


def links_of(rows: Mapping[str, Any]) -> dict[str, str]:
    """The addresses of rows found, by the number that a reader sees."""
    return {key.partition(":")[2].partition("@")[0]: told.page_of(row) for key, row in rows.items()}


def _fits(model: Any, path: str, number: str) -> bool:
    """Whether a number can be asked for at all: free text must not fail a column of numbers."""
    *steps, field = path.split("__")
    for step in steps:
        model = model._meta.get_field(step).related_model
    column = model._meta.pk if field == "pk" else model._meta.get_field(field)
    if column.get_internal_type() in ("BigAutoField", "BigIntegerField", "ForeignKey"):
        return is_number(number)
    try:
        column.to_python(number)
    except ValidationError:
        return False
    return True

"""What lies where: warehouses to describe, stock to receive and to stop, reservations to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin

from inventory import queries, services
from inventory.models import Lot, Stock
from inventory.models.places import BONDED
from kernel import events
from kernel.clock import now, shanghai_day
from kernel.tenancy import tenant
from operators import stock_story, told
from operators.base import register
from operators.bilingual import say
from operators.carrier_accounts import checked_county
from operators.columns import name_of
from operators.filters import FewFilter, states
from operators.freight import SameStorefront
from operators.lists import Listed
from operators.scope import PACKERS
from operators.steps import Preview, Step, Stepped
from operators.stock_forms import CountForm, ReasonForm, ReceiveForm

_TERMS = (
    "name",
    "name_zh",
    "customs_district",
    "position",
    "area_code",
    "ems_no",
    "freight",
    "time_zone",
    "weekdays",
    "cut_off",
    "handling_days",
    "parcel_limit_g",
    "packing_g",
    "tolerance_g",
    "tolerance_percent",
    "sender",
    "hotline",
    "origin",
    "origin_place",
    "active",
)


class WarehouseForm(SameStorefront):
    """Where parcels leave from is a county of China, and a bonded warehouse serves with its book only."""

    def clean_origin(self) -> str:
        return checked_county(self.cleaned_data["origin"])

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        mode = values.get("trade_mode", self.instance.trade_mode)
        for name in ("area_code", "ems_no") if mode in BONDED and values.get("active") else ():
            if not values.get(name):
                self.add_error(name, say("保税仓启用前须填写。", "Needed before the warehouse serves."))
        return values


@register("inventory.Warehouse")
class WarehouseAdmin(Listed):
    """Where goods leave from; its trade mode is settled when it is added."""

    form = WarehouseForm
    editable = _TERMS
    addable = ("storefront", "code", "trade_mode", *_TERMS)
    list_display = ("code", "called", "trade_mode", "customs_district", "freight", "active", "storefront")
    list_select_related = ("freight", "storefront")
    list_filter = (states("trade_mode"), "active")
    search_fields = ("code__startswith", "name", "name_zh")
    ordering = ("storefront", "position", "code")

    @admin.display(description=say("名称", "name"), ordering="name")
    def called(self, row: Any) -> str:
        return name_of(row)


class StockForm(forms.ModelForm):  # type: ignore[type-arg]
    """Pieces and place must belong to the same storefront."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        place, variant = values.get("warehouse"), values.get("variant")
        if place and variant and place.storefront_id != variant.storefront_id:
            raise forms.ValidationError(
                say("仓库与规格不属于同一店铺。", "The warehouse and the item are of different storefronts.")
            )
        return values


def _receive(row: Stock, values: Mapping[str, Any], who: str, at: datetime) -> Preview | None:
    lacks = services.missing(Lot(stock=row, inbound_list=values["inbound_list"]))
    if lacks and not values["held"]:
        return _without_papers(row, lacks)
    services.receive(
        warehouse=row.warehouse,
        variant=row.variant,
        quantity=values["pieces"],
        code=values["code"],
        produced_on=values["produced_on"],
        expires_on=values["expires_on"],
        inbound_list=values["inbound_list"],
        reason=values["reason"],
        by=who,
        now=at,
    )
    events.record(
        storefront_id=row.storefront_id,
        name="stock.received",
        key=f"stock:{row.pk}",
        facts={"by": who, "pieces": values["pieces"], "lot": values["code"]},
        now=at,
    )
    return None


def _without_papers(row: Stock, lacks: list[str]) -> Preview:
    """What is missing, and that the goods are held as long as it is."""
    return Preview(
        tables=[
            {
                "title": say("缺少单证：入库后隔离，不可售", "Papers are missing: it will be held, not sold"),
                "headers": [say("缺少", "missing"), say("补录方式", "where it is entered")],
                "rows": [[told.fact_name(one), _ENTERED[one]] for one in lacks],
            }
        ],
        seen={"held": "on"},
        button=say("先入库隔离", "Take it in and hold it"),
    )


_ENTERED = {
    "inbound_list": say(
        "在上方填写；或入库后在批次页面“更正批次信息”补录",
        "in the form above, or later on the page of the lot",
    ),
    "book_item": say("“商品备案”页面，登记后自动恢复可售", "on the page of filings; it is for sale at once"),
}


def _count(row: Stock, values: Mapping[str, Any], who: str, at: datetime) -> None:
    stock = services.set_on_hand(
        warehouse=row.warehouse,
        variant=row.variant,
        on_hand=values["pieces"],
        seen=values["seen"],
        reason=values["reason"],
        by=who,
        now=at,
    )
    events.record(
        storefront_id=row.storefront_id,
        name="stock.counted",
        key=f"stock:{row.pk}",
        facts={"by": who, "on_hand": stock.on_hand, "seen": values["seen"]},
        now=at,
    )


def _stop(row: Stock, values: Mapping[str, Any], who: str, at: datetime) -> None:
    services.stop_sale(variant=row.variant, reason=values["reason"], by=who, now=at)


@register("inventory.Stock")
class StockAdmin(Stepped, Listed):
    """One SKU in one warehouse with its lots and what moved; no balance is typed, each step is a movement."""

    form = StockForm
    writers = PACKERS
    addable = ("warehouse", "variant")
    autocomplete_fields = ("warehouse", "variant")
    list_display = (
        "variant",
        "warehouse",
        "on_hand",
        "reserved",
        "quarantined",
        "sellable",
        "stopped",
        "floor_on",
        "storefront",
    )
    list_select_related = ("variant", "warehouse", "storefront")
    list_filter = (FewFilter, "stopped")
    search_fields = ("variant__sku__startswith", "warehouse__code__startswith")
    ordering = ("-id",)
    change_form_outer_after_template = "operators/stock_story.html"
    steps = (
        Step(
            name="receive",
            title=say("收货", "Receive"),
            icon="add_box",
            form=ReceiveForm,
            do=_receive,
            roles=PACKERS,
            hint=say(
                "同一批次号须与已登记的日期、核注清单一致；保税仓缺少核注清单或商品备案的，先入库隔离，补录后可售。",
                "A lot that is known must come with the same days and inbound list. In a bonded warehouse"
                " what has no inbound list or no filing is taken in and held until these are entered.",
            ),
        ),
        Step(
            name="count",
            title=say("登记盘点数", "Enter a count"),
            icon="exposure",
            form=CountForm,
            do=_count,
            roles=PACKERS,
            start=lambda row: {"seen": row.on_hand},
            hint=say(
                "适用于不分批次的商品；差异记入库存流水。盘点期间库存有变动的，须重新盘点。",
                "For goods without lots; what differs goes into the ledger. Count again if the stock moved.",
            ),
        ),
        Step(
            name="stop",
            title=say("整个 SKU 停售", "Stop the SKU"),
            icon="block",
            form=ReasonForm,
            do=_stop,
            roles=PACKERS,
            legal=lambda row: not row.stopped,
            hint=say(
                "立即生效，含所有仓库；已占用的订单保留，但不能拣货。",
                "At once and in every warehouse; what is reserved stays and is not picked.",
            ),
        ),
    )

    def get_queryset(self, request: Any) -> Any:
        may = queries.may_be_promised(shanghai_day(now()))
        return super().get_queryset(request).annotate(may_be_promised=may)

    @admin.display(description=say("可售", "available"))
    def sellable(self, row: Any) -> int:
        return max(0, int(row.may_be_promised))

    def changeform_view(
        self, request: Any, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        context = {"story": stock_story.tell(row) if row else [], **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.storefront_id = obj.warehouse.storefront_id
        storefront_id = self.checked_storefront(request, obj)
        with tenant(storefront_id):
            obj.pk = services.keep_stock(warehouse=obj.warehouse, variant=obj.variant).pk
            self.record(request, obj, storefront_id, "added")


@register("inventory.Reservation")
class ReservationAdmin(Listed):
    """For whom pieces are held."""

    list_display = ("holder", "stock", "quantity", "shipped", "state", "at", "released_at", "storefront")
    list_select_related = ("stock__variant", "stock__warehouse", "storefront")
    list_filter = (states("state"), "at")
    search_fields = ("holder__exact", "stock__variant__sku__startswith")
    ordering = ("-id",)

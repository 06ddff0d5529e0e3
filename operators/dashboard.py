"""The first page of the admin: what today brought and what waits, counted in one's own storefronts alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime

from compliance.models import Consent, Judgement
from compliance.models.incident import Incident
from customers.models import Export
from inventory.models import Stock
from kernel.clock import now, shanghai_day
from kernel.models import Case, Delivery
from logistics.models import Shipment
from operators.bilingual import say
from operators.filters import FEW, FewFilter, LateFilter, UnmadeFilter
from operators.incidents import OpenFilter, overdue
from operators.navigation import groups
from operators.refunds import AttendFilter
from operators.rule_book import may_read, stale_figures
from operators.shipping import LateFilter as LateShipments
from orders.models import Order
from payments.models import Refund

# Registered, and reached from the rows that point at them; of no use as lists of their own.
PLUMBING = frozenset(
    {
        "auth.Group",
        "axes.AccessAttempt",
        "axes.AccessAttemptExpiration",
        "axes.AccessFailureLog",
        "catalog.CatalogVersion",
        "customers.Session",
        "oauth2_provider.DeviceGrant",
        "oauth2_provider.Grant",
        "oauth2_provider.IDToken",
        "oauth2_provider.RefreshToken",
        "orders.CouponClaim",
        "payments.ComplaintAct",
    }
)

Card = dict[str, Any]


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the index shows besides unfold's own; named in the settings."""
    apps = []
    for app in context["app_list"]:
        kept = [model for model in app["models"] if model["model"]._meta.label not in PLUMBING]
        if kept:
            apps.append({**app, "models": kept})
    at = now()
    context.update(
        cards=cards(request, at), officer=officers_cards(request, at), groups=groups(request), app_list=apps
    )
    return context


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    """The figures, each with the list it counts; six statements at most, whatever there is to count."""
    found: list[Card] = []
    orders = _mine(request, Order)
    if orders is not None:
        today = _midnight(at)
        counted = orders.filter(
            Q(state="placed") | Q(placed_at__gte=today) | Q(paid_at__gte=today)
        ).aggregate(
            placed=Count("pk", filter=Q(placed_at__gte=today)),
            to_pay=Count("pk", filter=Q(state="placed")),
            paid=Count("pk", filter=Q(paid_at__gte=today)),
        )
        found += [
            _card(say("今日下单", "Orders today"), counted["placed"], Order, placed_at__gte=str(today)),
            _card(say("待付款", "To pay"), counted["to_pay"], Order, state="placed"),
            _card(say("今日已付款", "Paid today"), counted["paid"], Order, paid_at__gte=str(today)),
        ]
    cases = _mine(request, Case)
    if cases is not None:
        counted = cases.filter(state=Case.State.OPEN).aggregate(
            all=Count("pk"), bills=Count("pk", filter=Q(kind__startswith="bill."))
        )
        waiting, billed = counted["all"], counted["bills"]
        found.append(_card(say("待办事项", "Open cases"), waiting, Case, wrong=waiting, state="open"))
        title = say("未了结的对账差异", "Open cases of bills")
        found.append(_card(title, billed, Case, wrong=billed, state="open", q="bill."))
    refunds = _mine(request, Refund)
    if refunds is not None:
        attend = refunds.filter(AttendFilter.question()).count()
        title = say("须关注的退款", "Refunds to attend to")
        found.append(_card(title, attend, Refund, wrong=attend, **{AttendFilter.parameter_name: "1"}))
    deliveries = _mine(request, Delivery)
    if deliveries is not None:
        late = deliveries.filter(LateFilter.question()).count()
        title = say("逾一分钟未投递的事件", "Events not delivered after a minute")
        found.append(_card(title, late, Delivery, wrong=late, **{LateFilter.parameter_name: "1"}))
    shipments = _mine(request, Shipment)
    if shipments is not None:
        late = shipments.filter(LateShipments.question()).count()
        title = say("逾承诺日未出库的订单", "Orders not left by their day")
        found.append(_card(title, late, Shipment, wrong=late, **{LateShipments.parameter_name: "1"}))
    stock = _mine(request, Stock)
    if stock is not None:
        few = stock.filter(FewFilter.question()).aggregate(skus=Count("variant", distinct=True))["skus"]
        title = say(f"可售不多于 {FEW} 件的 SKU", f"SKUs with {FEW} pieces or fewer")
        found.append(_card(title, few, Stock, wrong=few, **{FewFilter.parameter_name: "1"}))
    return found


def officers_cards(request: HttpRequest, at: datetime) -> list[Card]:
    """What waits for the compliance officer, four statements at most: clocks of incidents, refused attempts,
    consents withdrawn, copies asked for, figures grown old."""
    found: list[Card] = []
    incidents = _mine(request, Incident)
    if incidents is not None:
        running = incidents.filter(OpenFilter.question())
        counted = running.aggregate(open=Count("pk"), late=Count("pk", filter=overdue(at)))
        title = say("未结束的安全事件", "Open incidents")
        if counted["late"]:
            late = counted["late"]
            title = say(f"未结束的安全事件（{late} 件逾期）", f"Open incidents ({late} overdue)")
        card = _card(
            title, counted["open"], Incident, wrong=counted["late"], **{OpenFilter.parameter_name: "1"}
        )
        found.append(card)
    judgements = _mine(request, Judgement)
    if judgements is not None:
        today = _midnight(at)
        refused = judgements.filter(allowed=False, decided_at__gte=today).count()
        title = say("今日被拒绝的交易", "Refused attempts today")
        found.append(_card(title, refused, Judgement, allowed__exact="0", decided_at__gte=str(today)))
    consents = _mine(request, Consent)
    if consents is not None:
        today = _midnight(at)
        withdrawn = consents.filter(withdrawn_at__gte=today).count()
        title = say("今日撤回的同意", "Consents withdrawn today")
        found.append(_card(title, withdrawn, Consent, withdrawn_at__gte=str(today)))
    exports = _mine(request, Export)
    if exports is not None:
        unmade = exports.filter(UnmadeFilter.question()).count()
        title = say("待生成的个人信息副本", "Copies of personal data to be made")
        found.append(_card(title, unmade, Export, wrong=0, **{UnmadeFilter.parameter_name: "1"}))
    if may_read(request):
        old = stale_figures(shanghai_day(at))
        title = say("逾一年未核对的法规数值", "Figures of law not checked for a year")
        found.append({"title": title, "count": old, "url": reverse("rule_book"), "wrong": bool(old)})
    return found


def _midnight(at: datetime) -> datetime:
    return localtime(at).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _mine(request: HttpRequest, model: type[Model]) -> QuerySet[Any] | None:
    """The operator's own rows; None when the page is not theirs to open."""
    page: Any = admin.site._registry[model]
    if not page.has_view_permission(request):
        return None
    rows: QuerySet[Any] = page.narrow(request, model._default_manager.all())
    return rows


def _card(title: Any, count: int, model: type[Model], *, wrong: int = 0, **asked: str) -> Card:
    meta = model._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return {"title": title, "count": count, "url": f"{url}?{urlencode(asked)}", "wrong": bool(wrong)}

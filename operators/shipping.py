"""Shipments, parcels and what carriers tell of them, to read; each verb is a service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat
from django.db.models.lookups import Exact
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action

from kernel.clock import now, shanghai_day
from kernel.errors import Problem
from kernel.models import Event
from logistics.models import Parcel, Shipment
from logistics.services import accounts, labels, leaving, packing, shipments, tracking, weighing
from logistics.services.shipments import SEVERAL, TO_LEAVE
from logistics.services.tracking import AFTER_RELEASE_ONLY, OF_RELEASE, find_out_parcel
from operators import parcel_story, stock_story
from operators.base import register
from operators.bilingual import say
from operators.filters import Switch, is_number, states
from operators.lists import Listed
from operators.packing_steps import LET_ONE_LEAVE, SHIPMENT_STEPS
from operators.return_steps import REFUND_LOST, REFUND_LOST_PARCEL
from operators.scope import LABELLERS, PACKERS, scope_of
from operators.steps import Step, Stepped
from operators.stock_forms import WeightForm
from orders.models import Order

Values = Mapping[str, Any]


def _weigh(row: Parcel, values: Values, who: str, at: datetime) -> None:
    weighing.weigh(parcel=row, weight_g=values["weight_g"], second_look=values["second_look"], by=who, now=at)


class LateFilter(Switch):
    """What has not left by the day that was promised."""

    title = say("承诺发货日", "promised day")
    parameter_name = "late"
    yes = say("逾期未出库", "over, and not left")

    @classmethod
    def question(cls) -> Q:
        return Q(state__in=TO_LEAVE, ship_by__lt=shanghai_day(now()))


class ToShipFilter(Switch):
    """What has still to leave, all or a part of it."""

    title = say("发货", "shipping")
    parameter_name = "to_ship"
    yes = say("待发货", "to ship")

    @classmethod
    def question(cls) -> Q:
        return Q(state__in=TO_LEAVE)


class ReadyFilter(Switch):
    """What may leave now: labelled, and where it lies in a bonded zone released, and not held back since."""

    title = say("出库", "leaving")
    parameter_name = "ready"
    yes = say("可出库", "may leave")

    @classmethod
    def question(cls) -> Q:
        bonded = Q(order__trade_mode__in=AFTER_RELEASE_ONLY)
        told = Event.objects.filter(key=Concat(Value("order:"), OuterRef("number")), name__in=OF_RELEASE)
        last = Coalesce(Subquery(told.order_by("-seq").values("name")[:1]), Value(""))
        untold = Q(Exact(last, "")) & Q(order__gate=Order.Gate.AFTER_RELEASE)
        return Q(state__in=("labelled", "leaving")) & (~bonded | Q(Exact(last, OF_RELEASE[0])) | untold)


class FindingOut(Stepped, Listed):
    """What carriers tell by telephone and no tracker does."""

    @admin.action(description=say("承运方确认遗失", "The carrier says it is lost"), permissions=["write"])
    def lose(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "lose")

    @admin.action(description=say("承运方确认破损", "The carrier says it is damaged"), permissions=["write"])
    def damage(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "damage")

    @admin.action(description=say("已退回仓库", "It came back"), permissions=["write"])
    def bring_back(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "return")

    @admin.action(description=say("恢复运输", "It is on its way again"), permissions=["write"])
    def find_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "move")

    def _find_out(self, request: HttpRequest, rows: QuerySet[Any], verb: str) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: self.find_out(row, verb, by))

    def find_out(self, row: Any, verb: str, by: str) -> None:
        raise NotImplementedError


@register("logistics.Shipment")
class ShipmentAdmin(FindingOut):
    """What is to be picked and packed, what may leave, what is on its way, and what came to grief."""

    writers = PACKERS
    hidden = ("number", "late_at")
    list_display = (
        "order",
        "state",
        "ship_by",
        "released",
        "warehouse",
        "dispatched_at",
        "delivered_at",
        "storefront",
    )
    list_select_related = ("order", "warehouse", "storefront")
    list_filter = (
        ToShipFilter,
        LateFilter,
        ReadyFilter,
        states("state"),
        "ship_by",
        "opened_at",
        "handed_over_at",
        "receipt_at",
        states("receipt_by"),
    )
    search_fields = ("number__startswith", "parcels__waybill__exact")
    ordering = ("-id",)
    change_form_outer_after_template = "operators/stock_story.html"
    actions = ("start_packing", "dispatch_all", "lose", "damage", "bring_back", "find_again")
    steps = (*SHIPMENT_STEPS, REFUND_LOST)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = list(self._told(shown.result_list))
        return shown

    def _lines(self, rows: Any, columns: list[Any]) -> Iterator[str]:
        return super()._lines(self._told(rows), columns)

    def _told(self, rows: Iterable[Shipment]) -> Iterator[Shipment]:
        """The rows, each with whether its goods are released: asked once for many."""
        left = iter(rows)
        while some := list(islice(left, 500)):
            numbers = tracking.released([row.order for row in some])
            for row in some:
                row.was_released = row.number in numbers  # type: ignore[attr-defined]
                yield row

    @admin.display(description=say("放行", "released"))
    def released(self, row: Any) -> Any:
        if row.order.trade_mode in SEVERAL:
            return "-"
        if not hasattr(row, "was_released"):  # on its own page
            (row,) = self._told([row])
        return say("已放行", "released") if row.was_released else say("未放行", "not released")

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        story = [parcel_story.parcels(row), *stock_story.picks(row)] if row else []
        context = {"story": story, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.action(description=say("拣货（先到期先出）", "Pick, first expired first"), permissions=["write"])
    def start_packing(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        verb = packing.start_packing
        self.act(request, rows, lambda row: verb(shipment=row, by=by, now=now()), outside=True)

    @admin.action(description=say("出库", "Let them leave"), permissions=["write"])
    def dispatch_all(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        verb = leaving.dispatch
        self.act(request, rows, lambda row: verb(shipment=row, by=by, now=now()), outside=True)

    def find_out(self, row: Any, verb: str, by: str) -> None:
        shipments.find_out(shipment=row, verb=verb, by=by, now=now())


@register("logistics.Parcel")
class ParcelAdmin(FindingOut):
    """Parcels under their waybill numbers; a number is taken back or asked for again here."""

    writers = PACKERS
    list_display = (
        "waybill",
        "shipment",
        "carrier",
        "state",
        "trouble",
        "latest",
        "latest_at",
        "left_at",
        "weighed_g",
        "storefront",
    )
    list_select_related = ("shipment", "storefront")
    list_filter = (
        states("state"),
        states("latest"),
        "carrier",
        ("trouble", admin.EmptyFieldListFilter),
        "asked_at",
        "latest_at",
    )
    search_fields = ("waybill__exact", "own_number__startswith", "shipment__number__startswith")
    ordering = ("-id",)
    actions = ("withdraw", "try_again", "lose", "damage", "bring_back", "find_again")
    steps = (
        LET_ONE_LEAVE,
        Step(
            name="weigh",
            title=say("称重", "Weigh"),
            icon="scale",
            form=WeightForm,
            do=_weigh,
            roles=PACKERS,
            legal=lambda row: (
                row.state in ("asked", "issued", "refused")
                and row.left_at is None
                and row.shipment.state in weighing.WEIGHED_IN
            ),
            outside=True,
        ),
        REFUND_LOST_PARCEL,
    )
    actions_detail = ("show_label",)
    change_form_outer_after_template = "operators/stock_story.html"

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        context = {"story": parcel_story.tell(row) if row else [], **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def has_label_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """For the button; the very parcel is asked about below."""
        return scope_of(request).may_anywhere(LABELLERS)

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=say("打印面单", "Print the label"),
        url_path="label",
        permissions=["label"],
        icon="print",
    )
    def show_label(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The label as a PDF, for who packs in its storefront and gave a code; the look is on record."""
        row = self.get_queryset(request).filter(pk=object_id).first() if is_number(object_id) else None
        if row is None or not scope_of(request).may(row.storefront_id, LABELLERS):
            raise Http404
        try:
            content = labels.label_of(parcel=row, by=request.user.get_username(), now=now())
        except Problem as problem:
            self.tell(request, problem)
            return HttpResponseRedirect(reverse("admin:logistics_parcel_change", args=[row.pk]))
        answer = HttpResponse(content, content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="{row.waybill}.pdf"'
        answer["Cache-Control"] = "no-store"
        return answer

    @admin.action(description=say("取消运单", "Take the waybill back"), permissions=["write"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: shipments.withdraw(parcel=row, by=by, now=now()))

    @admin.action(description=say("重新申请运单号", "Ask for a waybill again"), permissions=["write"])
    def try_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: shipments.try_again(parcel=row, by=by, now=now()))

    def find_out(self, row: Any, verb: str, by: str) -> None:
        find_out_parcel(parcel=row, verb=verb, by=by, now=now())


@register("logistics.ParcelLine")
class ParcelLineAdmin(Listed):
    """What is in which parcel."""

    list_display = ("parcel", "line", "lot", "quantity", "storefront")
    list_select_related = (
        "parcel",
        "line",
        "lot__stock__variant",
        "lot__stock__warehouse",
        "storefront",
    )
    search_fields = ("parcel__waybill__exact", "line__sku__exact", "lot__code__exact")
    ordering = ("-id",)


@register("logistics.TrackingEvent")
class TrackingEventAdmin(Listed):
    """What was told of parcels, each thing once."""

    hidden = ("digest",)
    list_display = ("parcel", "at", "code", "text", "provider", "raw_code", "storefront")
    list_select_related = ("parcel", "storefront")
    list_filter = (states("code"), states("provider"), "at")
    search_fields = ("parcel__waybill__exact", "parcel__shipment__number__exact")
    ordering = ("-id",)


@register("logistics.CarrierAccount")
class CarrierAccountAdmin(Listed):
    """Accounts at carriers and trackers; their secrets are set on the storefront's page and never shown."""

    list_display = ("provider", "customer_code", "sender", "active", "set_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("provider"), "active")
    search_fields = ("customer_code__startswith",)
    ordering = ("-id",)
    actions = ("stop",)

    @admin.action(description=say("停用该账户", "Use it no more"), permissions=["write"])
    def stop(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: accounts.stop_account(account=row, by=by, now=now()))

"""Parcels that nobody expected: said plainly what they are, kept apart in one step, decided on their page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel.clock import now, shanghai_day
from kernel.errors import Problem
from kernel.models import Event
from kernel.tenancy import tenant
from logistics.models import Parcel
from operators import once, told
from operators.base import Scoped, register
from operators.bilingual import chinese, say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.lists import Listed
from operators.names import state_name
from operators.return_steps import RECEIVERS, WayForm
from operators.return_story import lot_name, named_grade
from operators.scope import CARERS, REFUNDERS, scope_of
from operators.steps import Step, Stepped
from operators.tables import history
from orders.models import Order, OrderLine
from returns.models import ReturnRequest, StrayParcel
from returns.services import strays
from returns.services.arrive import Found, left_of_lots, not_graded
from returns.services.strays import GRADES, REFUNDED, UNDECIDED
from returns.states import OVER
from storefronts.models import Storefront

Values = Mapping[str, Any]
_SAYS = {
    "requested": say("尚未审核", "not decided yet"),
    "appealed": say("申诉待复核", "its appeal is not decided yet"),
    "refused": say("已被拒绝", "it was refused"),
    "withdrawn": say("消费者已撤回", "the consumer took it back"),
    "ended": say("已终结，未退款", "it is over, and nothing was refunded"),
    "refunding": say("已退款（在途），未登记收货", "it was refunded, and nothing was received"),
    "settled": say("已退款完成", "it was refunded and settled"),
}
_RECEIVED = say("已退款，且已登记收货", "it was refunded, and its goods were received")
_ELSEWHERE = say("已终结，商品已另行退款", "it is over, and its goods were refunded otherwise")
_WAIT = say(
    "此退货{}。勿开封、勿入库：填写件数登记到件，放入待处理区；客服审核同意后再次扫描收货。",
    "This return: {}. Neither open it nor take it in: register that it is here and set it aside; once it is"
    " approved, scan it again.",
)
_THEIRS = say(
    "此退货{}。商品仍属消费者：按件数、分级与批次登记，隔离存放；由负责人决定寄回或补办退款，款项不会自动支付。",
    "This return: {}. The goods are the consumer's: enter pieces, grade and lot, and set them aside. A"
    " colleague decides to send them back or to refund after all; no money moves by itself.",
)
_OURS = say(
    "此退货{}。按件数、分级与批次登记，隔离存放；由负责人核对后转为店铺库存，款项不会再次支付。",
    "This return: {}. Enter pieces, grade and lot, and set them aside. A colleague makes them ours; nothing"
    " is paid again.",
)
_NO_RETURN = say(
    "此订单没有退货申请。按件数、分级与批次登记，隔离存放；由负责人决定寄回或补办退款，款项不会自动支付。",
    "Of this order no return was asked for. Enter pieces, grade and lot, and set them aside. A colleague"
    " decides to send them back or to refund them; no money moves by itself.",
)


def find(orders: QuerySet[Order], asked: str) -> Order | None:
    """An order by its number, or by the waybill under which it left, where that is one alone."""
    there = Parcel.objects.filter(waybill=asked).values("shipment__order_id")
    found = list(orders.filter(Q(number=asked) | Q(pk__in=there))[:2])
    return found[0] if len(found) == 1 else None


def shown(
    request: HttpRequest, asked: str, row: ReturnRequest | None, order: Order | None
) -> dict[str, Any] | None:
    """What a worker is told and asked of a parcel that is not expected; None of one that is."""
    of = row.order if row is not None else order
    if row is not None and (row.state not in _SAYS or not_graded(row)):
        return None
    opened = row is None or row.state not in UNDECIDED
    typed = request.POST if request.POST.get("act") == "stray" else {}
    return {
        "number": row.number if row is not None else "",
        "order": of.number if of is not None else "",
        "says": _told(row) if row is not None else (_NO_RETURN if of is not None else ""),
        "lines": _lines(of, typed) if of is not None and opened else [],
        "contents": typed.get("contents", ""),
        "pieces": typed.get("pieces", ""),
        "shops": [] if of is not None else _shops(request),
        "before": [
            {"number": one.number, "page": told.page_of(one), "state": _state(one)}
            for one in StrayParcel.objects.filter(order=of).order_by("-pk")[:5]
        ]
        if of is not None
        else [],
        "living": [
            {"number": one.number, "state": state_name(one.state, one.state, one._meta.label)}
            for one in ReturnRequest.objects.filter(order=of).exclude(state__in=OVER).order_by("pk")
            if row is None or one.pk != row.pk
        ]
        if of is not None
        else [],
    }


def _told(row: ReturnRequest) -> str:
    ours = bool(strays.not_back(row.order))
    text = _WAIT if row.state in UNDECIDED else _OURS if ours else _THEIRS
    says = _SAYS[row.state]
    if row.state in REFUNDED and row.received_at is not None:
        says = _RECEIVED
    elif row.state == "ended" and ours:
        says = _ELSEWHERE
    return str(text).format(says)


def _state(row: StrayParcel) -> str:
    return state_name(row.state, row.state, row._meta.label)


def _shops(request: HttpRequest) -> list[tuple[int, str]]:
    scope = scope_of(request)
    rows = Storefront.objects.order_by("code")
    mine = rows if scope.everything else rows.filter(pk__in=scope.storefronts(RECEIVERS))
    return [(one.pk, str(one)) for one in mine]


def _lines(order: Order, typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row for each lot of each line of which pieces can still come."""
    left, lots = left_of_lots(order), strays.lots_of(order)
    return [
        {
            "sku": line.sku,
            "name": line.name_zh if chinese() else line.name,
            "rows": [
                {
                    "name": f"{line.position}-{lot.pk}",
                    "lot": lot_name(lot),
                    "left": left[lot.pk],
                    "pieces": typed.get(f"s-{line.position}-{lot.pk}", "0"),
                    "grade": typed.get(f"sg-{line.position}-{lot.pk}", ""),
                }
                for lot in lots.get(line.variant_id, {}).values()
                if left[lot.pk] > 0
            ],
            "grades": [(value, named_grade(value)) for value in GRADES],
        }
        for line in OrderLine.objects.filter(order=order).order_by("position")
    ]


def taken(request: HttpRequest, asked: str, row: ReturnRequest | None, order: Order | None) -> bool:
    """Whether the parcel is kept apart now, or was by the same form before; a refusal is told."""
    of = row.order if row is not None else order
    shop = of.storefront_id if of is not None else _shop(request)
    if shop is None:
        return False
    at, made = now(), []

    def take_in() -> str:
        made.append(
            strays.take_in(
                storefront_id=shop,
                order=of,
                request=row,
                found=_found(of, request.POST) if of is not None else (),
                waybill=asked,
                contents=request.POST.get("contents", ""),
                pieces=_whole(request.POST.get("pieces", "")),
                came_on=shanghai_day(at),
                by=request.user.get_username(),
                now=at,
            )
        )
        return told.page_of(made[0])

    try:
        with transaction.atomic(), tenant(shop):
            once.once(request, take_in)
    except Problem as problem:
        messages.error(request, once.words(problem))
        return False
    for one in made:
        text = say(
            "已登记 {}：请将编号写在包裹上，放入待处理区。",
            "Registered as {}: write this number on the parcel, and set it aside.",
        )
        messages.success(request, str(text).format(one.number))
    return True


def _shop(request: HttpRequest) -> int | None:
    shops = [key for key, _ in _shops(request)]
    chosen = _whole(request.POST.get("shop", ""))
    return chosen if chosen in shops else shops[0] if len(shops) == 1 else None


def _found(order: Order, typed: Mapping[str, str]) -> list[Found]:
    found = []
    for line in OrderLine.objects.filter(order=order).order_by("position"):
        for lot in strays.lots_of(order).get(line.variant_id, {}):
            if pieces := _whole(typed.get(f"s-{line.position}-{lot}", "")):
                grade = typed.get(f"sg-{line.position}-{lot}", "")
                found.append(Found(line.position, grade, "quarantine", pieces, lot))
    return found


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


class NoteForm(forms.Form):
    """What became of it."""

    note = forms.CharField(
        label=say("处理结果", "what became of it"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=say("勿写个人信息。", "No personal data."),
    )


def _send_back(row: StrayParcel, values: Values, who: str, at: datetime) -> None:
    strays.send_back(parcel=row, carrier=values["carrier"], waybill=values["waybill"].strip(), by=who, now=at)


def _refund(row: StrayParcel, values: Values, who: str, at: datetime) -> None:
    strays.refund(parcel=row, by=who, now=at)


def _keep(row: StrayParcel, values: Values, who: str, at: datetime) -> None:
    strays.keep(parcel=row, by=who, now=at)


def _close(row: StrayParcel, values: Values, who: str, at: datetime) -> None:
    strays.close(parcel=row, note=values["note"], by=who, now=at)


def _ours(row: StrayParcel) -> bool:
    return row.order is not None and strays.refunded_before(row.order, list(row.found.all()))


def _with_pieces(row: StrayParcel) -> bool:
    return row.state == "kept" and row.found.exists()


@register("returns.StrayParcel")
class StrayParcelAdmin(Stepped, Listed):
    """Unexpected parcels with what is in them, and what can be done about each."""

    writers = CARERS | RECEIVERS
    list_display = ("number", "state", "order", "request", "waybill", "came_on", "by", "storefront")
    list_select_related = ("order", "request", "storefront")
    list_filter = (states("state"), "came_on")
    search_fields = ("number__startswith", "waybill__exact", "order__number__startswith")
    ordering = ("-id",)
    change_form_outer_after_template = "operators/order_story.html"
    steps = (
        Step(
            name="send-back",
            title=say("寄回消费者", "Send back to the consumer"),
            icon="outbound",
            form=WayForm,
            do=_send_back,
            roles=RECEIVERS,
            legal=lambda row: _with_pieces(row) and not _ours(row),
            hint=say(
                "包裹已交承运方后登记：隔离库存随之出库。",
                "Once a carrier has it: the pieces leave the stock.",
            ),
        ),
        Step(
            name="refund",
            title=say("补办退货退款", "Refund after all"),
            icon="currency_exchange",
            form=NothingForm,
            do=_refund,
            roles=REFUNDERS,
            legal=lambda row: _with_pieces(row) and not _ours(row),
            hint=say(
                "按包裹内商品新建退货并全额退款；仍在海关期限内的同时申报退货。商品留在隔离库存，由仓库决定上架或销毁。",
                "A return of what is in the parcel is made and refunded whole; within customs' windows it is"
                " declared too. The goods stay set aside until the warehouse puts them for sale or destroys"
                " them.",
            ),
        ),
        Step(
            name="keep",
            title=say("已退款，转为店铺库存", "Refunded before: ours"),
            icon="inventory_2",
            form=NothingForm,
            do=_keep,
            roles=REFUNDERS | RECEIVERS,
            legal=lambda row: _with_pieces(row) and _ours(row),
            hint=say(
                "款项此前已退，不再支付。按丢失退款的货物在海关期限内运回的，登记到货，税款与额度可恢复。",
                "It was refunded before, and nothing is paid. Of what was refunded as lost and came in time,"
                " customs hears that it is back: tax and allowance may come back.",
            ),
        ),
        Step(
            name="close",
            title=say("注明去向并办结", "Close with a note"),
            icon="task_alt",
            form=NoteForm,
            do=_close,
            roles=CARERS | RECEIVERS,
            legal=lambda row: row.state == "kept" and not row.found.exists(),
        ),
    )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id)
        story = _story(row) if row else []
        return super().change_view(request, object_id, form_url, {"story": story, **(extra_context or {})})


def _story(row: StrayParcel) -> list[dict[str, Any]]:
    pieces = row.found.select_related("line", "lot").order_by("line__position", "pk")
    inside = {
        "title": say("包裹内本订单商品", "Pieces of the order in it"),
        "headers": ["SKU", say("件数", "pieces"), say("分级", "grade"), say("批次", "lot")],
        "rows": [[one.line.sku, one.quantity, named_grade(one.grade), lot_name(one.lot)] for one in pieces],
    }
    events = Event.objects.filter(key=row.event_key, storefront_id=row.storefront_id).order_by("at", "id")
    links = {one.number: told.page_of(one) for one in (row.order, row.request, row.result) if one is not None}
    return [inside, history(events, links)]


@register("returns.StrayPiece")
class StrayPieceAdmin(Scoped):
    """What lay in them, piece by piece."""

    list_display = ("parcel", "line", "lot", "grade", "quantity", "storefront")
    list_select_related = ("parcel", "line__order", "lot__stock__variant", "storefront")
    search_fields = ("parcel__number__startswith", "line__sku__startswith")
    ordering = ("-id",)

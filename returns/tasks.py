"""Celery entry points of returns, and what returns do when an event tells them."""

from __future__ import annotations

from celery import shared_task

from customers.occasions import Occasion
from customers.services import news
from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.models import Refund
from returns.models import ReturnRequest, StrayParcel
from returns.services import at_customs, deadlines, following, not_left, settle, undelivered, watching
from returns.told import NOTHING_LEFT, says

# Event, and the state before it where that matters → what the consumer may have asked to be told, and in
# which words (five characters at most).
OCCASIONS = {
    ("return.to_send", ""): (Occasion.DECIDED.value, "退货已同意"),
    ("return.refused", ""): (Occasion.DECIDED.value, "申请未通过"),
    ("return.ended", "appealed"): (Occasion.DECIDED.value, "申诉未通过"),
    ("return.refunding", "requested"): (Occasion.DECIDED.value, "申请已同意"),
    ("return.refunding", "appealed"): (Occasion.DECIDED.value, "申诉已通过"),
    ("return.received", ""): (Occasion.CAME_BACK.value, "退货已收到"),
    ("return.inspected", ""): (Occasion.CAME_BACK.value, "验货有出入"),
    ("return.settled", ""): (Occasion.REFUNDED.value, "退款已到账"),
    ("return.late", ""): (Occasion.DECIDED.value, "答复延期"),
}
# The same of a parcel that no request expected.
UNEXPECTED = {"stray_parcel.kept": "包裹待核实", "stray_parcel.sent_back": "包裹已寄回"}


@shared_task
def sweep() -> None:
    """Move on the returns whose time has come."""
    deadlines.sweep(now=now())


@shared_task
def follow() -> None:
    """Ask where goods on their way back are."""
    following.sweep(now=now())


@shared_task
def watch_lots() -> None:
    """Look whether more comes back of a lot than of its like."""
    watching.watch_lots(now=now())


def money_asked(event: Event) -> None:
    """refund.requested: where it stands for one that was closed or taken back, its return follows it."""
    settle.follow(refund=_refund(event), instead_of=event.facts.get("instead_of", []), now=now())


def money_arrived(event: Event) -> None:
    """refund.succeeded, refund.transferred: a return whose money has arrived is settled, and the ledger owes
    the tax of what customs does not give up, also where it was refunded by hand."""
    refund = _refund(event)
    if refund.arrived_at is not None:
        settle.finish(refund=refund, now=now())
    at_customs.refunded(refund=refund, now=now())


def pieces_named(event: Event) -> None:
    """refund.named, refund.unnamed: an accountant said of which pieces a refund was; their tax follows."""
    at_customs.refunded(refund=_refund(event), now=now())


def order_cancelled(event: Event) -> None:
    """order.cancelled: all of it goes back by that; what was asked of it and not sent is over."""
    undelivered.give_way(order_number=event.key.removeprefix("order:"), now=now())


def released(event: Event) -> None:
    """customs.released: what was given up meanwhile and never left, or was sent back before anybody knew of
    the release, is a return there."""
    number = event.key.removeprefix("order:")
    not_left.released(order_number=number, now=now())
    at_customs.released(order_number=number, now=now())


def return_declared(event: Event) -> None:
    """customs.return_declared: what a colleague declared is the return of a request that customs knew not."""
    number = event.key.removeprefix("order:")
    at_customs.declared(number=event.facts["return"], order_number=number, now=now())


def return_moved(event: Event) -> None:
    """What was told of a return: its pieces came or never do, or customs refused or granted it."""
    number = event.key.removeprefix("order:")
    at_customs.moved(number=event.facts["return"], order_number=number, now=now())


def parcel_came_back(event: Event) -> None:
    """shipment.returned: a refused or undeliverable parcel is back, and its order is refunded."""
    number = event.key.removeprefix("order:")
    undelivered.came_back(order=Order.objects.get(number=number), at=event.at, now=now())


def parcel_delivered(event: Event) -> None:
    """shipment.delivered: what was refunded as lost has come after all."""
    undelivered.delivered(order=Order.objects.get(number=event.key.removeprefix("order:")), now=now())


def tell_consumer(event: Event) -> None:
    """What a return's consumer may have asked to be told: see `OCCASIONS`."""
    told = OCCASIONS.get((event.name, "")) or OCCASIONS.get((event.name, event.facts.get("from", "")))
    if told is None or event.facts.get("keeps") is False:  # all was found as it should be
        return
    rows = ReturnRequest.objects.select_related("order", "refund")
    row = rows.get(number=event.key.removeprefix("return:"))
    if row.order.customer_id is None:
        return
    occasion, words = told
    if says(row, event.at) is NOTHING_LEFT:
        words = "无需退款"
    fact = news.Fact(
        order_number=row.order.number,
        occasion=occasion,
        at=event.at,
        recorded_at=event.at,
        about=row.number,
        says=words,
    )
    news.tell(customer_id=row.order.customer_id, fact=fact, now=now())


def tell_of_parcel(event: Event) -> None:
    """stray_parcel.kept, stray_parcel.sent_back: whose parcel it is may have asked to be told."""
    rows = StrayParcel.objects.select_related("order", "request")
    row = rows.get(number=event.key.removeprefix("stray:"))
    if row.order is None or row.order.customer_id is None or event.facts.get("graded"):
        return
    fact = news.Fact(
        order_number=row.order.number,
        occasion=Occasion.CAME_BACK.value,
        at=event.at,
        recorded_at=event.at,
        about=row.request.number if row.request else row.number,
        says=UNEXPECTED[event.name],
        page=row.request is not None,
    )
    news.tell(customer_id=row.order.customer_id, fact=fact, now=now())


def _refund(event: Event) -> Refund:
    return Refund.objects.get(out_refund_no=event.key.removeprefix("refund:"))

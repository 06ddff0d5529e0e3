"""Which days an event moves, and the beat that counts them."""

from __future__ import annotations

from datetime import date, datetime

from celery import shared_task
from django.db.models import F

from customs.models import Declaration
from kernel.clock import now, shanghai_day
from kernel.models import Event
from orders.models import Order
from payments.models import Refund
from reporting.services import count_marked, mark, mark_quoted
from returns.models import ReturnRequest
from settlement.models import Entry, ForexReceipt, SettlementItem


def order_moved(event: Event) -> None:
    """order.placed, order.paid, order.cancelled, order.expired: its own days, and that of its quote."""
    order = Order.objects.filter(number=event.key.removeprefix("order:"))
    _mark(event, order.values_list("placed_at", "paid_at", "closed_at", "quote__made_at").get())


def refund_succeeded(event: Event) -> None:
    """refund.succeeded: the day on which the money went back."""
    refund = Refund.objects.filter(out_refund_no=event.key.removeprefix("refund:"))
    _mark(event, refund.values_list("succeeded_at").get())


def released(event: Event) -> None:
    """customs.released: its day; and those of earlier releases, which customs took back (held back since)."""
    told = Event.objects.filter(key=event.key, name=event.name).values_list("facts__at", flat=True)
    declared = Declaration.objects.filter(number=event.facts["order"])
    _mark(event, [*map(datetime.fromisoformat, told), *declared.values_list("released_at", flat=True)])


def return_moved(event: Event) -> None:
    """return.requested, return.settled."""
    row = ReturnRequest.objects.filter(number=event.key.removeprefix("return:"))
    _mark(event, row.values_list("requested_at", "settled_at").get())


def entered(event: Event) -> None:
    """ledger.entered: its day, and later ones that moved the same orders, which begin where it ends."""
    facts = event.facts
    assert event.storefront_id is not None
    day = date.fromisoformat(facts["day"])
    told = Entry.objects.filter(storefront_id=event.storefront_id, day=day, order__isnull=False)
    told = told.filter(pk=facts["entry"]) if "entry" in facts else told.filter(bill_line__bill=facts["bill"])
    later = Entry.objects.filter(order__in=told.values("order"), day__gte=day)
    _mark_days(event, [day, *later.values_list("day", flat=True).distinct()])


def batch_moved(event: Event) -> None:
    """batch.answered, batch.credited: the days on which its items were settled and its money came."""
    number = event.key.removeprefix("batch:")
    settled = SettlementItem.objects.filter(batch__number=number, settled_on__isnull=False)
    came = ForexReceipt.objects.filter(batch__number=number)
    days = settled.values_list(F("settled_on")).union(came.values_list(F("credited_on")))
    _mark_days(event, [day for (day,) in days])


def _mark(event: Event, at: object) -> None:
    assert isinstance(at, (tuple, list))
    _mark_days(event, [shanghai_day(one) for one in at if one is not None])


def _mark_days(event: Event, days: list[date]) -> None:
    assert event.storefront_id is not None
    mark(storefront_id=event.storefront_id, days=days)


@shared_task
def count_days() -> None:
    """Days that moved."""
    at = now()
    mark_quoted(now=at)
    count_marked(now=at)

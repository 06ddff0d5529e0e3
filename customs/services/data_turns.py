"""Whose turn it is of what customs asked for: other orders before more of the same, its newest session first.

Whoever knows the number of a payment can ask for it in sessions that customs never opened, and customs alone
can tell. So what of one payment was signed and is not taken is bounded: five in a day, then one every ten
minutes. What waits behind them is a case, and a person can send any of it before its turn.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Window
from django.db.models.functions import RowNumber

from customs.models import DataRequest
from kernel.cases import open_case
from kernel.clock import shanghai_day
from kernel.models import Case
from payments.models import Payment

MOST_NOT_TAKEN, THEN_EVERY = 5, timedelta(minutes=10)
CROWDED = "data_request.crowded"
_DAY = timedelta(days=1)


def in_turn(*, most: int, now: datetime) -> list[DataRequest]:
    """What is due: the newest of each number, then the second of each, and so on."""
    turn = Window(RowNumber(), partition_by=F("number"), order_by=F("id").desc())
    due = DataRequest.objects.filter(next_try_at__lte=now).defer("body_sealed").annotate(turn=turn)
    return list(due.order_by("turn", "next_try_at", "id")[:most])


def takes_a_turn(row: DataRequest) -> bool:
    """Whether it has yet to be signed, and nobody has sent it by hand (who does, moves its time)."""
    return row.made_at is None and (row.tries > 0 or row.next_try_at == row.asked_at)


def is_full(*, number: str, now: datetime) -> bool:
    """Whether enough of this number was signed for now that nobody has taken."""
    made = DataRequest.objects.filter(number=number, made_at__gt=now - _DAY).exclude(state="given")
    so_far = made.aggregate(times=Count("id"), last=Max("made_at"))
    return bool(so_far["times"] >= MOST_NOT_TAKEN and so_far["last"] > now - THEN_EVERY)


def hold(*, number: str, now: datetime) -> None:
    """What waits is shown to whose order it is, with one case an order and day, settled or not."""
    order = Payment.objects.select_related("order").get(out_trade_no=number).order
    waiting = DataRequest.objects.filter(number=number, order=None)
    waiting.update(order=order, storefront_id=order.storefront_id)
    key = f"data_request:{number}:{shanghai_day(now)}"
    if not Case.objects.filter(kind=CROWDED, key=key).exists():
        open_case(
            storefront_id=order.storefront_id,
            kind=CROWDED,
            key=key,
            title="Payment data of one order is asked for more often than customs takes it",
            facts={"order": number, "waiting": DataRequest.objects.filter(number=number, tries=0).count()},
            now=now,
        )

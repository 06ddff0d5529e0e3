"""What moves a return on when nobody does: one sweep over those whose time has come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from kernel import events
from kernel.cases import open_case, open_failing, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Problem
from kernel.tenancy import tenant
from returns.models import ReturnRequest
from returns.reasons import REASONS, Fault, Kind
from returns.services import decide, settle
from returns.services.at_customs import LOOK_AGAIN, stop
from returns.services.holding import hold
from returns.services.way import SOON
from returns.states import OVER
from returns.windows import late_by

FAILING, NOT_ARRIVED, LATE_SOON = "return.failing", "return.not_arrived", "return.customs_soon"
UNANSWERED = "店铺未按时答复，系统已自动同意。"
AGAIN, RETRY = timedelta(days=1), timedelta(minutes=10)


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Move on every return whose time has come; how many. One that fails stops no other, and is a case."""
    due = ReturnRequest.objects.filter(next_at__lte=now).exclude(state__in=OVER).order_by("next_at")
    done = 0
    for row in list(due.select_related("order")[:limit]):
        try:
            with tenant(row.storefront_id):
                held = hold(row)
                if held.next_at is not None and held.next_at <= now and held.state in _STEPS:
                    _STEPS[held.state](held, now)
            settle_open(kinds=[FAILING], key=row.event_key, by="system", note="it went on", now=now)
            done += 1
        except Exception as failure:
            ReturnRequest.objects.filter(pk=row.pk).update(next_at=now + RETRY)
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=row.event_key,
                title="A return does not go on: something that nobody foresaw",
                facts={"return": row.number},
                failure=failure,
                now=now,
            )
    return done


def _decide(row: ReturnRequest, now: datetime) -> None:
    """What the law gives anyway is given when nobody answered in time. All else is late, which the consumer
    is told; two days later silence gives what the terms let it, or at once where customs' last day would be
    over by then, and the rest is the owner's, every day."""
    if row.state == "requested" and REASONS[row.reason].fault is Fault.NONE and row.goods_back:
        decide.say_yes(row, by="system", now=now)
        return
    until = late_by(row.decide_by)
    # Customs can be told until that day alone: our silence must not cost the consumer the year's room.
    last = row.declare_by is not None and shanghai_day(now) <= row.declare_by < shanghai_day(until)
    if last and _given_by_silence(row, now):
        return
    _case(row, decide.UNDECIDED, "A consumer waits for the answer to a return", now)
    if now < until:
        events.record(
            storefront_id=row.storefront_id,
            name="return.late",
            key=row.event_key,
            facts={"until": until.isoformat()},
            now=now,
        )
        _later(row, until)
    elif not _given_by_silence(row, now):
        _case(row, decide.OVERDUE, "An answer to a consumer is overdue: the owner decides today", now)
        _later(row, now + AGAIN)


def _given_by_silence(row: ReturnRequest, now: datetime) -> bool:
    """Give a claim, or goods that come back first, that nobody answered: within the bound of what the terms
    give by themselves. Not what a person refused, nor money for goods that are on their way or still here."""
    silent = row.state == "requested" and (row.goods_back or row.kind == Kind.CLAIM)
    if not silent or not decide.within_bound(row.order, row.terms, row.quoted_fen):
        return False
    try:
        with transaction.atomic():
            row.answer = UNANSWERED
            decide.say_yes(row, by="system", now=now)
    except Problem:  # its pieces are gone, or customs has them: a person sees why
        row.refresh_from_db()
        return False
    return True


def _rest(row: ReturnRequest, now: datetime) -> None:
    decide.rest(row, now=now)


def _lapse(row: ReturnRequest, now: datetime) -> None:
    decide.lapse(row, now=now)


def _ask_carrier(row: ReturnRequest, now: datetime) -> None:
    """Goods that are long on their way: a person asks the carrier, sooner where customs' last day is near."""
    last = row.arrive_by
    if last is not None and row.return_no and shanghai_day(now) <= last <= shanghai_day(now + SOON):
        _case(row, LATE_SOON, "Returned goods are not back, and customs' last day is near", now)
    else:
        _case(row, NOT_ARRIVED, "Goods that a consumer sent back have not arrived", now)
    _later(row, now + AGAIN)


def _settle(row: ReturnRequest, now: datetime) -> None:
    """The law's last day: what nobody inspected, or decided an objection to, is refunded whole."""
    whole = row.state in ("received", "disputed")
    if whole:
        _case(
            row,
            settle.NOT_INSPECTED,
            "The refund's last day came before its goods were judged: grade them",
            now,
        )
    settle.settle_held(row, by="system", now=now, whole=whole)


def _stop(row: ReturnRequest, now: datetime) -> None:
    """Money waits for customs: the list is asked back as soon as it has a number."""
    _later(row, now + LOOK_AGAIN if stop(row, now=now) else None)


_STEPS: dict[str, Callable[[ReturnRequest, datetime], None]] = {
    "requested": _decide,
    "appealed": _decide,
    "refused": _rest,
    "to_send": _lapse,
    "on_the_way": _ask_carrier,
    "received": _settle,
    "inspected": _settle,
    "disputed": _settle,
    "refunding": _stop,
}


def _later(row: ReturnRequest, at: datetime | None) -> None:
    row.next_at = at
    row.save(update_fields=["next_at"])


def _case(row: ReturnRequest, kind: str, title: str, now: datetime) -> None:
    open_case(
        storefront_id=row.storefront_id,
        kind=kind,
        key=row.event_key,
        title=title,
        facts={"order": row.order.number, "return": row.number, "state": row.state},
        now=now,
    )

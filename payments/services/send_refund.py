"""A refund goes to WeChat in three steps, under one number for ever; unknown is asked about, never concluded.

Accepted is committed before; the call is made with no transaction open; the outcome is committed by the one
door. Whoever dies between two steps leaves a refund that the sweep takes up: from the second try on it first
asks WeChat what became of the number, and sends the same again only where WeChat has never seen it. Nothing
is sent without the refund's hold, which is renewed, and its state looked at, right before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from kernel.cases import open_case, open_failing, settle_open
from kernel.errors import Upstream
from kernel.tenancy import tenant
from payments.gateways.wechat_pay import client_of
from payments.models import Payment, Refund
from payments.services.refund_gate import let_go
from payments.services.refund_hold import LEASE, free, release, renew
from payments.services.refund_limits import FARTHEST, turn_of
from payments.services.refund_outcome import OVER, take_in
from payments.services.refunds import FAILING, WAITING
from payments.states import REFUND
from wechat.errors import NotEnough, OutcomeUnknown, RateLimited, Rejected, ResourceNotExist
from wechat.pay.client import PayClient
from wechat.pay.refunds import RefundReport, create, query

log = structlog.get_logger(__name__)

BATCH = 50
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
POOR_WAIT, BLOCKED_WAIT, ABNORMAL_WAIT = timedelta(minutes=30), timedelta(hours=1), timedelta(hours=6)
SLOW_AFTER = timedelta(days=3)
WAITS_AFTER = timedelta(days=7)
SENT = ("accepted", "processing", "abnormal")
LIVES = ("requested", *SENT)
# The fault of keys, permissions or account: mended in the house, and then the same refund goes through.
OUR_FAULT = frozenset(
    {
        "SIGN_ERROR",
        "NO_AUTH",
        "MCH_NOT_EXISTS",
        "APPID_MCHID_NOT_MATCH",
        "ACCOUNT_ERROR",
        "ACCOUNTERROR",
    }
)
_TITLES = {
    "refund.not_enough": "The merchant account's balance does not cover the refund",
    "refund.blocked": "WeChat refuses this merchant's calls: keys, permission or account",
    "refund.refused": "WeChat refuses the refund for good",
    "refund.vanished": "WeChat took the refund and now knows nothing of it",
    WAITING: "A refund has waited for days and does not leave: customs has not decided about its order",
    "refund.slow": "The refund has been on its way for days",
}


class _Lost(Exception):
    """The hold ran out, and another may have the refund by now: this try ends without a word."""


@dataclass
class _TooSoon(Exception):
    """Another refund of the payment was sent within the minute: WeChat takes this one from `turn` on."""

    turn: datetime


def send_refund(*, out_refund_no: str, now: datetime) -> bool:
    """Send one accepted refund, or ask about one that was sent; False where its time has not come.

    Raises nothing of WeChat's: what failed is put off, and what needs a person is a case.
    """
    passing = _passing(now)
    refund = _claim(now, now, out_refund_no=out_refund_no)
    if refund is not None:
        _go(refund, now, passing)
    return refund is not None


def sweep(*, now: datetime) -> int:
    """Go on with every refund whose time has come: sent again, asked about, or let go; returns how many.

    Each is claimed when its turn comes. One that fails in a way that nobody foresaw stops no other: it is a
    case, and tried again later.
    """
    passing, done = _passing(now), 0
    while done < BATCH and (refund := _claim(now, passing())) is not None:
        done += 1
        try:
            _go(refund, now, passing)
        except Exception as failure:
            log.warning("refund_failed", out_refund_no=refund.out_refund_no, error=type(failure).__name__)
            _put_off(refund, _wait(refund), now, failure=failure)
    return done


def _passing(now: datetime) -> Callable[[], datetime]:
    """A clock that stood at `now` when it was made: a hold is counted from the moment itself."""
    began = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - began)


def _claim(now: datetime, at: datetime, **wanted: Any) -> Refund | None:
    """Hold the next refund that was due at `now`, and move its next try on before it is made: two sweepers
    share the work, and a dead one loses nothing. A next try that is farther off than any that is put off was
    written by a clock that was wrong, and is due."""
    time = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + FARTHEST)
    with transaction.atomic():
        due = (
            Refund.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("payment", "order")
            .filter(free(at), time, state__in=LIVES, **wanted)
            .order_by("next_try_at")
            .first()
        )
        if due is not None:
            due.held_until = at + LEASE
            Refund.objects.filter(pk=due.pk).update(
                tries=F("tries") + 1, next_try_at=at + LEASE, held_until=due.held_until
            )
    return due


def _go(refund: Refund, now: datetime, passing: Callable[[], datetime]) -> None:
    """One try of a claimed refund; `refund.tries` counts those before it."""
    if refund.state == "requested":
        if not let_go(number=refund.order.number, now=now):
            long = now - refund.requested_at >= WAITS_AFTER
            _put_off(refund, LONGEST_WAIT, now, case=WAITING if long else "")
        _fails_no_more(refund, now)
        return
    try:
        report = _ask(client_of(refund.payment.mchid), refund, passing)
    except _Lost:
        log.warning("refund_hold_lost", out_refund_no=refund.out_refund_no)
        return
    except _TooSoon as soon:  # nothing was tried, and nothing is wrong
        release(refund, next_try_at=soon.turn, tries=refund.tries)
        return
    except NotEnough as failure:
        _put_off(refund, POOR_WAIT, now, trouble=failure.wechat_code, case="refund.not_enough")
    except RateLimited as failure:
        _put_off(refund, _wait(refund), now, trouble=failure.wechat_code)
    except Rejected as failure:
        _rejected(refund, failure, now)
    except Upstream as failure:
        log.warning("refund_unknown", out_refund_no=refund.out_refund_no, error=failure.code)
        _put_off(refund, _wait(refund), now, trouble="UNKNOWN")
    else:
        take_in(
            storefront_id=refund.storefront_id,
            mchid=refund.payment.mchid,
            report=report,
            source="query" if refund.tries else "answer",
            now=now,
        )
        _put_off(refund, ABNORMAL_WAIT if refund.state == "abnormal" else _wait(refund), now)
    _watch(refund, now)
    _fails_no_more(refund, now)


def _ask(client: PayClient, refund: Refund, passing: Callable[[], datetime]) -> RefundReport:
    """WeChat's word on the refund, sent where WeChat has never seen it. Raises wechat.errors, _Lost,
    _TooSoon."""
    if refund.state != "accepted":
        return _look(client, refund)
    if refund.tries:
        try:
            return _look(client, refund)
        except ResourceNotExist:
            pass  # the tries before never arrived
    _take_turn(refund, passing)
    try:
        return _create(client, refund)
    except Rejected as refusal:
        # A refusal of what is there already ("other parameters", "too much") is not its end.
        try:
            return _look(client, refund)
        except ResourceNotExist:
            raise refusal from None
        except Upstream as failure:
            raise OutcomeUnknown(call="refund", reason=failure.code) from None


def _take_turn(refund: Refund, passing: Callable[[], datetime]) -> None:
    """Commit that it is sent now: under the payment's lock, so that of two at once one waits a minute.

    Raises _Lost, _TooSoon.
    """
    with tenant(refund.storefront_id):
        Payment.objects.select_for_update().get(pk=refund.payment_id)
        at = passing()
        turn = turn_of(refund, at=at)
        if turn > at:
            raise _TooSoon(turn)
        if not renew(refund, at=at, sent_at=at):
            raise _Lost


def _look(client: PayClient, refund: Refund) -> RefundReport:
    """WeChat's word on a refund it may have; that the question was refused says nothing of the refund.

    Raises ResourceNotExist, and OutcomeUnknown for every other refusal.
    """
    try:
        return query(client, refund.out_refund_no)
    except ResourceNotExist:
        raise
    except Rejected as refusal:
        raise OutcomeUnknown(
            call="refund_query", reason="the question was refused", wechat_code=refusal.wechat_code
        ) from None


def _create(client: PayClient, refund: Refund) -> RefundReport:
    payment = refund.payment
    return create(
        client,
        out_trade_no=payment.out_trade_no,
        out_refund_no=refund.out_refund_no,
        refund_fen=refund.amount_fen,
        total_fen=payment.received_fen or 0,
        reason=refund.reason,
        notify_url=refund.notify_url,
    )


def _rejected(refund: Refund, refusal: Rejected, now: datetime) -> None:
    """What WeChat refuses: our fault waits for us; anything else counts once it was said twice."""
    code = refusal.wechat_code
    if refund.state != "accepted":
        _put_off(refund, LONGEST_WAIT, now, trouble=code, case="refund.vanished")
    elif code in OUR_FAULT:
        _put_off(refund, BLOCKED_WAIT, now, trouble=code, case="refund.blocked")
    elif refund.trouble != code:
        _put_off(refund, FIRST_WAIT, now, trouble=code)
    else:
        with tenant(refund.storefront_id):
            row = Refund.objects.select_for_update().get(pk=refund.pk)
            if row.state == "accepted" and row.held_until == refund.held_until:
                REFUND.move(row, "close", now=now, facts={"refusal": code}, held_until=None)
                note = f"WeChat refuses it: {code}"
                settle_open(kinds=OVER, key=row.event_key, by="system", note=note, now=now)
                _case("refund.refused", refund, code, now)


def _wait(refund: Refund) -> timedelta:
    doubled: int = 2 ** min(refund.tries, 6)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def _put_off(
    refund: Refund,
    wait: timedelta,
    now: datetime,
    *,
    trouble: str = "",
    case: str = "",
    failure: Exception | None = None,
) -> None:
    """Try again later, and give back the hold; what the last try met stands in `trouble` until the next word
    of WeChat's.

    A case is opened under the row's lock where it still tells the truth: whoever moves the refund on settles
    it afterwards, and of one that has moved on, or has ended, none is left behind."""
    with tenant(refund.storefront_id):
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        moved = row.state != refund.state
        changes = {"trouble": trouble[:40]} if trouble and not moved else {}
        release(refund, next_try_at=now + (FIRST_WAIT if moved else wait), **changes)
        if case and not moved:
            _case(case, refund, trouble, now)
        if failure is not None and row.state in LIVES:
            open_failing(
                storefront_id=refund.storefront_id,
                kind=FAILING,
                key=refund.event_key,
                title="A refund cannot be worked on: something that nobody foresaw",
                facts=_facts(refund),
                failure=failure,
                now=now,
            )


def _watch(refund: Refund, now: datetime) -> None:
    """What neither succeeds nor fails for days needs a person."""
    if refund.accepted_at is None or now - refund.accepted_at < SLOW_AFTER:
        return
    with tenant(refund.storefront_id):
        rows = Refund.objects.select_for_update().filter(pk=refund.pk)
        if rows.filter(state__in=("accepted", "processing")).exists():
            _case("refund.slow", refund, refund.trouble, now)


def _fails_no_more(refund: Refund, now: datetime) -> None:
    """It was worked on to the end: whatever became of it was foreseen."""
    note = f"{refund.out_refund_no} is worked on again"
    settle_open(kinds=[FAILING], key=refund.event_key, by="system", note=note, now=now)


def _case(kind: str, refund: Refund, code: str, now: datetime) -> None:
    open_case(
        storefront_id=refund.storefront_id,
        kind=kind,
        key=refund.event_key,
        title=_TITLES[kind],
        facts=_facts(refund) | {"code": code},
        now=now,
    )


def _facts(refund: Refund) -> dict[str, Any]:
    return {
        "order": refund.order.number,
        "out_refund_no": refund.out_refund_no,
        "out_trade_no": refund.payment.out_trade_no,
        "refund_fen": refund.amount_fen,
        "merchant": refund.payment.mchid,
    }

"""The one door through which a declaration's state becomes true, and what is put before a person on the way.

Whatever WeChat answers is taken in under the row's lock, and only if it is about the round that was asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from kernel.cases import open_case, open_failing, settle_open
from kernel.tenancy import tenant
from payments.models import PaymentDeclaration
from payments.states import DECLARATION
from wechat.pay.customs import Declared, State

log = structlog.get_logger(__name__)

FAILING = "declaration.failing"
WAIT, WAIT_AT_MOST = timedelta(seconds=30), timedelta(minutes=10)
UNANSWERED_AFTER = 6
LEASE, FAILING_AT_MOST = timedelta(seconds=60), timedelta(hours=1)
_VERBS = {
    State.SUBMITTED: "submit",
    State.PROCESSING: "process",
    State.SUCCESS: "succeed",
    State.FAIL: "fail",
    State.EXCEPT: "except",
}
_REACHED = {
    State.SUBMITTED: "submitted",
    State.PROCESSING: "processing",
    State.SUCCESS: "succeeded",
    State.FAIL: "failed",
    State.EXCEPT: "excepted",
}
_TITLES = {
    "coupon": "A coupon of WeChat's paid a part of the order: is the whole declared?",
    "no_number": "The storefront has no customs number at the port",
    "no_key": "The merchant's key of API v2 is missing",
    "number_unknown": "The customs number is not registered at WeChat Pay for the port",
    "refused": "WeChat refused the declaration of a payment",
    "amount": "WeChat declared another amount than the order's",
    "failed": "Customs refused the declaration of a payment",
    "stuck": "A declaration stays submitted although it was sent again",
    "slow": "Customs has not answered a declaration for a day",
    "excepted": "Customs' interface keeps failing for a declaration",
    "unmatched": "WeChat does not say whether the payer is the orderer",
    "unanswered": "WeChat does not say how a declaration stands",
}


def take_in(*, declaration: PaymentDeclaration, told: Declared, now: datetime) -> PaymentDeclaration:
    """Take in what WeChat says of `declaration`, as it was when it was asked; the row as it stands now.

    An answer about an earlier round changes nothing. What was declared with another amount is held.
    """
    with tenant(declaration.storefront_id):
        row = locked(declaration)
        if row.round != declaration.round or row.state == "withdrawn":
            return row
        facts = _facts(row, told)
        if told.state is State.UNDECLARED or row.state == _REACHED[told.state]:
            _keep(row, facts)
            return row
        verb = _VERBS[told.state]
        if row.state not in DECLARATION.moves[verb]:
            return row  # an answer that came late: what we know is newer
        if told.order_fen is not None and told.order_fen != row.order_fen:
            hold(row, "amount", now, facts={"told_fen": told.order_fen})
            return row
        if told.state is State.SUCCESS:
            facts |= {"succeeded_at": now}
        DECLARATION.move(
            row,
            verb,
            now=now,
            tries=0,
            trouble="",
            submitted_at=now if told.state is State.SUBMITTED else row.submitted_at or now,
            next_try_at=now + (WAIT if told.state is not State.EXCEPT else WAIT * (row.resends + 1)),
            **facts,
        )
        if told.state is State.SUCCESS:
            settle_cases(row, by="system", note="海关已接受支付单 · accepted by customs", now=now)
        if told.state is State.FAIL:
            case(row, "failed", now, facts={"explanation": row.explanation})
        return row


def hold(row: PaymentDeclaration, why: str, now: datetime, *, facts: dict[str, Any] | None = None) -> None:
    """Stop a locked row until a person has looked; the case says why."""
    DECLARATION.move(row, "hold", now=now, facts={"reason": why}, trouble=why)
    gone_on(row, now)
    case(row, why, now, facts=facts)


def withdraw(row: PaymentDeclaration, now: datetime) -> None:
    """A locked row is not to be declared any more."""
    DECLARATION.move(row, "withdraw", now=now)
    gone_on(row, now)


def case(row: PaymentDeclaration, why: str, now: datetime, *, facts: dict[str, Any] | None = None) -> None:
    """Put a declaration before an operator, once a kind while it is open."""
    log.warning("declaration_case", reason=why, declaration=row.pk, port=row.port)
    open_case(
        storefront_id=row.storefront_id,
        kind=f"declaration.{why}",
        key=row.event_key,
        title=_TITLES[why],
        facts=_about(row) | (facts or {}),
        now=now,
    )


def failing(row: PaymentDeclaration, failure: Exception, now: datetime) -> None:
    """A step of a declaration failed as nobody foresaw: it is tried again, later and later, and an operator
    sees it. Where another has moved it on meanwhile, its time stays."""
    wait = min(LEASE * 2 ** min(row.tries, 6), FAILING_AT_MOST)
    claimed = PaymentDeclaration.objects.filter(pk=row.pk, next_try_at=now + LEASE)
    claimed.update(next_try_at=now + wait)
    open_failing(
        storefront_id=row.storefront_id,
        kind=FAILING,
        key=row.event_key,
        title="A declaration cannot be worked on: something that nobody foresaw",
        facts=_about(row),
        failure=failure,
        now=now,
    )


def gone_on(row: PaymentDeclaration, now: datetime) -> None:
    """A step came to its end: what failed in it before fails no more."""
    settle_open(kinds=[FAILING], key=row.event_key, by="system", note="it goes on", now=now)


def settle_cases(row: PaymentDeclaration, *, by: str, note: str, now: datetime) -> None:
    """Whatever was to be looked at about a declaration is done."""
    kinds = [FAILING, *(f"declaration.{why}" for why in _TITLES)]
    settle_open(kinds=kinds, key=row.event_key, by=by, note=note, now=now)


def unknown(*, declaration: PaymentDeclaration, now: datetime) -> None:
    """Nobody knows what became of a call: it is asked about again, later and later, and never given up."""
    with tenant(declaration.storefront_id):
        row = locked(declaration)
        if row.round != declaration.round:
            return
        wait = min(WAIT * 2 ** min(row.tries, 6), WAIT_AT_MOST)
        PaymentDeclaration.objects.filter(pk=row.pk).update(next_try_at=now + wait)
        if row.tries >= UNANSWERED_AFTER:
            case(row, "unanswered", now)


def locked(declaration: PaymentDeclaration) -> PaymentDeclaration:
    """The row, held, with its order and payment; the order is held before it by who changes amounts."""
    rows = PaymentDeclaration.objects.select_for_update(of=("self",)).select_related("order", "payment")
    return rows.get(pk=declaration.pk)


def _about(row: PaymentDeclaration) -> dict[str, Any]:
    return {
        "order": row.order.number,
        "port": row.port,
        "order_fen": row.order_fen,
        "out_trade_no": row.payment.out_trade_no,
    }


def _facts(row: PaymentDeclaration, told: Declared) -> dict[str, Any]:
    """What is worth keeping of an answer; nothing that was known is lost to a shorter one."""
    return {
        "department": told.department or row.department,
        "department_number": told.department_number or row.department_number,
        "explanation": told.explanation if told.state is not State.SUBMITTED else "",
        "modified_at": told.modified_at or row.modified_at,
        "match": told.match.value if told.match else row.match,
    }


def _keep(row: PaymentDeclaration, facts: dict[str, Any]) -> None:
    changed = {name: value for name, value in facts.items() if getattr(row, name) != value}
    if changed:
        PaymentDeclaration.objects.filter(pk=row.pk).update(**changed)
        for name, value in changed.items():
            setattr(row, name, value)

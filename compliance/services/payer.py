"""Whether payer and orderer are one person is asked for each order, and a difference ends by a deadline.

The calls to the payment institution are made by those above; they tell here what was asked and answered.
An answer that did not come is no answer: the check stays asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction

from compliance.law import Law
from compliance.models import PayerCheck
from compliance.states import PAYER
from kernel.cases import open_case, open_failing, resting, settle_over
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from kernel.tenancy import tenant

SWEEP_BATCH = 200
FAILING = "payer.failing"


class RenameTooLate(Conflict):
    """The time in which the consumer could name the payer as orderer is over: the order is refunded."""

    code = "payer_rename_too_late"
    title = "The time for changing the orderer is over; the order is refunded."
    title_zh = "更正订购人的期限已过，订单将予退款。"


def open_payer_check(*, storefront_id: int, order_number: str, port: str, now: datetime) -> PayerCheck:
    """The check of a paid order, made if there is none yet; two callers at once make one."""
    PayerCheck.objects.bulk_create(
        [PayerCheck(storefront_id=storefront_id, order_number=order_number, port=port, opened_at=now)],
        ignore_conflicts=True,
    )
    return PayerCheck.objects.get(order_number=order_number)


def ask_payer(*, check: PayerCheck, now: datetime) -> None:
    """Say that the payment institution is being asked; asking again while no answer came changes nothing.

    Raises WrongState when it has been answered.
    """
    with tenant(check.storefront_id):
        check = _locked(check)
        if check.state != "asked":
            PAYER.move(check, "ask", now=now, asked_at=now)


def answer_payer(
    *, check: PayerCheck, answer: Literal["same", "different", "unknown"], now: datetime
) -> None:
    """Take in what the payment institution answered; "unknown" leaves it asked, the same again is no change.

    DIFFERENT starts the consumer's time to name the payer as orderer; a second one, of whom was named, does
    not start it again. Raises WrongState when it was not asked, or was answered otherwise.
    """
    if answer == "unknown":
        return
    with tenant(check.storefront_id):
        check = _locked(check)
        if check.state == answer:
            return
        if answer == "same":
            PAYER.move(check, "confirm", now=now, answered_at=now)
            return
        hours = Law(shanghai_day(now)).figure("payer/rename_hours")
        deadline = check.deadline_at or now + timedelta(hours=hours)
        PAYER.move(check, "deny", now=now, answered_at=now, deadline_at=deadline)


def rename_orderer(*, check: PayerCheck, now: datetime) -> None:
    """Say that the consumer has named the payer as orderer, after the order was judged anew with that person.

    Inside the caller's transaction, which changes the orderer. The payer is then asked about again. Raises
    RenameTooLate from the deadline on, WrongState.
    """
    with tenant(check.storefront_id):
        check = _locked(check)
        refuse_late(check, now)
        PAYER.move(check, "rename", now=now)


def refuse_late(check: PayerCheck, now: datetime) -> None:
    """Raises RenameTooLate where the time to name the payer is over, or the order was given up."""
    over = check.deadline_at is not None and check.deadline_at <= now
    if check.state == "refunding" or (check.state == "different" and over):
        raise RenameTooLate()


def refund_payer(*, check: PayerCheck, reason: str, now: datetime) -> None:
    """Give the order up: it will be refunded. Told again it changes nothing; raises WrongState.

    `reason` is a code: "refused" (judged anew, and not allowed) or "asked" (the consumer wants no other way).
    """
    with tenant(check.storefront_id):
        check = _locked(check)
        if check.state != "refunding":
            _give_up(check, reason, now)


def end_payer_check(*, order_number: str, now: datetime) -> bool:
    """The order is cancelled, or all of it has gone back: nobody asks who paid any more.

    What was answered for good, and what was given up, stays as it is. False where nothing was left to end.
    """
    with transaction.atomic(savepoint=False):
        check = PayerCheck.objects.select_for_update().filter(order_number=order_number).first()
        if check is None or "end" not in PAYER.verbs(check.state):
            return False
        PAYER.move(check, "end", now=now, deadline_at=None)
    return True


def refund_overdue_payers(*, now: datetime) -> int:
    """Give up the orders whose time to name the payer is over; returns how many.

    Two sweepers share the work, and a consumer who renames in the last instant is either first or too late.
    One that fails in a way that nobody foresaw stops no other: it is a case, which settles once it is over,
    and rests the longer the more often it fails.
    """
    overdue = PayerCheck.objects.filter(state="different", deadline_at__lte=now)
    failing = [key.removeprefix("order:") for key in resting(kind=FAILING, now=now)]
    given_up = 0
    for check in list(overdue.exclude(order_number__in=failing).order_by("deadline_at")[:SWEEP_BATCH]):
        try:
            given_up += _give_up_overdue(check, now)
        except Exception as failure:
            open_failing(
                storefront_id=check.storefront_id,
                kind=FAILING,
                key=f"order:{check.order_number}",
                title="An order whose time to name the payer is over cannot be given up",
                facts={"order": check.order_number},
                failure=failure,
                now=now,
            )
    settle_over(
        kind=FAILING,
        waits=lambda key: overdue.filter(order_number=key.removeprefix("order:")).exists(),
        now=now,
    )
    return given_up


def _give_up_overdue(check: PayerCheck, now: datetime) -> bool:
    overdue = PayerCheck.objects.filter(pk=check.pk, state="different", deadline_at__lte=now)
    with tenant(check.storefront_id):
        still = overdue.select_for_update(skip_locked=True).first()
        if still is not None:
            _give_up(still, "deadline", now)
    return still is not None


def _give_up(check: PayerCheck, reason: str, now: datetime) -> None:
    PAYER.move(check, "refund", now=now, facts={"reason": reason})
    open_case(
        storefront_id=check.storefront_id,
        kind="payer.refunding",
        key=f"order:{check.order_number}",
        title="Payer and orderer differ: the order is to be refunded",
        facts={"order": check.order_number, "reason": reason},
        now=now,
    )


def _locked(check: PayerCheck) -> PayerCheck:
    return PayerCheck.objects.select_for_update().get(pk=check.pk)

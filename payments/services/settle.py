"""The one door through which money becomes true: notification, query and bill all end here.

Whatever WeChat Pay reports as paid is either matched with the order that waits for it, once, or put before
an operator with the amount and the numbers. It is never lost and never silently accepted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog

from kernel.cases import open_case
from kernel.tenancy import tenant
from orders.models import Order
from orders.services.paid import mark_paid
from orders.states import ORDER
from payments.models import Payment
from payments.states import PAYMENT
from wechat.pay.types import SUCCESS, Transaction

log = structlog.get_logger(__name__)
CLOCKS_APART = timedelta(minutes=1)  # WeChat's and ours
REFUNDED = "REFUND"  # trade_state of what was paid and then refunded, in part or whole


class Outcome(StrEnum):
    """What came of one report."""

    SETTLED = "settled"  # the order is paid by this report
    KNOWN = "known"  # it was told before; nothing changed
    UNPAID = "unpaid"  # WeChat says that no money has come yet
    STRAY = "stray"  # money that no order may take: a case is open


# What WeChat can refund under the payment's number; its case settles itself when the refund has succeeded.
SENT_BACK = frozenset({"late", "twice", "amount", "appid"})
_STRAY_TITLES = {
    "contradiction": "WeChat tells of a payment another amount or currency than before",
    "refunded": "Paid and already refunded at WeChat, not by us",
    "unknown": "Paid under a payment number that we never gave out",
    "amount": "Paid an amount that differs from the order",
    "currency": "Paid in another currency",
    "appid": "Paid in another mini-program",
    "late": "Paid after the order had ended",
    "twice": "Paid a second time",
}


def settle(*, storefront_id: int, mchid: str, report: Transaction, now: datetime) -> Outcome:
    """Take in what WeChat Pay says about one payment of merchant `mchid`, whose keys signed it.

    `storefront_id` is the merchant's. Locks the payment, then its order; one transaction. Told twice, by
    whomever, it changes nothing the second time.
    """
    paid = report.trade_state == SUCCESS
    if not paid and not (report.trade_state == REFUNDED and report.transaction_id):
        return Outcome.UNPAID
    with tenant(storefront_id):
        payment = (
            Payment.objects.select_for_update()
            .filter(storefront_id=storefront_id, mchid=mchid, out_trade_no=report.out_trade_no)
            .first()
        )
        if payment is None or report.mchid != mchid:
            return _unmatched(storefront_id, mchid, report, now)
        if payment.transaction_id is not None:
            if payment.transaction_id == report.transaction_id:
                _compare(payment, report, now)
                return Outcome.KNOWN
            return _unmatched(storefront_id, mchid, report, now)  # one number, two WeChat transactions
        order = Order.objects.select_for_update().get(pk=payment.order_id)
        reason = _objection(payment, order, report)
        if reason:
            _stray(payment, reason, report, now)
            return Outcome.STRAY
        paid_at = _paid_at(payment, report, now)
        PAYMENT.move(payment, "succeed", now=now, succeeded_at=paid_at, **_received(report))
        mark_paid(
            order=order,
            mchid=mchid,
            out_trade_no=payment.out_trade_no,
            transaction_id=report.transaction_id or "",
            paid_at=paid_at,
            payer=report.openid,
            now=now,
        )
        return Outcome.SETTLED


def _objection(payment: Payment, order: Order, report: Transaction) -> str:
    """Why this money must not pay this order; empty when it may."""
    ended = "twice" if order.state == "paid" else "late"
    wrong = (
        ("refunded", report.trade_state == REFUNDED),
        ("appid", report.appid != payment.appid),
        ("currency", report.currency != payment.currency),
        ("amount", report.total_fen != payment.amount_fen),
        (ended, "pay" not in ORDER.verbs(order.state)),
        ("late", "succeed" not in PAYMENT.verbs(payment.state)),  # closed, and yet it was paid
    )
    return next((reason for reason, holds in wrong if holds), "")


def _paid_at(payment: Payment, report: Transaction, now: datetime) -> datetime:
    """When it was paid, as WeChat says; nothing was paid in the future, or before it had a number."""
    at = report.success_time
    return now if at is None or at > now or at < payment.created_at - CLOCKS_APART else at


def _compare(payment: Payment, report: Transaction, now: datetime) -> None:
    """What was told once stays; that it is now told otherwise is put before an operator.

    Of a stray in another currency only the amount is kept.
    """
    amount = report.total_fen not in (None, payment.received_fen)
    currency = report.currency not in (None, payment.currency) and payment.stray_reason != "currency"
    if amount or currency:
        number = payment.order.number
        _case(payment.storefront_id, payment.mchid, "contradiction", report, now, order=number)


def _received(report: Transaction) -> dict[str, Any]:
    return {
        "transaction_id": report.transaction_id,
        "received_fen": report.total_fen,
        "payer_fen": report.payer_total_fen,
    }


def _stray(payment: Payment, reason: str, report: Transaction, now: datetime) -> None:
    PAYMENT.move(
        payment,
        "stray",
        now=now,
        facts={"reason": reason},
        stray_reason=reason,
        succeeded_at=_paid_at(payment, report, now),
        **_received(report),
    )
    _case(payment.storefront_id, payment.mchid, reason, report, now, order=payment.order.number)


def _unmatched(storefront_id: int, mchid: str, report: Transaction, now: datetime) -> Outcome:
    """Money under a number that is not this merchant's, or under one that is taken: only a case can tell."""
    _case(storefront_id, mchid, "unknown", report, now, order="")
    return Outcome.STRAY


def _case(
    storefront_id: int, mchid: str, reason: str, report: Transaction, now: datetime, *, order: str
) -> None:
    log.warning("stray_payment", reason=reason, out_trade_no=report.out_trade_no, mchid=mchid)
    open_case(
        storefront_id=storefront_id,
        kind=f"payment.{reason}",
        key=f"transaction:{report.transaction_id}",
        title=_STRAY_TITLES[reason],
        facts={
            "order": order,
            "out_trade_no": report.out_trade_no,
            "transaction_id": report.transaction_id,
            "total_fen": report.total_fen,
            "currency": report.currency,
            "merchant": mchid,
            "appid": report.appid,
            "sent_back": bool(order and report.total_fen) and reason in SENT_BACK,
        },
        now=now,
    )

"""After a day of bills is entered, what the ledger says moved at WeChat Pay is what its accounts say moved.

The two know a refund under different days: the ledger under that on which it arrived, a bill under that on
which it was accepted. So each payment and refund counts on the day of its bill line; one that a bill should
have and has not, on the day that missed it; a refund on its way has left.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection

from payments.models import Bill, Payment, Refund
from payments.services.bills import funds
from payments.services.bills.differences import Found, add
from settlement.services.bill_entries import enter_bill
from settlement.services.entries import enter_payment, enter_refund

_FIRST_SALE = """
    l.bill_id = %(trade)s AND l.kind = 'sale' AND l.currency = 'CNY' AND p.transaction_id = l.transaction_id
    AND NOT EXISTS (SELECT FROM payments_billline o WHERE o.kind = 'sale' AND o.id < l.id
        AND o.transaction_id = l.transaction_id AND o.storefront_id = l.storefront_id)
"""
_FIRST_REFUND = """
    l.bill_id = %(trade)s AND l.kind = 'refund' AND l.currency = 'CNY'
    AND NOT EXISTS (SELECT FROM payments_billline o WHERE o.kind = 'refund' AND o.id < l.id
        AND o.out_refund_no = l.out_refund_no AND o.storefront_id = l.storefront_id)
"""
_REFUND_OF = """payments_billline l JOIN payments_refund r
    ON r.out_refund_no = l.out_refund_no AND r.payment_id = l.payment_id"""
_MISSED = "SELECT {column} FROM payments_billdifference WHERE bill_id = %(trade)s AND kind = '{kind}'"

# Facts of the day's lines that the ledger does not have yet; their events are on the way.
_LATE_PAYMENTS = f"""
SELECT p.id FROM payments_billline l JOIN payments_payment p ON p.id = l.payment_id WHERE {_FIRST_SALE}
    AND p.state IN ('succeeded', 'stray') AND p.stray_reason <> 'currency'
    AND NOT EXISTS (SELECT FROM settlement_entry e WHERE e.key = 'payment:' || p.out_trade_no)
"""  # noqa: S608  (our own names, here and below)
_LATE_REFUNDS = f"""
SELECT r.id FROM {_REFUND_OF} WHERE {_FIRST_REFUND} AND r.state = 'succeeded'
    AND NOT EXISTS (SELECT FROM settlement_entry e WHERE e.key = 'refund:' || r.out_refund_no)
"""  # noqa: S608
_OURS = f"""
SELECT (
    SELECT coalesce(sum(post.amount_fen), 0) FROM settlement_entry e
    JOIN settlement_posting post ON post.entry_id = e.id AND post.account = 'wechat'
    WHERE e.storefront_id = %(storefront)s AND e.day = %(day)s AND e.kind <> 'correction' AND (
        e.bill_line_id IN (SELECT id FROM payments_billline WHERE bill_id = %(trade)s)
        OR e.fund_line_id IN (SELECT id FROM payments_fundline WHERE bill_id = ANY (%(funds)s)))
) + (
    SELECT coalesce(sum(post.amount_fen), 0)
    FROM payments_billline l JOIN payments_payment p ON p.id = l.payment_id
    JOIN settlement_entry e ON e.key = 'payment:' || p.out_trade_no
    JOIN settlement_posting post ON post.entry_id = e.id AND post.account = 'wechat'
    WHERE {_FIRST_SALE}
) + (
    SELECT coalesce(sum(post.amount_fen), 0) FROM settlement_entry e
    JOIN settlement_posting post ON post.entry_id = e.id AND post.account = 'wechat'
    WHERE e.kind IN ('sale', 'stray')
          AND e.payment_id IN ({_MISSED.format(column="payment_id", kind="missing_payment")})
       OR e.kind = 'refund' AND e.refund_id IN ({_MISSED.format(column="refund_id", kind="missing_refund")})
) - (
    SELECT coalesce(sum(r.amount_fen), 0) FROM {_REFUND_OF} WHERE {_FIRST_REFUND}
)
"""  # noqa: S608


def close_day(*, mchid: str, day: date, now: datetime) -> bool:
    """Enter all that the day's bills tell and compare; False, and nothing done, until all are matched.

    Done again it enters nothing and finds nothing new.
    """
    bills = {bill.kind: bill for bill in Bill.objects.filter(mchid=mchid, day=day)}
    wanted = [Bill.Kind.TRADE, *funds.kinds()]
    if not funds.kinds() or any(kind not in bills or bills[kind].state != "matched" for kind in wanted):
        return False
    trade, *accounts = (bills[kind] for kind in wanted)
    names: dict[str, Any] = {
        "storefront": trade.storefront_id,
        "day": day,
        "trade": trade.pk,
        "funds": [bill.pk for bill in accounts],
    }
    _catch_up(names, now)
    for bill in (trade, *accounts):
        enter_bill(bill=bill, now=now)
    theirs = sum(_moved(bill) for bill in accounts)
    with connection.cursor() as cursor:
        cursor.execute(_OURS, names)
        ours = int(cursor.fetchone()[0])
    if theirs != ours:
        gap = Found("ledger_balance", f"day:{mchid}:{day}", theirs_fen=theirs, ours_fen=ours)
        add(bill=accounts[0], found=[gap], now=now)
    return True


def _catch_up(names: dict[str, Any], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LATE_PAYMENTS, names)
        payments = [row[0] for row in cursor.fetchall()]
        cursor.execute(_LATE_REFUNDS, names)
        refunds = [row[0] for row in cursor.fetchall()]
    for payment in Payment.objects.filter(pk__in=payments).select_related("order"):
        enter_payment(payment=payment, now=now)
    for refund in Refund.objects.filter(pk__in=refunds):
        enter_refund(refund=refund, now=now)


def _moved(bill: Bill) -> int:
    """From the opening balance to the closing one; where the opening is not known, the sum of what moved."""
    if bill.closing_fen is None:
        return 0
    opening = funds.opening_fen(bill)
    return bill.in_fen - bill.out_fen if opening is None else bill.closing_fen - opening

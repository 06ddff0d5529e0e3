"""What a bill alone tells is entered line by line: WeChat Pay's commission, and what it paid out to the bank.

Each entry leads back to its line, and by it to the day's bill; a day that is matched again enters nothing.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from payments.models import Bill

# One statement a bill, however many lines it has: entries first, then both postings of each.
_ENTER = """
WITH line AS (
    {lines}
), fact AS (
    INSERT INTO settlement_entry (storefront_id, kind, key, day, at, entered_at, order_id, payment_id,
        refund_id, bill_line_id, fund_line_id)
    SELECT %(storefront)s::bigint, %(kind)s::text,
           concat(%(kind)s::text, ':', %(bill)s::bigint, '#', line.line), %(day)s::date, line.at,
           %(now)s::timestamptz, line.order_id, line.payment_id, line.refund_id, line.bill_line_id,
           line.fund_line_id
    FROM line
    ON CONFLICT (key) DO NOTHING
    RETURNING id, bill_line_id, fund_line_id
)
INSERT INTO settlement_posting (storefront_id, entry_id, account, day, amount_fen)
SELECT %(storefront)s::bigint, fact.id, posted.account, %(day)s::date, posted.sign * line.amount
FROM fact
JOIN line ON coalesce(line.bill_line_id, line.fund_line_id) = coalesce(fact.bill_line_id, fact.fund_line_id)
CROSS JOIN (VALUES (%(debit)s::text, 1), ('wechat', -1)) AS posted(account, sign)
"""
# A refund's line gives a part of the commission back: its fee is negative.
_FEES = """
    SELECT l.line, l.at, l.fee_fen AS amount, p.order_id, l.payment_id, NULL::bigint AS refund_id,
           l.id AS bill_line_id, NULL::bigint AS fund_line_id
    FROM payments_billline l LEFT JOIN payments_payment p ON p.id = l.payment_id
    WHERE l.bill_id = %(bill)s::bigint AND l.fee_fen <> 0 AND l.currency = 'CNY'
"""
_PAYOUTS = """
    SELECT f.line, f.at, -f.amount_fen AS amount, NULL::bigint AS order_id, NULL::bigint AS payment_id,
           NULL::bigint AS refund_id, NULL::bigint AS bill_line_id, f.id AS fund_line_id
    FROM payments_fundline f
    WHERE f.bill_id = %(bill)s::bigint AND f.business = '提现' AND f.amount_fen <> 0
"""
_TAKEN = {
    Bill.Kind.TRADE: ("fee", "fee", _FEES),
    Bill.Kind.FUND_BASIC: ("payout", "bank", _PAYOUTS),
}


def enter_bill(*, bill: Bill, now: datetime) -> int:
    """Enter what a matched bill alone tells; how many postings were written, 0 for one that was entered.

    Raises ValueError for a bill that is not matched.
    """
    if bill.state != "matched":
        raise ValueError(f"{bill} is {bill.state}: it is entered once it is matched")
    if bill.kind not in _TAKEN:
        return 0
    kind, debit, lines = _TAKEN[Bill.Kind(bill.kind)]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            _ENTER.format(lines=lines),
            {
                "storefront": bill.storefront_id,
                "bill": bill.pk,
                "kind": kind,
                "debit": debit,
                "day": bill.day,
                "now": now,
            },
        )
        return int(cursor.rowcount)

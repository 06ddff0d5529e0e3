"""What a bill alone tells is entered line by line, so that the books follow the money at WeChat Pay.

Of a trade bill: commission, free coupons that the shop bears, and whatever else a line moved beyond what the
payment or refund of ours has in the books. Of a fund-flow bill: payouts to the bank, and every movement that
neither a trade nor a payout explains. What nobody has explained goes to `unexplained`, under a case. Each
entry leads back to its line, and by it to the day's bill; a day that is matched again enters nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from kernel import events
from payments.models import Bill
from payments.services.bills import funds
from payments.services.bills.coupons import BORNE
from settlement.accounts import Account
from settlement.models import Entry

# Lines come into a table of this transaction alone, so that it is known how many they are; then one statement
# writes the entries and both postings of each.
_STAGE = """
CREATE TEMPORARY TABLE bill_entering (kind text, debit text, line int, at timestamptz, amount bigint,
    order_id bigint, payment_id bigint, refund_id bigint, bill_line_id bigint, fund_line_id bigint)
"""
_COLLECT = """
INSERT INTO bill_entering SELECT %(kind)s, %(debit)s, line, at, amount, order_id, payment_id, refund_id,
    bill_line_id, fund_line_id FROM ({lines}) AS found
"""
_ENTER = """
WITH fact AS (
    INSERT INTO settlement_entry (storefront_id, kind, key, day, at, entered_at, order_id, payment_id,
        refund_id, bill_line_id, fund_line_id)
    SELECT %(storefront)s::bigint, line.kind, concat(line.kind, ':', %(bill)s::bigint, '#', line.line),
           %(day)s::date, line.at, %(now)s::timestamptz, line.order_id, line.payment_id, line.refund_id,
           line.bill_line_id, line.fund_line_id
    FROM bill_entering line ORDER BY line.line, line.kind
    ON CONFLICT (key) DO NOTHING
    RETURNING id, kind, bill_line_id, fund_line_id
)
INSERT INTO settlement_posting (storefront_id, entry_id, account, day, amount_fen)
SELECT %(storefront)s::bigint, fact.id, posted.account, %(day)s::date, posted.amount
FROM fact
JOIN bill_entering line ON line.kind = fact.kind
    AND coalesce(line.bill_line_id, line.fund_line_id) = coalesce(fact.bill_line_id, fact.fund_line_id)
CROSS JOIN LATERAL (VALUES (line.debit, line.amount), ('wechat', -line.amount)) AS posted(account, amount)
"""
# A refund's line gives a part of the commission back: its fee is negative.
_FEES = """
    SELECT l.line, l.at, l.fee_fen AS amount, p.order_id, l.payment_id, NULL::bigint AS refund_id,
           l.id AS bill_line_id, NULL::bigint AS fund_line_id
    FROM payments_billline l LEFT JOIN payments_payment p ON p.id = l.payment_id
    WHERE l.bill_id = %(bill)s::bigint AND l.fee_fen <> 0 AND l.currency = 'CNY'
"""
# The books have a payment with what was received and a refund with what was asked for, by the first line that
# tells of it; `moved` is what the line brought to the account at WeChat Pay.
_WALKED = f"""
    SELECT l.line, l.at, p.order_id, l.payment_id, r.id AS refund_id, l.id AS bill_line_id,
           NULL::bigint AS fund_line_id,
           CASE WHEN l.kind = 'sale' THEN l.settled_fen ELSE -l.refund_fen END AS moved,
           CASE WHEN l.kind = 'sale' AND p.transaction_id = l.transaction_id
                     AND p.state IN ('succeeded', 'stray') AND p.stray_reason <> 'currency'
                     AND NOT EXISTS (
                         SELECT FROM payments_billline o WHERE o.kind = 'sale' AND o.id < l.id
                         AND o.transaction_id = l.transaction_id AND o.storefront_id = l.storefront_id)
                THEN p.received_fen
                WHEN l.kind = 'refund' AND r.id IS NOT NULL AND NOT EXISTS (
                         SELECT FROM payments_billline o WHERE o.kind = 'refund' AND o.id < l.id
                         AND o.out_refund_no = l.out_refund_no AND o.storefront_id = l.storefront_id)
                THEN -r.amount_fen ELSE 0 END AS booked,
           {BORNE} AS borne
    FROM payments_billline l LEFT JOIN payments_payment p ON p.id = l.payment_id
    LEFT JOIN payments_refund r ON l.kind = 'refund' AND r.out_refund_no = l.out_refund_no
        AND r.payment_id = l.payment_id
    WHERE l.bill_id = %(bill)s::bigint AND l.kind IN ('sale', 'refund') AND l.currency = 'CNY'
"""  # noqa: S608  (our own names, here and below)
_COUPONS = f"""
    SELECT w.*, w.borne AS amount FROM ({_WALKED}) AS w WHERE w.booked <> 0 AND w.borne <> 0
"""  # noqa: S608
_REST = "w.booked - w.moved - CASE WHEN w.booked = 0 THEN 0 ELSE w.borne END"
_GAPS = f"""
    SELECT w.*, {_REST} AS amount FROM ({_WALKED}) AS w WHERE {_REST} <> 0
"""  # noqa: S608
_MOVED = """
    SELECT f.line, f.at, -f.amount_fen AS amount, NULL::bigint AS order_id, NULL::bigint AS payment_id,
           NULL::bigint AS refund_id, NULL::bigint AS bill_line_id, f.id AS fund_line_id
    FROM payments_fundline f
    WHERE f.bill_id = %(bill)s::bigint AND f.amount_fen <> 0
"""
_PAYOUTS = f"{_MOVED} AND '{funds.PAYOUT}' IN ({funds.NAME}, business)"
_OTHERS = f"{_MOVED} AND {funds.OTHER}"

# Kind of entry, account beside `wechat`, lines with what left the account at WeChat Pay.
_OF_TRADES = (
    (Entry.Kind.FEE, Account.FEE, _FEES),
    (Entry.Kind.COUPON, Account.COUPON, _COUPONS),
    (Entry.Kind.DIFFERENCE, Account.UNEXPLAINED, _GAPS),
)
_OF_FUNDS = (
    (Entry.Kind.PAYOUT, Account.BANK, _PAYOUTS),
    (Entry.Kind.DIFFERENCE, Account.UNEXPLAINED, _OTHERS),
)


def enter_bill(*, bill: Bill, now: datetime) -> int:
    """Enter what a matched bill alone tells; how many postings were written, 0 for one that was entered.

    Raises ValueError for a bill that is not matched.
    """
    if bill.state != "matched":
        raise ValueError(f"{bill} is {bill.state}: it is entered once it is matched")
    names: dict[str, Any] = {
        "storefront": bill.storefront_id,
        "bill": bill.pk,
        "day": bill.day,
        "now": now,
        "known": funds.KNOWN,
    }
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(_STAGE)
        for kind, debit, lines in _OF_TRADES if bill.kind == Bill.Kind.TRADE else _OF_FUNDS:
            cursor.execute(_COLLECT.format(lines=lines), {**names, "kind": kind.value, "debit": debit.value})
        cursor.execute("ANALYZE bill_entering")
        cursor.execute(_ENTER, names)
        written = int(cursor.rowcount)
        cursor.execute("DROP TABLE bill_entering")
        if written and bill.kind == Bill.Kind.TRADE:
            events.record(
                storefront_id=bill.storefront_id,
                name="ledger.entered",
                key=f"bill_entries:{bill.pk}",
                facts={"bill": bill.pk, "day": bill.day.isoformat()},
                now=now,
            )
    return written

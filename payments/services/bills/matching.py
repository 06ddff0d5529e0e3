"""A trade bill and our books are compared as sets, once: what both say is matched, the rest is a difference.

What the bill knows and we do not yet goes through the doors first, as any other report: a payment of ours by
`payments.services.settle`, a refund of such a payment by `payments.services.refund_outcome`.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import structlog
from django.db import connection

from kernel.cases import open_failing
from kernel.clock import SHANGHAI
from kernel.errors import Upstream
from kernel.tenancy import tenant
from payments.models import Bill, BillLine, Refund
from payments.services.bills.coupons import BORNE
from payments.services.bills.differences import keep_selected, put_before_operators
from payments.services.bills.neighbours import is_there, lock_with_neighbours
from payments.services.query import put_before, query
from payments.services.refund_outcome import take_in
from payments.services.refunds import FAILING as REFUND_FAILING
from payments.services.settle import settle
from payments.states import BILL
from wechat.pay.refunds import RefundReport
from wechat.pay.types import SUCCESS, Transaction

# Who pays at the last minute of a day may stand in the next day's bill: those are looked for once both are
# there, whichever came first.
EDGE = timedelta(minutes=5)

log = structlog.get_logger(__name__)

_SALES = """
    FROM payments_billline l LEFT JOIN payments_payment p ON p.id = l.payment_id
    WHERE l.bill_id = %(bill)s AND l.kind = 'sale'
"""
_REFUNDS = """
    FROM payments_billline l
    LEFT JOIN payments_refund r ON r.out_refund_no = l.out_refund_no AND r.payment_id = l.payment_id
    WHERE l.bill_id = %(bill)s AND l.kind = 'refund'
"""
# A refund gives back its share of what was taken, at the rate of the sale where a bill has told of that.
_RATE = """coalesce(
    (SELECT s.rate_ppm FROM payments_billline s
     WHERE s.kind = 'sale' AND s.transaction_id = l.transaction_id AND s.storefront_id = l.storefront_id
     ORDER BY s.id LIMIT 1), l.rate_ppm)"""
# Refunds of payments of ours that the bill has and we do not, or not as far; the amounts are the same.
_UNHEARD_REFUNDS = f"""
    SELECT l.id {_REFUNDS} AND l.payment_id IS NOT NULL AND (
        r.id IS NULL
        OR r.amount_fen = l.refund_asked_fen AND (
            r.state = 'accepted'
            OR r.state IN ('processing', 'abnormal') AND l.refund_state IN ('SUCCESS', 'FAIL', 'CLOSED')
            OR r.state = 'closed' AND r.accepted_at IS NOT NULL AND l.refund_state = 'SUCCESS'))
    ORDER BY l.line
"""
_STATUS = {"FAIL": "CLOSED", "CHANGE": "ABNORMAL"}  # as bills call them

# WeChat Pay's first word of a refund, whatever it was, tells that it had it.
_HEARD = "('refund.processing', 'refund.succeeded', 'refund.abnormal')"

SELECTS: dict[str, str] = {
    "unknown_payment": f"""SELECT 'transaction:' || l.transaction_id, l.order_fen, NULL::bigint,
        l.out_trade_no, l.id, NULL::bigint, NULL::bigint {_SALES} AND p.id IS NULL""",
    "state": f"""SELECT 'payment:' || p.out_trade_no, l.order_fen, p.received_fen,
        p.state || ' ' || coalesce(p.transaction_id, '-') || ' / SUCCESS ' || l.transaction_id,
        l.id, p.id, NULL::bigint
        {_SALES} AND p.transaction_id IS DISTINCT FROM l.transaction_id AND p.id IS NOT NULL
        UNION ALL
        SELECT 'payment:' || p.out_trade_no, l.order_fen, p.received_fen, p.state || ' / REVOKED',
        l.id, p.id, NULL::bigint
        FROM payments_billline l JOIN payments_payment p ON p.id = l.payment_id
        WHERE l.bill_id = %(bill)s AND l.kind = 'revoked' AND p.transaction_id IS NOT NULL""",  # noqa: S608  (our own names)
    "amount": f"""SELECT 'payment:' || p.out_trade_no, l.order_fen, p.received_fen, l.currency,
        l.id, p.id, NULL::bigint
        {_SALES} AND p.transaction_id = l.transaction_id
        AND (p.received_fen <> l.order_fen OR l.currency <> 'CNY')""",
    "fee": f"""SELECT 'payment:' || l.out_trade_no, l.fee_fen,
        round(l.settled_fen * l.rate_ppm / 1e6)::bigint,
        l.rate_ppm::text, l.id, l.payment_id, NULL::bigint
        {_SALES} AND abs(l.fee_fen - round(l.settled_fen * l.rate_ppm / 1e6)) > 1
        UNION ALL SELECT 'refund:' || b.out_refund_no, b.fee_fen, -round(b.refund_fen * b.ppm / 1e6)::bigint,
        b.ppm::text, b.id, b.payment_id, b.refund_id
        FROM (SELECT l.*, {_RATE} AS ppm FROM payments_billline l
              WHERE l.bill_id = %(bill)s AND l.kind = 'refund') AS b
        WHERE abs(b.fee_fen + round(b.refund_fen * b.ppm / 1e6)) > 1""",  # noqa: S608
    # Free coupons explain why WeChat Pay owes less than was paid; whatever else does is a difference.
    "settled": f"""SELECT CASE WHEN l.kind = 'sale' THEN 'transaction:' || l.transaction_id
            ELSE 'refund:' || l.out_refund_no END,
        CASE WHEN l.kind = 'sale' THEN l.settled_fen ELSE l.refund_fen END,
        CASE WHEN l.kind = 'sale' THEN l.order_fen ELSE l.refund_asked_fen END,
        'coupons ' || l.coupon_fen, l.id, l.payment_id, l.refund_id
        FROM payments_billline l WHERE l.bill_id = %(bill)s AND (
            l.kind = 'sale' AND l.settled_fen <> l.order_fen AND l.settled_fen <> l.order_fen - ({BORNE})
            OR l.kind = 'refund' AND l.refund_fen <> l.refund_asked_fen
               AND l.refund_fen <> l.refund_asked_fen + ({BORNE}))""",  # noqa: S608
    "doubled": """SELECT 'transaction:' || l.transaction_id, l.order_fen, NULL::bigint, l.out_trade_no,
        l.id, l.payment_id, NULL::bigint FROM payments_billline l
        WHERE l.bill_id = %(bill)s AND l.kind = 'sale' AND EXISTS (
            SELECT 1 FROM payments_billline o WHERE o.kind = 'sale' AND o.transaction_id = l.transaction_id
            AND o.storefront_id = l.storefront_id AND o.id < l.id)
        UNION ALL SELECT 'refund:' || l.out_refund_no, l.refund_asked_fen, NULL::bigint, l.wechat_refund_id,
        l.id, l.payment_id, l.refund_id FROM payments_billline l
        WHERE l.bill_id = %(bill)s AND l.kind = 'refund' AND EXISTS (
            SELECT 1 FROM payments_billline o WHERE o.kind = 'refund' AND o.out_refund_no = l.out_refund_no
            AND o.storefront_id = l.storefront_id AND o.id < l.id)""",
    "missing_payment": """SELECT 'payment:' || p.out_trade_no, NULL::bigint, p.received_fen, p.transaction_id,
        NULL::bigint, p.id, NULL::bigint FROM payments_payment p
        WHERE p.storefront_id = %(storefront)s AND p.mchid = %(mchid)s AND p.state IN ('succeeded', 'stray')
        AND p.succeeded_at >= %(since)s AND p.succeeded_at < %(until)s
        AND NOT EXISTS (SELECT 1 FROM payments_billline l WHERE l.kind = 'sale'
            AND l.transaction_id = p.transaction_id AND l.storefront_id = p.storefront_id)
        AND NOT EXISTS (SELECT 1 FROM payments_billdifference d
            WHERE d.payment_id = p.id AND d.kind = 'missing_payment')""",
    "unknown_refund": f"""SELECT 'refund:' || l.out_refund_no, l.refund_asked_fen, NULL::bigint,
        l.wechat_refund_id, l.id, l.payment_id, NULL::bigint {_REFUNDS} AND r.id IS NULL""",
    "refund_amount": f"""SELECT 'refund:' || r.out_refund_no, l.refund_asked_fen, r.amount_fen, '',
        l.id, l.payment_id, r.id {_REFUNDS} AND r.amount_fen <> l.refund_asked_fen""",
    # What was PROCESSING on the day may be anything by now; what had ended then has ended.
    "refund_state": f"""SELECT 'refund:' || r.out_refund_no, l.refund_asked_fen, r.amount_fen,
        r.state || ' / ' || l.refund_state, l.id, l.payment_id, r.id {_REFUNDS}
        AND (r.state = 'requested'
             OR (l.refund_state = 'SUCCESS' AND r.state <> 'succeeded')
             OR (l.refund_state IN ('FAIL', 'CLOSED') AND r.state <> 'closed')
             OR (l.refund_state = 'PROCESSING' AND r.state = 'closed' AND r.refund_id IS NULL))""",
    "missing_refund": f"""SELECT 'refund:' || r.out_refund_no, NULL::bigint, r.amount_fen, r.refund_id,
        NULL::bigint, r.payment_id, r.id
        FROM kernel_event e
        JOIN payments_refund r ON r.out_refund_no = substr(e.key, 8) AND r.storefront_id = e.storefront_id
        JOIN payments_payment p ON p.id = r.payment_id AND p.mchid = %(mchid)s
        WHERE e.name IN {_HEARD} AND e.at >= %(since)s AND e.at < %(until)s
        AND e.storefront_id = %(storefront)s AND r.refund_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM kernel_event f
            WHERE f.key = e.key AND f.seq < e.seq AND f.name IN {_HEARD})
        AND NOT EXISTS (SELECT 1 FROM payments_billline l WHERE l.kind = 'refund'
            AND l.out_refund_no = r.out_refund_no AND l.storefront_id = r.storefront_id)
        AND NOT EXISTS (SELECT 1 FROM payments_billdifference d
            WHERE d.refund_id = r.id AND d.kind = 'missing_refund')""",  # noqa: S608
}


def match(*, bill: Bill, now: datetime) -> None:
    """Compare a downloaded trade bill with our books. Told twice, or by two at once, it is done once."""
    hear(bill=bill, now=now)
    with tenant(bill.storefront_id):
        row = lock_with_neighbours(bill)
        if row.state == "downloaded":
            for kind, select in SELECTS.items():
                keep_selected(bill=row, kind=kind, select=select, names=_names(row), now=now)
            conclude(bill=row, now=now)
    bill.refresh_from_db()


def conclude(*, bill: Bill, now: datetime) -> None:
    """The end of a comparison, in its transaction: cases, state, and word of it with the sums."""
    count = put_before_operators(bill=bill, now=now)
    facts = {
        "mchid": bill.mchid,
        "day": bill.day.isoformat(),
        "kind": bill.kind,
        "sales": bill.sales,
        "sales_fen": bill.sales_fen,
        "settled_fen": bill.settled_fen,
        "refunds": bill.refunds,
        "refunded_fen": bill.refunded_fen,
        "fee_fen": bill.fee_fen,
        "differences": count,
    }
    BILL.move(bill, "match", now=now, facts=facts, matched_at=now, differences=count, trouble="")


def hear(*, bill: Bill, now: datetime) -> None:
    """Let in by the doors what the bill tells of payments of ours and we have not heard.

    WeChat Pay is asked about a payment, for it tells more than the bill; where it does not answer, the bill
    itself is the report. Each is a transaction of its own, and none is open while WeChat Pay is asked. A line
    that cannot be written stops no other: it is a case that names it, and shows as a difference.
    """
    lines = (
        BillLine.objects.filter(bill=bill)
        .exclude(payment=None)
        .select_related("payment__order")
        .order_by("line")
    )
    for line in lines.filter(kind=BillLine.Kind.SALE, payment__transaction_id=None):
        assert line.payment is not None
        try:
            _settle(line, bill, now)
        except Exception as failure:
            put_before(payment=line.payment, failure=failure, now=now, **_place(line, bill))
    with connection.cursor() as cursor:
        cursor.execute(_UNHEARD_REFUNDS, {"bill": bill.pk})
        unheard = [row[0] for row in cursor.fetchall()]
    for line in lines.filter(pk__in=unheard):
        report = _refund_report(line, bill)
        try:
            take_in(storefront_id=bill.storefront_id, mchid=bill.mchid, report=report, source="bill", now=now)
        except Exception as failure:
            _refund_failing(line, bill, failure, now)


def _settle(line: BillLine, bill: Bill, now: datetime) -> None:
    assert line.payment is not None
    try:
        query(payment=line.payment, now=now)
    except Upstream as failure:
        log.warning("bill_query_failed", out_trade_no=line.out_trade_no, error=str(failure))
    settle(storefront_id=bill.storefront_id, mchid=bill.mchid, report=_report(line, bill), now=now)


def _place(line: BillLine, bill: Bill) -> dict[str, Any]:
    return {"day": bill.day.isoformat(), "bill": bill.kind, "line": line.line}


def _refund_failing(line: BillLine, bill: Bill, failure: Exception, now: datetime) -> None:
    """What a bill says of a refund cannot be written: settled with the next word of that refund's."""
    with tenant(bill.storefront_id):
        rows = Refund.objects.select_for_update().filter(payment=line.payment_id)
        if rows.filter(out_refund_no=line.out_refund_no, state="succeeded").exists():
            return  # told meanwhile, and no word comes after that
        open_failing(
            storefront_id=bill.storefront_id,
            kind=REFUND_FAILING,
            key=f"refund:{line.out_refund_no}",
            title="A refund cannot be worked on: something that nobody foresaw",
            facts={
                "out_refund_no": line.out_refund_no,
                "out_trade_no": line.out_trade_no,
                "merchant": bill.mchid,
                **_place(line, bill),
            },
            failure=failure,
            now=now,
        )


def _report(line: BillLine, bill: Bill) -> Transaction:
    """A sale of the bill as any other report of a payment; the bill says nothing more of the payer."""
    return Transaction(
        appid=line.appid,
        mchid=bill.mchid,
        out_trade_no=line.out_trade_no,
        transaction_id=line.transaction_id,
        trade_state=SUCCESS,
        success_time=line.at,
        openid=None,
        total_fen=line.order_fen,
        payer_total_fen=None,
        currency=line.currency,
        raw={},
    )


def _refund_report(line: BillLine, bill: Bill) -> RefundReport:
    """A refund of the bill as any other report of one."""
    assert line.payment is not None
    return RefundReport(
        out_refund_no=line.out_refund_no,
        refund_id=line.wechat_refund_id,
        out_trade_no=line.out_trade_no,
        transaction_id=line.transaction_id,
        mchid=bill.mchid,
        status=_STATUS.get(line.refund_state, line.refund_state),
        success_time=line.at,  # the day is right, and the bill knows no better
        refund_fen=line.refund_asked_fen,
        total_fen=line.payment.received_fen or 0,
        currency=line.currency,
        channel=line.refund_channel,
    )


def _names(bill: Bill) -> dict[str, Any]:
    """From when to when our payments must be in a bill that we have by now."""
    begin = datetime.combine(bill.day, time(), SHANGHAI)
    end = begin + timedelta(days=1)
    return {
        "storefront": bill.storefront_id,
        "bill": bill.pk,
        "mchid": bill.mchid,
        "since": begin - EDGE if is_there(bill, apart=-1) else begin,
        "until": end if is_there(bill, apart=1) else end - EDGE,
    }

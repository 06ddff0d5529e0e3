"""What moved on our accounts at WeChat Pay adds up to their balances and to the day's trades, or is told."""

from __future__ import annotations

import zlib
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum

from kernel.tenancy import tenant
from payments.models import Bill, BillDifference, BillLine
from payments.services.bills.differences import Found, keep
from payments.services.bills.matching import conclude
from payments.services.bills.neighbours import lock_with_neighbours

# 业务类型. Commission given back stands under a name of its own and lessens what was taken.
SALE, REFUND, PAYOUT = "交易", "退款", "提现"
FEE = "扣除交易手续费"
FEES = (FEE, "退回交易手续费", "退还手续费")
TRADED = {SALE: SALE, REFUND: REFUND, **dict.fromkeys(FEES, FEE)}

# What a movement is called: its type, or the name of its business where it has none.
NAME = "coalesce(nullif(business_type, ''), business)"
# What neither the trade bill nor a payout to the bank explains: complaints, top-ups, service fees …
OTHER = f"{NAME} <> ALL (%(known)s) AND business <> '{PAYOUT}'"
KNOWN = [*TRADED, PAYOUT]

# The rows whose balance is not that of the row before, more or less what they moved.
_JUMPS = """
SELECT line, balance, before + moved FROM (
    SELECT line, balance_fen AS balance, amount_fen AS moved,
           lag(balance_fen, 1, %(opening)s) OVER (ORDER BY line) AS before
    FROM payments_fundline WHERE bill_id = %(bill)s) AS walked
WHERE before IS NOT NULL AND before + moved <> balance ORDER BY line
"""
_MOVED = f"""
SELECT {NAME}, sum(amount_fen)::bigint FROM payments_fundline
JOIN payments_bill b ON b.id = bill_id
WHERE b.mchid = %(mchid)s AND b.day = %(day)s AND b.kind = ANY (%(kinds)s) GROUP BY 1 ORDER BY 1
"""  # noqa: S608  (our own names)
_OTHERS = f"""
SELECT {NAME}, sum(amount_fen)::bigint, count(*) FROM payments_fundline
WHERE bill_id = %(bill)s AND {OTHER} GROUP BY 1 ORDER BY 1
"""  # noqa: S608


def kinds() -> list[str]:
    """The bills of the accounts whose movements are fetched."""
    return [f"fund_{account.lower()}" for account in settings.BILL_ACCOUNTS]


def match_funds(*, bill: Bill, now: datetime) -> None:
    """Compare a downloaded fund-flow bill (资金账单), once all bills of its day are there; else nothing."""
    with tenant(bill.storefront_id):
        row = lock_with_neighbours(bill)
        day = Bill.objects.filter(mchid=row.mchid, day=row.day, downloaded_at__isnull=False)
        there = set(day.values_list("kind", flat=True))
        if row.state == "downloaded" and there >= {Bill.Kind.TRADE, *kinds(), row.kind}:
            keep(bill=row, found=[*_jumps(row), *_next_opening(row), *_others(row)], now=now)
            if row.kind == kinds()[0]:  # the sums are over all accounts: said once
                keep(bill=row, found=_sums(row), now=now)
            conclude(bill=row, now=now)
    bill.refresh_from_db()


def opening_fen(bill: Bill) -> int | None:
    """What lay on the account when the day began: the last balance told before, where no day between is
    missing; None where that is not known."""
    before = (
        Bill.objects.filter(mchid=bill.mchid, kind=bill.kind, day__lt=bill.day, closing_fen__isnull=False)
        .order_by("-day")
        .first()
    )
    return None if before is None or not _all_told(bill, before.day, bill.day) else before.closing_fen


def _all_told(bill: Bill, after: date, before: date) -> bool:
    """Whether the bill of each day between the two is there, were it empty."""
    between = Bill.objects.filter(
        mchid=bill.mchid, kind=bill.kind, day__gt=after, day__lt=before, downloaded_at__isnull=False
    )
    return between.count() == (before - after - timedelta(days=1)).days


def _jumps(bill: Bill) -> list[Found]:
    """The first jump of the day's balance, and how many more there are."""
    with connection.cursor() as cursor:
        cursor.execute(_JUMPS, {"bill": bill.pk, "opening": opening_fen(bill)})
        jumps = cursor.fetchmany(1000)
    if not jumps:
        return []
    line, balance, expected = jumps[0]
    says = f"line {line}" + (f", and {len(jumps) - 1} more" if len(jumps) > 1 else "")
    return [Found("fund_balance", bill.event_key, theirs_fen=balance, ours_fen=expected, says=says)]


def _next_opening(bill: Bill) -> list[Found]:
    """The jump into a day that was compared before this one came: its opening was not known then."""
    closing = bill.closing_fen if bill.closing_fen is not None else opening_fen(bill)
    later = (
        Bill.objects.filter(mchid=bill.mchid, kind=bill.kind, day__gt=bill.day, closing_fen__isnull=False)
        .order_by("day")
        .first()
    )
    if closing is None or later is None or later.state != "matched":
        return []
    first = later.movements.order_by("line").first()
    if first is None or not _all_told(bill, bill.day, later.day):
        return []
    says, expected = f"line {first.line}", closing + first.amount_fen
    # A day whose opening was known has told of it itself.
    told = BillDifference.objects.filter(bill=later, kind="fund_balance")
    if first.balance_fen == expected or told.filter(Q(says=says) | Q(says__startswith=f"{says},")).exists():
        return []
    key = f"{later.event_key}:opening"
    return [Found("fund_balance", key, theirs_fen=first.balance_fen, ours_fen=expected, says=says)]


def _others(bill: Bill) -> list[Found]:
    """One difference for each kind of movement that no trade and no payout explains, with its sum."""
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, {"bill": bill.pk, "known": KNOWN})
        rows = cursor.fetchall()
    return [
        Found("fund_other", _key(bill, name), theirs_fen=moved, ours_fen=0, says=f"{name} × {count}")
        for name, moved, count in rows
    ]


def _key(bill: Bill, name: str) -> str:
    """What a kind of movement of a day is filed under; a long name is cut and yet its own."""
    key = f"{bill.event_key}:{name}"
    return key if len(key) <= 80 else f"{key[:71]}~{zlib.crc32(name.encode()):08x}"


def _sums(bill: Bill) -> list[Found]:
    """One difference for each kind of business whose movements are not what the trade bill says."""
    trade = Bill.objects.get(mchid=bill.mchid, day=bill.day, kind=Bill.Kind.TRADE)
    moved = dict.fromkeys(TRADED.values(), 0)
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"mchid": bill.mchid, "day": bill.day, "kinds": kinds()})
        for name, amount in cursor.fetchall():
            if name in TRADED:
                moved[TRADED[name]] += amount
    refunded = BillLine.objects.filter(bill=trade, kind=BillLine.Kind.REFUND).aggregate(s=Sum("refund_fen"))
    traded = {SALE: trade.settled_fen, FEE: -trade.fee_fen, REFUND: -(refunded["s"] or 0)}
    return [
        Found("fund_sum", f"{bill.event_key}:{name}", theirs_fen=moved[name], ours_fen=amount, says=name)
        for name, amount in traded.items()
        if moved[name] != amount
    ]

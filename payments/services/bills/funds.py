"""What moved on our accounts at WeChat Pay adds up: to their balances, and to the trades of the day."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from kernel.tenancy import tenant
from payments.models import Bill, BillLine, FundLine
from payments.services.bills.differences import Found, keep
from payments.services.bills.matching import conclude

SALE, FEE, REFUND = "交易", "扣除交易手续费", "退款"  # 业务类型

# The rows whose balance is not that of the row before, more or less what they moved.
_JUMPS = """
SELECT line, balance, before + moved FROM (
    SELECT line, balance_fen AS balance, amount_fen AS moved,
           lag(balance_fen, 1, %(opening)s) OVER (ORDER BY line) AS before
    FROM payments_fundline WHERE bill_id = %(bill)s) AS walked
WHERE before IS NOT NULL AND before + moved <> balance ORDER BY line
"""


def kinds() -> list[str]:
    """The bills of the accounts whose movements are fetched."""
    return [f"fund_{account.lower()}" for account in settings.BILL_ACCOUNTS]


def match_funds(*, bill: Bill, now: datetime) -> None:
    """Compare a downloaded fund-flow bill (资金账单), once all bills of its day are there; else nothing."""
    with tenant(bill.storefront_id):
        row = Bill.objects.select_for_update().get(pk=bill.pk)
        day = Bill.objects.filter(mchid=row.mchid, day=row.day, downloaded_at__isnull=False)
        there = set(day.values_list("kind", flat=True))
        if row.state == "downloaded" and there >= {Bill.Kind.TRADE, *kinds(), row.kind}:
            keep(bill=row, found=_jumps(row), now=now)
            if row.kind == kinds()[0]:  # the sums are over all accounts: said once
                keep(bill=row, found=_sums(row), now=now)
            conclude(bill=row, now=now)
    bill.refresh_from_db()


def _jumps(bill: Bill) -> list[Found]:
    """The first jump of the day's balance, and how many more there are."""
    before = (
        Bill.objects.filter(mchid=bill.mchid, kind=bill.kind, day__lt=bill.day, closing_fen__isnull=False)
        .order_by("-day")
        .values_list("closing_fen", flat=True)
        .first()
    )
    with connection.cursor() as cursor:
        cursor.execute(_JUMPS, {"bill": bill.pk, "opening": before})
        jumps = cursor.fetchmany(1000)
    if not jumps:
        return []
    line, balance, expected = jumps[0]
    says = f"line {line}" + (f", and {len(jumps) - 1} more" if len(jumps) > 1 else "")
    return [Found("fund_balance", bill.event_key, theirs_fen=balance, ours_fen=expected, says=says)]


def _sums(bill: Bill) -> list[Found]:
    """One difference for each kind of business whose movements are not what the trade bill says."""
    trade = Bill.objects.get(mchid=bill.mchid, day=bill.day, kind=Bill.Kind.TRADE)
    moved = {
        row["business_type"]: row["sum"]
        for row in FundLine.objects.filter(bill__mchid=bill.mchid, bill__day=bill.day, bill__kind__in=kinds())
        .values("business_type")
        .annotate(sum=Sum("amount_fen"))
    }
    refunded = BillLine.objects.filter(bill=trade, kind=BillLine.Kind.REFUND).aggregate(s=Sum("refund_fen"))
    traded = {SALE: trade.settled_fen, FEE: -trade.fee_fen, REFUND: -(refunded["s"] or 0)}
    return [
        Found(
            "fund_sum", f"{bill.event_key}:{name}", theirs_fen=moved.get(name, 0), ours_fen=amount, says=name
        )
        for name, amount in traded.items()
        if moved.get(name, 0) != amount
    ]

"""Each difference is found once and becomes one case; of very many alike one case tells them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Sum

from kernel.cases import open_case
from kernel.models import Case
from kernel.tenancy import tenant
from payments.models import Bill, BillDifference

MOST_CASES = 100  # of one kind and bill: more are one mistake and not a hundred

TITLES = {
    "unknown_payment": "WeChat Pay tells of a payment that is not ours",
    "missing_payment": "A payment that we have as received is not in WeChat Pay's bill",
    "amount": "WeChat Pay's bill tells another amount of a payment",
    "state": "WeChat Pay's bill tells another state of a payment",
    "fee": "WeChat Pay took or gave back another fee than its own rate says",
    "unknown_refund": "WeChat Pay tells of a refund that is not ours",
    "missing_refund": "A refund that WeChat Pay accepted is not in its bill",
    "refund_amount": "WeChat Pay's bill tells another amount of a refund",
    "refund_state": "WeChat Pay's bill tells another state of a refund",
    "settled": "WeChat Pay owes another amount than was paid, and no coupon is the reason",
    "doubled": "WeChat Pay's bills tell of one payment or refund twice",
    "summary": "The summary of a bill is not the sum of its lines",
    "fund_balance": "The balance of an account at WeChat Pay jumps",
    "fund_sum": "What moved on the account is not what the trade bill says",
    "fund_other": "Money moved at WeChat Pay that no trade and no payout explains",
    "ledger_balance": "What moved at WeChat Pay on a day is not what the ledger says",
}


@dataclass(frozen=True)
class Found:
    """One difference; `key` is what it is about and what its case is filed under."""

    kind: str
    key: str
    theirs_fen: int | None = None
    ours_fen: int | None = None
    says: str = ""


def keep(*, bill: Bill, found: Iterable[Found], now: datetime) -> None:
    """Write differences down in the caller's transaction, which holds the bill's lock."""
    rows = [
        BillDifference(
            storefront_id=bill.storefront_id,
            bill=bill,
            kind=one.kind,
            key=one.key[:80],
            theirs_fen=one.theirs_fen,
            ours_fen=one.ours_fen,
            says=one.says,
            found_at=now,
        )
        for one in found
    ]
    BillDifference.objects.bulk_create(rows, ignore_conflicts=True)


def add(*, bill: Bill, found: Iterable[Found], now: datetime) -> None:
    """Differences that show only after the bill was compared; each that is new becomes a case. Locks the
    bill."""
    with tenant(bill.storefront_id):
        row = Bill.objects.select_for_update().get(pk=bill.pk)
        there = set(BillDifference.objects.filter(bill=row).values_list("kind", "key"))
        new = [one for one in found if (one.kind, one.key[:80]) not in there]
        if not new:
            return
        keep(bill=row, found=new, now=now)
        Bill.objects.filter(pk=row.pk).update(differences=F("differences") + len(new))
        for one in new:
            told = BillDifference.objects.get(bill=row, kind=one.kind, key=one.key[:80])
            _open(row, one.kind, told.key, _facts(told), now)


def keep_selected(*, bill: Bill, kind: str, select: str, names: dict[str, Any], now: datetime) -> None:
    """The same for those that `select` finds, without one of them passing through here.

    `select` yields key, theirs, ours, says, line, payment, refund.
    """
    statement = f"""
        INSERT INTO payments_billdifference
            (storefront_id, bill_id, kind, key, theirs_fen, ours_fen, says, line_id, payment_id, refund_id,
             found_at)
        SELECT %(storefront)s, %(bill)s, %(kind)s, left(key, 80), theirs, ours, left(says, 120), line,
               payment, refund, %(now)s
        FROM ({select}) AS found (key, theirs, ours, says, line, payment, refund)
        ON CONFLICT (bill_id, kind, key) DO NOTHING
    """  # noqa: S608  (`select` is written in this package)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**names, "kind": kind, "now": now})


def put_before_operators(*, bill: Bill, now: datetime) -> int:
    """Open a case for each difference of the bill; how many there are. In the transaction that found them,
    so that it happens once."""
    total = 0
    for kind in TITLES:
        rows = BillDifference.objects.filter(bill=bill, kind=kind)
        count = rows.count()
        total += count
        if count > MOST_CASES:
            sums = rows.aggregate(theirs=Sum("theirs_fen"), ours=Sum("ours_fen"))
            facts = {"number": count, "theirs_fen": sums["theirs"], "ours_fen": sums["ours"]}
            _open(bill, kind, bill.event_key, facts, now)
            continue
        for row in rows.select_related("payment__order", "refund").order_by("id"):
            _open(bill, kind, row.key, _facts(row), now)
    return total


def put_before_again(*, difference: BillDifference, now: datetime) -> None:
    """What was settled about a difference is to be looked at again; where its case is open, or the one of all
    of its kind, that one tells of it. In the caller's transaction, which holds the bill's lock."""
    bill = difference.bill
    keys = (difference.key, bill.event_key)
    told = Case.objects.filter(kind=f"bill.{difference.kind}", key__in=keys, state=Case.State.OPEN)
    if not told.exists():
        _open(bill, difference.kind, difference.key, _facts(difference), now)


def _facts(row: BillDifference) -> dict[str, Any]:
    facts: dict[str, Any] = {"theirs_fen": row.theirs_fen, "ours_fen": row.ours_fen, "says": row.says}
    if row.payment is not None:
        facts |= {"out_trade_no": row.payment.out_trade_no, "order": row.payment.order.number}
    if row.refund is not None:
        facts["out_refund_no"] = row.refund.out_refund_no
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _open(bill: Bill, kind: str, key: str, facts: dict[str, Any], now: datetime) -> None:
    open_case(
        storefront_id=bill.storefront_id,
        kind=f"bill.{kind}",
        key=key,
        title=TITLES[kind],
        facts={"merchant": bill.mchid, "day": bill.day.isoformat(), "bill": bill.kind, **facts},
        now=now,
    )

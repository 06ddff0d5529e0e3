"""What one bill missed and a later one tells is missing no more: its case ends, and what was posted for it in
between comes before an operator again, to be reversed."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from kernel.cases import settle_open
from kernel.tenancy import tenant
from payments.models import Bill, BillDifference, BillLine
from payments.services.bills.differences import put_before_again
from settlement.services.correct import left_open

Kind = BillDifference.Kind


def hear_late(*, bill: Bill, now: datetime) -> int:
    """Attend to the differences of other bills whose payment or refund this one tells; how many there are.

    Locks the bill of each. Told again it changes nothing.
    """
    late = _told_by(bill)
    for difference in late:
        with tenant(difference.storefront_id):
            Bill.objects.select_for_update().get(pk=difference.bill_id)
            if left_open(difference).fen:
                put_before_again(difference=difference, now=now)
            else:
                settle_told(difference=difference, by="system", note=f"in {bill}", now=now)
    return len(late)


def settle_told(*, difference: BillDifference, by: str, note: str, now: datetime) -> None:
    """Settle the case of a difference of which nothing is open, and the one of all of its kind with the last.

    Called by who holds the bill's row.
    """
    kinds = [f"bill.{difference.kind}"]
    settle_open(kinds=kinds, key=difference.key, by=by, note=note, now=now)
    alike = BillDifference.objects.filter(bill=difference.bill_id, kind=difference.kind)
    if not any(left_open(one).fen for one in alike.select_related("bill")):
        settle_open(kinds=kinds, key=difference.bill.event_key, by=by, note=note, now=now)


def _told_by(bill: Bill) -> list[BillDifference]:
    lines: QuerySet[BillLine] = BillLine.objects.filter(bill=bill)
    sales = lines.filter(kind=BillLine.Kind.SALE).values("transaction_id")
    refunds = lines.filter(kind=BillLine.Kind.REFUND).values("out_refund_no")
    missing = Q(kind=Kind.MISSING_PAYMENT, payment__transaction_id__in=sales) | Q(
        kind=Kind.MISSING_REFUND, refund__out_refund_no__in=refunds
    )
    found = BillDifference.objects.filter(missing, storefront=bill.storefront_id).exclude(bill=bill)
    return list(found.select_related("bill", "payment__order", "refund").order_by("id"))

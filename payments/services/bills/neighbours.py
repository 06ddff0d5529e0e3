"""Bills of adjoining days are compared one after the other, so that what lies between them is judged once."""

from __future__ import annotations

from datetime import timedelta

from payments.models import Bill


def lock_with_neighbours(bill: Bill) -> Bill:
    """The bill's row as it is now, locked with those of the days before and after it."""
    days = [bill.day + timedelta(days=apart) for apart in (-1, 0, 1)]
    rows = Bill.objects.select_for_update().filter(mchid=bill.mchid, kind=bill.kind, day__in=days)
    return {row.pk: row for row in rows.order_by("day")}[bill.pk]


def is_there(bill: Bill, *, apart: int) -> bool:
    """Whether the bill of the same kind, so many days apart, is in: its lines can be looked at."""
    day = bill.day + timedelta(days=apart)
    return Bill.objects.filter(
        mchid=bill.mchid, kind=bill.kind, day=day, downloaded_at__isnull=False
    ).exists()

"""At New Year in Shanghai what open orders hold reserved moves into the new year, however often this runs."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from compliance.services.allowance import allowance_carry
from kernel.clock import shanghai_day

_OPEN_ORDERS = """
SELECT e.order_number
FROM compliance_allowanceentry e JOIN compliance_allowanceaccount a ON a.id = e.account_id
WHERE a.year < %(year)s AND a.reserved > 0
GROUP BY e.order_number
HAVING sum(CASE 'reserved' WHEN e.target THEN e.amount WHEN e.source THEN -e.amount ELSE 0 END) > 0
ORDER BY min(e.id)
"""


def carry_over(*, now: datetime) -> int:
    """Move what orders hold reserved in past years into the year of `now`, an order a transaction; how many.

    Orders that are freed or used meanwhile have nothing to move any more; those that were placed in the last
    second of the year are found by the next run, and count for both years until then.
    """
    year = shanghai_day(now).year
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ORDERS, {"year": year})
        numbers = [row[0] for row in cursor.fetchall()]
    return sum(bool(allowance_carry(order_number=number, year=year, now=now)) for number in numbers)

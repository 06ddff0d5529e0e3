"""One person's year never exceeds the annual limit here, however many orders arrive at once.

Reserved at checkout, used when customs accepts the list, freed when the order ends before that (R1.8). Each
verb is one statement: the account's row is the lock, the ledger entry and the account move together, and the
same verb for the same order a second time changes nothing. Customs is authoritative; this is our estimate.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection

from kernel.errors import Conflict


class AllowanceBusy(Conflict):
    """The same order is being reserved at this moment by someone else."""

    code = "allowance_busy"
    title = "This order is being processed; try again in a moment."
    title_zh = "该订单正在处理中，请稍后再试。"


_RESERVE = """
WITH done AS (
    SELECT 1 FROM compliance_allowanceentry e JOIN compliance_allowanceaccount a ON a.id = e.account_id
    WHERE e.order_number = %(order)s AND e.kind = 'reserve' AND a.person_id = %(person)s AND a.year = %(year)s
), account AS (
    INSERT INTO compliance_allowanceaccount AS a (person_id, year, reserved_fen, used_fen)
    SELECT %(person)s, %(year)s, %(amount)s::bigint, 0
    WHERE %(amount)s::bigint <= %(limit)s::bigint AND NOT EXISTS (SELECT FROM done)
    ON CONFLICT (person_id, year) DO UPDATE SET reserved_fen = a.reserved_fen + excluded.reserved_fen
    WHERE a.reserved_fen + a.used_fen + excluded.reserved_fen <= %(limit)s::bigint
    RETURNING a.id
), entry AS (
    INSERT INTO compliance_allowanceentry (account_id, order_number, kind, amount_fen, at)
    SELECT id, %(order)s, 'reserve', %(amount)s::bigint, %(now)s FROM account
    RETURNING 1
)
SELECT EXISTS (SELECT FROM entry) OR EXISTS (SELECT FROM done)
"""

_FREE = """
WITH opened AS (
    SELECT e.account_id, e.amount_fen, a.person_id, a.year
    FROM compliance_allowanceentry e JOIN compliance_allowanceaccount a ON a.id = e.account_id
    WHERE e.order_number = %(order)s AND e.kind = 'reserve'
), ended AS (
    INSERT INTO compliance_allowanceentry (account_id, order_number, kind, amount_fen, at)
    SELECT account_id, %(order)s, 'free', amount_fen, %(now)s FROM opened
    ON CONFLICT (order_number, account_id) WHERE kind IN ('use', 'free') DO NOTHING
    RETURNING account_id, amount_fen
), moved AS (
    UPDATE compliance_allowanceaccount a SET reserved_fen = a.reserved_fen - ended.amount_fen
    FROM ended WHERE a.id = ended.account_id
    RETURNING ended.amount_fen
)
SELECT coalesce(sum(amount_fen), 0)::bigint FROM moved
"""

# The year of use is the year of acceptance: what was reserved in another year is freed there and used here.
_USE = """
WITH opened AS (
    SELECT e.account_id, e.amount_fen, a.person_id, a.year
    FROM compliance_allowanceentry e JOIN compliance_allowanceaccount a ON a.id = e.account_id
    WHERE e.order_number = %(order)s AND e.kind = 'reserve'
), ended AS (
    INSERT INTO compliance_allowanceentry (account_id, order_number, kind, amount_fen, at)
    SELECT account_id, %(order)s, CASE WHEN year = %(year)s THEN 'use' ELSE 'free' END, amount_fen, %(now)s
    FROM opened
    ON CONFLICT (order_number, account_id) WHERE kind IN ('use', 'free') DO NOTHING
    RETURNING account_id, kind, amount_fen
), moved AS (
    UPDATE compliance_allowanceaccount a
    SET reserved_fen = a.reserved_fen - ended.amount_fen,
        used_fen = a.used_fen + CASE WHEN ended.kind = 'use' THEN ended.amount_fen ELSE 0 END
    FROM ended WHERE a.id = ended.account_id
    RETURNING ended.amount_fen
), other_year AS (
    INSERT INTO compliance_allowanceaccount AS a (person_id, year, reserved_fen, used_fen)
    SELECT opened.person_id, %(year)s, 0, ended.amount_fen
    FROM ended JOIN opened USING (account_id) WHERE ended.kind = 'free'
    ON CONFLICT (person_id, year) DO UPDATE SET used_fen = a.used_fen + excluded.used_fen
    RETURNING a.id, a.person_id
), other_entry AS (
    INSERT INTO compliance_allowanceentry (account_id, order_number, kind, amount_fen, at)
    SELECT other_year.id, %(order)s, 'use', opened.amount_fen, %(now)s
    FROM other_year JOIN opened USING (person_id)
    RETURNING 1
)
SELECT coalesce(sum(amount_fen), 0)::bigint FROM moved
"""


def allowance_reserve(
    *, person_id: UUID, order_number: str, amount_fen: int, limit_fen: int, year: int, now: datetime
) -> bool:
    """Reserve `amount_fen` of the person's year (in Shanghai) if it fits under `limit_fen`, in one statement.

    False when it does not fit, and then nothing is written. The same order again is True and changes
    nothing. Raises AllowanceBusy when the same order is reserved twice in the same instant (the caller's
    transaction is then to be rolled back), ValueError for an amount that is not positive.
    """
    if amount_fen <= 0:
        raise ValueError("an allowance is reserved for a positive amount")
    try:
        return bool(
            _run(
                _RESERVE,
                person=person_id,
                order=order_number,
                amount=amount_fen,
                limit=limit_fen,
                year=year,
                now=now,
            )
        )
    except IntegrityError as clash:
        raise AllowanceBusy() from clash


def allowance_free(*, order_number: str, now: datetime) -> int:
    """Give back what an order holds reserved; how many fen, 0 when it was freed or used before."""
    return _run(_FREE, order=order_number, now=now)


def allowance_use(*, order_number: str, year: int, now: datetime) -> int:
    """Turn what an order holds reserved into used, in the year in which customs accepted the list.

    How many fen; 0 when it was used or freed before. The limit is not asked: customs has decided.
    """
    return _run(_USE, order=order_number, year=year, now=now)


def _run(statement: str, **values: UUID | str | int | datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])

"""The books of the allowance: a movement and the balances that it changes are written in one statement.

Whoever moves something later than at checkout takes one person at a time, reads what an order holds, and
posts what moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from compliance.models import MOVES

_LOCK = """
SELECT id FROM compliance_allowanceaccount
WHERE person_id IN (SELECT a.person_id FROM compliance_allowanceentry e
    JOIN compliance_allowanceaccount a ON a.id = e.account_id WHERE e.order_number = %(order)s)
    OR person_id = %(more)s::uuid
ORDER BY person_id, year, measure <> 'value', measure FOR NO KEY UPDATE
"""
_HELD = """
SELECT a.id, a.person_id, a.year, a.measure,
       sum(CASE 'reserved' WHEN e.target THEN e.amount WHEN e.source THEN -e.amount ELSE 0 END)::bigint,
       sum(CASE 'used' WHEN e.target THEN e.amount WHEN e.source THEN -e.amount ELSE 0 END)::bigint,
       a.used
FROM compliance_allowanceentry e JOIN compliance_allowanceaccount a ON a.id = e.account_id
WHERE e.order_number = %(order)s
GROUP BY a.id ORDER BY a.year, a.measure <> 'value', a.measure
"""
_OPEN = """
INSERT INTO compliance_allowanceaccount AS a (person_id, year, measure, reserved, used)
SELECT %(person)s, %(year)s, measure, 0, 0
FROM unnest(%(measures)s::text[]) WITH ORDINALITY AS m(measure, place) ORDER BY place
ON CONFLICT (person_id, year, measure) DO UPDATE SET reserved = a.reserved
RETURNING measure, id
"""
_POST = """
WITH posted AS (
    INSERT INTO compliance_allowanceentry
        (account_id, order_number, reference, kind, source, target, amount, at)
    SELECT account, %(order)s, %(reference)s, kind, source, target, amount, %(now)s
    FROM unnest(%(accounts)s::bigint[], %(kinds)s::text[], %(sources)s::text[], %(targets)s::text[],
        %(amounts)s::bigint[]) AS m(account, kind, source, target, amount)
    ON CONFLICT (order_number, kind, reference, account_id) DO NOTHING
    RETURNING account_id, source, target, amount
), balanced AS (
    UPDATE compliance_allowanceaccount a SET reserved = a.reserved + d.reserved, used = a.used + d.used
    FROM (SELECT account_id,
              sum(CASE 'reserved' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END) AS reserved,
              sum(CASE 'used' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END) AS used
          FROM posted GROUP BY account_id) d
    WHERE a.id = d.account_id
    RETURNING a.id
)
SELECT a.measure, sum(posted.amount)::bigint
FROM posted JOIN compliance_allowanceaccount a ON a.id = posted.account_id GROUP BY a.measure
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What one order still holds of one account, and what the account holds of all orders as used."""

    account_id: int
    person_id: UUID
    year: int
    measure: str
    reserved: int
    used: int
    account_used: int


@dataclass(frozen=True, slots=True)
class Movement:
    """An amount of one account that moves as models.MOVES says of its kind."""

    account_id: int
    kind: str
    amount: int


@contextmanager
def one_at_a_time(order_number: str) -> Iterator[None]:
    """One transaction in which nobody else moves anything of the order's person, or of its former ones.

    The lock is a statement of its own, because what is read next must be younger than the lock.
    """
    with transaction.atomic(savepoint=False):
        lock_people(order_number)
        yield


def lock_people(order_number: str, more: UUID | None = None) -> None:
    """Hold the accounts of whoever the order has taken anything of, and of `more`, person by person."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"order": order_number, "more": more})


def held_by(order_number: str) -> list[Held]:
    """What an order holds, an account each."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"order": order_number})
        return [Held(*row) for row in cursor.fetchall()]


def accounts(*, person_id: UUID, year: int, measures: Iterable[str]) -> dict[str, int]:
    """The accounts of a person's year by measure, opened where there is none yet, and locked."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"person": person_id, "year": year, "measures": list(measures)})
        return dict(cursor.fetchall())


def post(
    *, movements: Iterable[Movement], order_number: str = "", reference: str = "", now: datetime
) -> dict[str, int]:
    """Write the movements that are not nothing, with their accounts' balances; how much of each measure.

    A movement of the same order, kind, reference and account a second time is none.
    """
    some = [movement for movement in movements if movement.amount > 0]
    if not some:
        return {}
    values: dict[str, Any] = {
        "order": order_number,
        "reference": reference,
        "accounts": [movement.account_id for movement in some],
        "kinds": [str(movement.kind) for movement in some],
        "sources": [MOVES[movement.kind][0] for movement in some],
        "targets": [MOVES[movement.kind][1] for movement in some],
        "amounts": [movement.amount for movement in some],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_POST, values)
        return dict(cursor.fetchall())

"""One person's year never exceeds its limits here, however many orders arrive at once.

A year is counted in measures: the value in fen (R1.8) and grams for each group of goods that has a limit of
its own (R1.9). Reserving is one statement, all measures or none. The later verbs take one person at a time,
read what the order still holds and move it; the same verb for the same reference a second time changes
nothing. Every movement goes from one bucket to another (models.MOVES). Customs is authoritative; this is our
estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from compliance.models import VALUE, AllowanceEntry
from compliance.services.allowance_books import Movement, accounts, held_by, one_at_a_time, post
from kernel.clock import shanghai_day
from kernel.errors import Conflict

Kind = AllowanceEntry.Kind


class AllowanceBusy(Conflict):
    """Another order of the same person is being reserved at this moment; trying again decides."""

    code = "allowance_busy"
    title = "This order is being processed; try again in a moment."
    title_zh = "该订单正在处理中，请稍后再试。"


class MoreThanUsed(Conflict):
    """A return cannot give back more of the year than its order has used and not given back yet."""

    code = "allowance_more_than_used"
    title = "The order has not used that much of the allowance."
    title_zh = "退回的额度超过该订单已使用的额度。"


# What is reserved in other years counts too: it is used in the year in which customs accepts the list. The
# value comes first everywhere: its row is the person's queue, so that nobody waits with another row in hand.
_RESERVE = """
WITH own AS (
    SELECT measure, year, reserved, used FROM compliance_allowanceaccount WHERE person_id = %(person)s
    ORDER BY year, measure <> 'value', measure FOR NO KEY UPDATE
), wanted AS (
    SELECT w.measure, w.amount, w.place,
           w."limit" - coalesce(sum(own.reserved) FILTER (WHERE own.year <> %(year)s), 0) AS room,
           coalesce(sum(own.reserved) FILTER (WHERE own.year = %(year)s), 0)
               + coalesce(max(own.used) FILTER (WHERE own.year >= %(year)s), 0) AS taken
    FROM (VALUES {rows}) AS w(measure, amount, "limit", place) LEFT JOIN own USING (measure)
    GROUP BY w.measure, w.amount, w."limit", w.place
), account AS (
    INSERT INTO compliance_allowanceaccount AS a (person_id, year, measure, reserved, used)
    SELECT %(person)s, %(year)s, measure, amount, 0 FROM wanted
    WHERE (SELECT bool_and(taken + amount <= room) FROM wanted) AND NOT EXISTS (
        SELECT FROM compliance_allowanceentry
        WHERE order_number = %(order)s AND reference = %(reference)s AND kind = 'reserve')
    ORDER BY place
    ON CONFLICT (person_id, year, measure) DO UPDATE SET reserved = a.reserved + excluded.reserved
    WHERE a.reserved + a.used + excluded.reserved
        <= (SELECT room FROM wanted WHERE wanted.measure = excluded.measure)
    RETURNING a.id, a.measure
), entry AS (
    INSERT INTO compliance_allowanceentry
        (account_id, order_number, reference, kind, source, target, amount, at)
    SELECT account.id, %(order)s, %(reference)s, 'reserve', 'left', 'reserved', amount, %(now)s
    FROM account JOIN wanted USING (measure) ORDER BY place
    RETURNING 1
)
SELECT count(*) FROM entry
"""
_WANTED = "(%(measure_{n})s::text, %(amount_{n})s::bigint, %(limit_{n})s::bigint, {n})"


def allowance_reserve(
    *,
    person_id: UUID,
    order_number: str,
    wanted: Mapping[str, tuple[int, int]],
    year: int,
    now: datetime,
    reference: str = "",
) -> bool:
    """Reserve of the person's year (in Shanghai), for each measure an (amount, limit), in one statement.

    The value is in fen, everything else in grams. False when any amount does not fit, and then nothing is
    written. The same order and reference again is True and changes nothing; an order whose reservation was
    freed reserves again under another reference. Raises AllowanceBusy where the same order, or the first of a
    measure, is reserved twice in the same instant (the surrounding transaction is then rolled back),
    ValueError for an amount that is not positive.
    """
    if not wanted or any(amount <= 0 for amount, _ in wanted.values()):
        raise ValueError("an allowance is reserved for positive amounts")
    values: dict[str, Any] = {
        "person": person_id,
        "order": order_number,
        "reference": reference,
        "year": year,
        "now": now,
    }
    for n, measure in enumerate(sorted(wanted, key=lambda measure: (measure != VALUE, measure))):
        amount, limit = wanted[measure]
        values |= {f"measure_{n}": measure, f"amount_{n}": amount, f"limit_{n}": limit}
    try:
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            queue_at_new_year(person_id=person_id, now=now)
            cursor.execute(_reserve(len(wanted)), values)
            reserved = cursor.fetchone()[0]
            if 0 < reserved < len(wanted):
                raise AllowanceBusy()
    except IntegrityError as clash:
        raise AllowanceBusy() from clash
    done = AllowanceEntry.objects.filter(order_number=order_number, reference=reference, kind=Kind.RESERVE)
    return reserved > 0 or done.exists()


def allowance_use(*, order_number: str, year: int, now: datetime, reference: str = "") -> dict[str, int]:
    """Turn what an order holds reserved into used, in the year in which customs accepted the list.

    How much of each measure; nothing where it was used or freed before. The limit is not asked: customs has
    decided.
    """
    with one_at_a_time(order_number):
        held = held_by(order_number)
        if any(h.reserved and h.year != year for h in held):
            allowance_carry(order_number=order_number, year=year, now=now)
            held = held_by(order_number)
        movements = [Movement(h.account_id, Kind.USE, h.reserved) for h in held]
        return post(movements=movements, order_number=order_number, reference=reference, now=now)


def allowance_free(*, order_number: str, now: datetime, reference: str = "") -> dict[str, int]:
    """Give back all that an order holds: it ended, its list was rejected (100) or cancelled (624 = 399).

    How much of each measure; nothing where it holds nothing any more.
    """
    with one_at_a_time(order_number):
        held = held_by(order_number)
        movements = [Movement(h.account_id, Kind.FREE, h.reserved) for h in held]
        movements += [Movement(h.account_id, Kind.RESTORE, min(h.used, h.account_used)) for h in held]
        return post(movements=movements, order_number=order_number, reference=reference, now=now)


def allowance_reopen(*, order_number: str, reference: str, now: datetime) -> dict[str, int]:
    """Hold reserved again what an order has used: customs refused (100) a list that it had accepted (120).

    The order is declared anew, or ends and frees it. `reference` names that list. How much of each measure.
    """
    with one_at_a_time(order_number):
        held = held_by(order_number)
        movements = [Movement(h.account_id, Kind.REOPEN, min(h.used, h.account_used)) for h in held]
        return post(movements=movements, order_number=order_number, reference=reference, now=now)


def allowance_lessen(
    *, order_number: str, reference: str, amounts: Mapping[str, int], now: datetime
) -> dict[str, int]:
    """Give back, of what an order holds reserved, the share of pieces refunded before anything was declared.

    `reference` names what took them: the same one again changes nothing. How much of each measure: at most
    what the order holds of it.
    """
    if not reference:
        raise ValueError("what lessens an order's share has a name")
    with one_at_a_time(order_number):
        done = AllowanceEntry.objects.filter(order_number=order_number, kind=Kind.FREE, reference=reference)
        if done.exists():
            return {}
        left, movements = dict(amounts), []
        for h in held_by(order_number):
            amount = min(left.get(h.measure, 0), h.reserved)
            if amount > 0:
                left[h.measure] -= amount
                movements.append(Movement(h.account_id, Kind.FREE, amount))
        return post(movements=movements, order_number=order_number, reference=reference, now=now)


def allowance_restore(
    *, order_number: str, reference: str, amounts: Mapping[str, int], now: datetime
) -> dict[str, int]:
    """Give back, to the year in which it was used, what an accepted return (626 = 399) has brought back.

    `reference` is the return's: the same one again changes nothing. How much of each measure: less than asked
    where customs' own figure has taken it off the account before. Raises MoreThanUsed where the order has not
    used that much of a measure, or has given it back already; nothing is written then.
    """
    with one_at_a_time(order_number):
        done = AllowanceEntry.objects.filter(
            order_number=order_number, kind=Kind.RESTORE, reference=reference
        )
        if done.exists():
            return {}
        used = {h.measure: h for h in held_by(order_number) if h.used}
        if all(measure in used and amount <= used[measure].used for measure, amount in amounts.items()):
            movements = [
                Movement(used[m].account_id, Kind.RESTORE, min(amount, used[m].account_used))
                for m, amount in amounts.items()
            ]
            return post(movements=movements, order_number=order_number, reference=reference, now=now)
    raise MoreThanUsed()


def allowance_carry(*, order_number: str, year: int, now: datetime) -> dict[str, int]:
    """Move what an order holds reserved in any other year into `year`; how much of each measure.

    The limit is not asked: reserving has counted it for every year already.
    """
    with one_at_a_time(order_number):
        due = [h for h in held_by(order_number) if h.reserved and h.year != year]
        if not due:
            return {}
        there = accounts(person_id=due[0].person_id, year=year, measures=[h.measure for h in due])
        movements = [Movement(h.account_id, Kind.CARRY_OUT, h.reserved) for h in due]
        movements += [Movement(there[h.measure], Kind.CARRY_IN, h.reserved) for h in due]
        post(movements=movements, order_number=order_number, reference=str(year), now=now)
        return {h.measure: h.reserved for h in due}


def queue_at_new_year(*, person_id: UUID, now: datetime) -> None:
    """Within an hour of New Year in Shanghai, before or after, whoever reserves of a person waits in line.

    Two years at once: one's first account is not seen from the other.
    """
    hour = timedelta(hours=1)
    if shanghai_day(now - hour).year == shanghai_day(now + hour).year:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(person_id)])


@cache
def _reserve(count: int) -> str:
    """The statement for so many measures."""
    return _RESERVE.format(rows=", ".join(_WANTED.format(n=n) for n in range(count)))

"""What an order holds of one person's year passes to another's in one transaction, or stays where it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from compliance.models import AllowanceEntry
from compliance.services.allowance import allowance_reserve, queue_at_new_year
from compliance.services.allowance_books import Movement, held_by, lock_people, post


class _TooMuch(Exception):
    """It does not fit into the other person's year."""


def allowance_pass_on(
    *,
    order_number: str,
    to: UUID,
    limits: Mapping[str, int],
    year: int,
    reference: str,
    now: datetime,
) -> bool:
    """Free what the order holds reserved and reserve as much of the year of `to`, by measure.

    `limits` are those of one person's year. False when it does not fit, and then nothing is written. What is
    held by `to` already stays. `reference` says what moved it and is new each time. Raises AllowanceBusy as
    `allowance_reserve`.
    """
    try:
        with transaction.atomic():
            queue_at_new_year(person_id=to, now=now)
            lock_people(order_number, to)
            held = [h for h in held_by(order_number) if h.reserved and h.person_id != to]
            free = [Movement(h.account_id, AllowanceEntry.Kind.FREE, h.reserved) for h in held]
            post(movements=free, order_number=order_number, reference=reference, now=now)
            amounts: dict[str, int] = {}
            for h in held:
                amounts[h.measure] = amounts.get(h.measure, 0) + h.reserved
            if amounts and not allowance_reserve(
                person_id=to,
                order_number=order_number,
                wanted={measure: (amount, limits[measure]) for measure, amount in amounts.items()},
                year=year,
                reference=reference,
                now=now,
            ):
                raise _TooMuch()
    except _TooMuch:
        return False
    return True

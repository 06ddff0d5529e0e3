"""Nothing of an order that was never paid leads to its person any more: they have closed their account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from compliance import vault
from orders.models import Order


def untie(*, orders: Iterable[Order], now: datetime) -> None:
    """Destroy the keys of ended, unpaid orders and cut all that ties them to a person, for good.

    What they moved of the yearly allowance cancels out and goes; the order, its lines and its judgements stay
    as nobody's. The database refuses an order of someone whose account is open, a paid one, one that money
    came for, and one that still holds something.
    """
    found = list(orders)
    for order in found:
        vault.destroy_key(key_id=order.key_id, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT orders_untie(%s::text[])", [[order.number for order in found]])

"""What of an order has gone back to who paid: payments knows it, orders asks it here, and never guesses.

Orders stands below payments and shares what went back with logistics, which is a stranger to payments. So the
house installs at its start who answers (`backend/apps.py`), and who asks before that is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orders.models import Order

SHARES = ("goods_fen", "discount_fen", "freight_fen", "duty_fen", "vat_fen", "excise_fen")


class GivenBack(Protocol):
    """What one refund gives back of a line: pieces, with the shares of `SHARES` as columns."""

    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What of a line has gone back before, or is on its way."""

    quantity: int
    shares: Mapping[str, int]


NOTHING = Returned(0, dict.fromkeys(SHARES, 0))


@dataclass(frozen=True, slots=True)
class Back:
    """What of an order has arrived at who paid: by line, and in all, with what no line gave."""

    lines: Mapping[int, Returned]
    fen: int


@dataclass
class Wiring:
    """Who answers; installed once, at the start."""

    back: Callable[[Order], Back] | None = field(default=None)


wiring = Wiring()


def back_of(order: Order) -> Back:
    """What of the order has gone back, now. Raises RuntimeError where nobody was installed who knows."""
    if wiring.back is None:
        raise RuntimeError("nobody was installed who knows what has gone back")
    return wiring.back(order)


def returned(rows: Iterable[GivenBack]) -> dict[int, Returned]:
    """Line → what `rows` give back of it, summed."""
    sums: dict[int, Returned] = {}
    for row in rows:
        before = sums.get(row.line_id, NOTHING)
        sums[row.line_id] = Returned(
            before.quantity + row.quantity,
            {name: before.shares[name] + getattr(row, name) for name in SHARES},
        )
    return sums

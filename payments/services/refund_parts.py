"""What a number of pieces gives back, to the fen: cumulative shares, so that the last piece takes the rest.

Each line carries its shares of goods, discount, freight and every tax. Of a share S of Q pieces, r of which
have gone back, q more bring the sum of what was given to floor(S·(r+q)/Q): whatever the sequence, all pieces
together give back exactly S.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orders.models import OrderLine
from payments.models import RefundLine

SHARES = ("goods_fen", "discount_fen", "freight_fen", "duty_fen", "vat_fen", "excise_fen")
TAXES = ("duty_fen", "vat_fen", "excise_fen")


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces of one line, or none, with the shares that go back with them."""

    line: OrderLine
    quantity: int
    shares: Mapping[str, int]

    @property
    def tax_fen(self) -> int:
        """Duty, VAT and excise together."""
        return sum(self.shares[name] for name in TAXES)

    @property
    def amount_fen(self) -> int:
        """What it comes to: goods less what coupons paid of them, freight, tax."""
        shares = self.shares
        return shares["goods_fen"] - shares["discount_fen"] + shares["freight_fen"] + self.tax_fen


@dataclass(frozen=True, slots=True)
class Returned:
    """What of a line has gone back before, or is on its way."""

    quantity: int
    shares: Mapping[str, int]


NOTHING = Returned(0, dict.fromkeys(SHARES, 0))


def returned(rows: Iterable[RefundLine]) -> dict[int, Returned]:
    """Line → what has gone back of it, over `rows`, which are those of refunds that are not closed."""
    sums: dict[int, Returned] = {}
    for row in rows:
        before = sums.get(row.line_id, NOTHING)
        sums[row.line_id] = Returned(
            before.quantity + row.quantity,
            {name: before.shares[name] + getattr(row, name) for name in SHARES},
        )
    return sums


def part(line: OrderLine, quantity: int, before: Returned, *, freight: bool = True) -> Part:
    """Shares of `quantity` more pieces of a line, at most what is left of it, with `freight` or without."""
    gone = before.quantity + quantity
    if quantity <= 0 or gone > line.quantity:
        raise ValueError("more pieces than are left")
    shares = {
        name: max(0, getattr(line, name) * gone // line.quantity - before.shares[name]) for name in SHARES
    }
    if not freight:
        shares["freight_fen"] = 0
    return Part(line, quantity, shares)


def rest(line: OrderLine, before: Returned) -> Part:
    """What of a line stayed when its last piece went back: freight, where it was withheld."""
    return Part(line, 0, {name: max(0, getattr(line, name) - before.shares[name]) for name in SHARES})

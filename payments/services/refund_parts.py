"""What a number of pieces gives back, to the fen: cumulative shares, so that the last piece takes the rest.

Each line carries its shares of goods, discount, freight and every tax. Of a share S of Q pieces, r of which
have gone back, q more bring the sum of what was given to floor(S·(r+q)/Q): whatever the sequence, all pieces
together give back exactly S.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Sum

from orders.given_back import NOTHING, SHARES, Back, Returned, returned
from orders.models import Order, OrderLine
from payments.models import Refund, RefundLine

__all__ = ["NOTHING", "SHARES", "TAXES", "Part", "Returned", "back_of", "part", "rest", "returned"]

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


def back_of(order: Order) -> Back:
    """What of an order has gone back for certain; what is on its way is not."""
    arrived = Refund.objects.filter(order=order, state="succeeded").exclude(kind=Refund.Kind.STRAY)
    lines = RefundLine.objects.filter(refund__order=order, refund__state="succeeded")
    return Back(returned(lines), arrived.aggregate(sum=Sum("amount_fen", default=0))["sum"])


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

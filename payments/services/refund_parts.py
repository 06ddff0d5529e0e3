"""What a number of pieces gives back, to the fen: cumulative shares, so that the last piece takes the rest.

Each line carries its shares of goods, discount, freight and every tax. Of a share S of Q pieces, r of which
have gone back, q more bring the sum of what was given to floor(S·(r+q)/Q): whatever the sequence, all pieces
together give back exactly S. Tax is not shared so: what goes back of each kind is what customs levies less on
what is left, so that payment, list and levy agree to the fen; the parts share it as they would have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Sum

from kernel.money import share
from orders.given_back import NOTHING, SHARES, Back, Returned, returned
from orders.models import Order, OrderLine
from orders.services.left_tax import TAXES, Left, tax_left
from payments.models import Refund, RefundLine

__all__ = ["NOTHING", "SHARES", "TAXES", "Part", "Returned", "back_of", "part", "rest", "returned"]


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


def with_tax(
    order: Order, lines: Sequence[OrderLine], gone: Mapping[int, Returned], parts: Sequence[Part]
) -> list[Part]:
    """The parts, their tax being what is levied less on the rest of the order once they are gone."""
    if not order.tax_fen or not parts:
        return list(parts)
    taken = {one.line.pk: one for one in parts}
    left = {}
    for line in lines:
        before, now = gone.get(line.pk, NOTHING), taken.get(line.pk)
        quantity, freight_fen = before.quantity, before.shares["freight_fen"]
        if now is not None:
            quantity, freight_fen = quantity + now.quantity, freight_fen + now.shares["freight_fen"]
        left[line.pk] = Left(line.quantity - quantity, line.freight_fen - freight_fen)
    stays = tax_left(order=order, lines=lines, left=left)
    shares = [dict(one.shares) for one in parts]
    for name in TAXES:
        owed = getattr(order, name) - sum(one.shares[name] for one in gone.values())
        back = max(0, owed - stays[name])
        for own, fen in zip(shares, share(back, [own[name] for own in shares]), strict=True):
            own[name] = fen
    return [replace(one, shares=own) for one, own in zip(parts, shares, strict=True)]

"""For any order: from which published price and which public promotion its price follows, and nothing else.

What goes in is the goods, the instant of the quote and the coupon's terms; nothing about the person does.
Freight is the warehouse's, the same for everyone; tax follows from the tariff.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.models import PublicPrice
from catalog.published import Published, published
from orders.models import Coupon, Order, OrderLine


@dataclass(frozen=True, slots=True)
class ProvedLine:
    """One line: what was charged, and what was published of it at the instant of the quote."""

    sku: str
    quantity: int
    goods_fen: int
    public: Published | None

    @property
    def cut(self) -> PublicPrice | None:
        """The public price cut that was in force, if one was."""
        return self.public.cut if self.public else None

    @property
    def holds(self) -> bool:
        """Whether the line costs what the published price says."""
        return self.public is not None and self.goods_fen == self.public.present_fen * self.quantity


@dataclass(frozen=True, slots=True)
class PriceProof:
    """The proof of one order; `coupon_fen` is what its coupon's terms give for these goods, 0 without."""

    number: str
    quoted_at: datetime
    lines: tuple[ProvedLine, ...]
    goods_fen: int
    coupon: Coupon | None
    coupon_fen: int
    discount_fen: int

    @property
    def holds(self) -> bool:
        """Whether the whole price of the goods follows from public price and public promotion alone."""
        return (
            all(line.holds for line in self.lines)
            and sum(line.goods_fen for line in self.lines) == self.goods_fen
            and self.discount_fen == self.coupon_fen
        )


def price_proof(order: Order) -> PriceProof:
    """Derive the order's price anew from what was public when its quote was made; in three statements.

    A coupon is public when everyone may claim it on the same terms; until when it could be used was judged at
    checkout, its amount and threshold never change.
    """
    quoted_at = order.quote.made_at
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    public = published([line.variant_id for line in lines], quoted_at)
    coupon = order.claim.coupon if order.claim else None
    return PriceProof(
        number=order.number,
        quoted_at=quoted_at,
        lines=tuple(
            ProvedLine(line.sku, line.quantity, line.goods_fen, public.get(line.variant_id)) for line in lines
        ),
        goods_fen=order.goods_fen,
        coupon=coupon,
        coupon_fen=_coupon_fen(coupon, order.goods_fen, quoted_at),
        discount_fen=order.discount_fen,
    )


def _coupon_fen(coupon: Coupon | None, goods_fen: int, at: datetime) -> int:
    if coupon is None or at < coupon.starts_at or goods_fen < coupon.from_goods_fen:
        return 0
    return min(coupon.reduces_fen, goods_fen)

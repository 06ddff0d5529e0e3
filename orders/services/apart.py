"""What cannot be one order is told as orders that can be placed, and as what cannot be ordered, line by line.

Each group that is told is accepted when it is ordered alone, to the same address and in the same quantity;
each SKU stands in one list only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inventory.queries import Offer
from kernel.errors import Conflict


@dataclass(frozen=True, slots=True)
class Line:
    """One SKU of a basket; the weight is that of a piece, packed for sale."""

    variant_id: int
    sku: str
    weight_g: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Place:
    """A warehouse that has some of the goods, and whether it delivers to the address's province."""

    offer: Offer
    delivers: bool

    def has(self, line: Line) -> int:
        """Pieces of a line's SKU that may be promised here."""
        return self.offer.available.get(line.variant_id, 0)

    def fits(self, line: Line) -> int:
        """How many pieces of a line's SKU one parcel holds beside its carton."""
        return max(0, self.offer.parcel_limit_g - self.offer.packing_g) // max(1, line.weight_g)

    def weighs(self, lines: Sequence[Line]) -> int:
        """The parcel of these lines, with carton and filling."""
        return self.offer.packing_g + sum(line.weight_g * line.quantity for line in lines)

    def ships(self, lines: Sequence[Line]) -> bool:
        """Whether the pieces are here and one parcel holds them; where it goes is asked elsewhere."""
        enough = all(self.has(line) >= line.quantity for line in lines)
        return enough and self.weighs(lines) <= self.offer.parcel_limit_g

    def most(self, lines: Sequence[Line]) -> list[Line]:
        """As many of the lines as one order from here can have: the lightest first, then as they stand."""
        taken: list[Line] = []
        for line in sorted(lines, key=lambda one: one.weight_g * one.quantity):
            if self.delivers and self.ships([*taken, line]):
                taken.append(line)
        return [line for line in lines if line in taken]


@dataclass(eq=False)
class Apart(Conflict):
    """No single warehouse ships everything in one parcel to this address: the consumer decides what to order.

    `groups` are orders that can be placed, the largest first. The other lines cannot be ordered as they
    stand: `short` are those of which no warehouse that delivers there has enough (`available` can be
    ordered), `heavy` those that fit no single parcel (`at_most` pieces do), and `undelivered` is what
    nobody delivers to this region.
    """

    groups: list[dict[str, Any]]
    short: list[dict[str, Any]]
    heavy: list[dict[str, Any]]
    undelivered: list[str]


class CannotShipTogether(Apart):
    """The pieces are not all in one warehouse."""

    code = "cannot_ship_together"
    title = "These items cannot be shipped in one order; order them apart or change the quantities."
    title_zh = "以下商品无法合并为一单发货，请分开下单或调整数量。"


@dataclass(eq=False)
class TooHeavy(Apart):
    """One import list is one parcel (packNo = 1): what fits no single parcel is not sold in one order."""

    code = "parcel_too_heavy"
    title = "The order weighs {weight_g} g packed; one parcel holds at most {limit_g} g. Order in parts."
    title_zh = "订单含包装重 {weight_g} 克，超过单个包裹上限 {limit_g} 克，请分开下单。"
    weight_g: int
    limit_g: int


class RegionRefused(Apart):
    """Some goods lie only where nothing is delivered from to the province of the address."""

    code = "region_refused"
    title = "Some items are not delivered to this region."
    title_zh = "部分商品暂不支持配送至该地区。"


def apart(lines: Sequence[Line], places: Sequence[Place]) -> Apart:
    """Why these lines are no single order, and what can be ordered instead."""
    left: list[Line] = []
    short: list[dict[str, Any]] = []
    heavy: list[dict[str, Any]] = []
    undelivered: list[str] = []
    for line in lines:
        holding = [place for place in places if place.has(line)]
        near = [place for place in holding if place.delivers]
        at_most = max((min(place.has(line), place.fits(line)) for place in near), default=0)
        if at_most >= line.quantity:
            left.append(line)
        elif holding and not near:
            undelivered.append(line.sku)
        elif any(place.has(line) >= line.quantity for place in near) or (near and not at_most):
            heavy.append({"sku": line.sku, "wanted": line.quantity, "at_most": at_most})
        else:
            short.append({"sku": line.sku, "wanted": line.quantity, "available": at_most})
    told = _groups(left, places), short, heavy, undelivered
    if undelivered:
        return RegionRefused(*told)
    whole = [p for p in places if p.delivers and all(p.has(line) >= line.quantity for line in lines)]
    if whole:
        roomy = max(whole, key=lambda p: p.offer.parcel_limit_g - p.offer.packing_g)
        return TooHeavy(*told, weight_g=roomy.weighs(lines), limit_g=roomy.offer.parcel_limit_g)
    return CannotShipTogether(*told)


def _groups(left: list[Line], places: Sequence[Place]) -> list[dict[str, Any]]:
    """Time and again the warehouse that ships most of the rest; of equals the preferred one."""
    groups: list[dict[str, Any]] = []
    while left:
        place = max(places, key=lambda one: len(one.most(left)))
        taken = place.most(left)
        groups.append(
            {
                "warehouse": place.offer.name_zh,
                "trade_mode": place.offer.trade_mode,
                "skus": [line.sku for line in taken],
            }
        )
        left = [line for line in left if line not in taken]
    return groups

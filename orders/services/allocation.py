"""One order leaves from one warehouse under one trade mode; where none can, it is told what to order apart.

Nothing is split behind the consumer's back: each order is one declaration, and one parcel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from catalog.queries import PricedVariant
from inventory import queries as inventory
from inventory.queries import Offer
from inventory.terms import Terms
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from orders.services.apart import Line, Place, apart


@dataclass(eq=False)
class StoppedGoods(Conflict):
    """Some goods are there and are not sold: their sale was stopped."""

    code = "goods_stopped"
    title = "The sale of some items has been stopped."
    title_zh = "部分商品已停售。"
    skus: list[str]


def allocate(
    *,
    storefront_id: int,
    basket: Sequence[tuple[PricedVariant, int]],
    trade_modes: tuple[str, ...],
    province: str,
    goods_fen: int,
    now: datetime,
) -> tuple[Offer, int, date | None]:
    """The preferred warehouse that ships everything in one parcel to this province, with freight and day.

    Two queries. Raises StoppedGoods, CannotShipTogether, TooHeavy, RegionRefused.
    """
    day = shanghai_day(now)
    lines = [Line(v.variant_id, v.sku, v.weight_g, quantity) for v, quantity in basket]
    offers = inventory.offers(
        storefront_id=storefront_id,
        variant_ids=[line.variant_id for line in lines],
        trade_modes=list(trade_modes),
        day=day,
    )
    stopped = set[int]().union(*(offer.stopped for offer in offers))
    if stopped:
        raise StoppedGoods(skus=[line.sku for line in lines if line.variant_id in stopped])
    return one_order(offers=offers, lines=lines, province=province, goods_fen=goods_fen, now=now)


def one_order(
    *, offers: Sequence[Offer], lines: list[Line], province: str, goods_fen: int, now: datetime
) -> tuple[Offer, int, date | None]:
    """Of these warehouses' views of a basket the first that ships it whole, with freight and day.

    One query. Raises CannotShipTogether, TooHeavy, RegionRefused.
    """
    terms = inventory.terms(warehouse_ids=[offer.warehouse_id for offer in offers], day=shanghai_day(now))
    places = []
    for offer in offers:
        theirs = terms[offer.warehouse_id]
        freight_fen = _freight_fen(lines, theirs, province, goods_fen)
        place = Place(offer, delivers=freight_fen is not None)
        if freight_fen is not None and place.ships(lines):
            return offer, freight_fen, theirs.calendar.ship_by(now)
        places.append(place)
    raise apart(lines, places)


def _freight_fen(lines: list[Line], terms: Terms, province: str, goods_fen: int) -> int | None:
    return terms.freight_fen(
        province=province,
        weight_g=sum(line.weight_g * line.quantity for line in lines),
        pieces=sum(line.quantity for line in lines),
        goods_fen=goods_fen,
    )

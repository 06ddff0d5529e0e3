"""One order leaves from one warehouse under one trade mode; where none can, it is told what to order apart.

Nothing is split behind the consumer's back: each order is one declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalog.queries import PricedVariant
from inventory import queries as inventory
from inventory.queries import Offer
from kernel.clock import shanghai_day
from kernel.errors import Conflict


@dataclass(eq=False)
class StoppedGoods(Conflict):
    """Some goods are there and are not sold: their sale was stopped."""

    code = "goods_stopped"
    title = "The sale of some items has been stopped."
    title_zh = "部分商品已停售。"
    skus: list[str]


@dataclass(eq=False)
class CannotShipTogether(Conflict):
    """No single warehouse can ship everything: the consumer decides what to order apart.

    `groups` are orders that can be placed apart, the largest first, no SKU in two of them; `short` is what no
    warehouse has enough of.
    """

    code = "cannot_ship_together"
    title = "These items cannot be shipped in one order; order them apart or change the quantities."
    title_zh = "以下商品无法合并为一单发货，请分开下单或调整数量。"
    groups: list[dict[str, Any]]
    short: list[dict[str, Any]]


@dataclass(eq=False)
class TooHeavy(Conflict):
    """One import list is one parcel (packNo = 1): what fits no single parcel is not sold in one order."""

    code = "parcel_too_heavy"
    title = "The order weighs {weight_g} g; one parcel holds at most {limit_g} g. Order in parts."
    title_zh = "订单重量 {weight_g} 克，超过单个包裹上限 {limit_g} 克，请分开下单。"
    weight_g: int
    limit_g: int


@dataclass(eq=False)
class RegionRefused(Conflict):
    """No warehouse that has the goods delivers to the province of the address."""

    code = "region_refused"
    title = "These items are not delivered to this region."
    title_zh = "以下商品暂不支持配送至该地区。"


def allocate(
    *,
    storefront_id: int,
    basket: list[tuple[PricedVariant, int]],
    trade_modes: tuple[str, ...],
    province: str,
    goods_fen: int,
    now: datetime,
) -> tuple[Offer, int, date | None]:
    """The preferred warehouse that ships everything in one parcel to this province, with freight and day.

    Two queries. Raises StoppedGoods, CannotShipTogether, TooHeavy, RegionRefused.
    """
    day = shanghai_day(now)
    wanted = {v.variant_id: quantity for v, quantity in basket}
    offers = inventory.offers(
        storefront_id=storefront_id, variant_ids=list(wanted), trade_modes=list(trade_modes), day=day
    )
    stopped = set[int]().union(*(offer.stopped for offer in offers))
    if stopped:
        raise StoppedGoods(skus=[v.sku for v, _ in basket if v.variant_id in stopped])
    able = [offer for offer in offers if offer.covers(wanted)]
    if not able:
        raise _apart(basket, offers)
    weight_g = sum(v.weight_g * quantity for v, quantity in basket)
    light = [offer for offer in able if weight_g <= offer.parcel_limit_g]
    if not light:
        raise TooHeavy(weight_g=weight_g, limit_g=max(offer.parcel_limit_g for offer in able))
    terms = inventory.terms(warehouse_ids=[offer.warehouse_id for offer in light], day=day)
    pieces = sum(wanted.values())
    for offer in light:
        theirs = terms[offer.warehouse_id]
        freight_fen = theirs.freight_fen(
            province=province, weight_g=weight_g, pieces=pieces, goods_fen=goods_fen
        )
        if freight_fen is not None:
            return offer, freight_fen, theirs.calendar.ship_by(now)
    raise RegionRefused()


def _apart(basket: list[tuple[PricedVariant, int]], offers: list[Offer]) -> CannotShipTogether:
    """The orders that can be placed instead: time and again the warehouse that ships most of the rest."""

    def has(offer: Offer, v: PricedVariant, quantity: int) -> bool:
        return offer.available.get(v.variant_id, 0) >= quantity

    most = {
        v.variant_id: max((o.available.get(v.variant_id, 0) for o in offers), default=0) for v, _ in basket
    }
    short = [(v, quantity) for v, quantity in basket if most[v.variant_id] < quantity]
    left = [(v, quantity) for v, quantity in basket if most[v.variant_id] >= quantity]
    groups: list[dict[str, Any]] = []
    while left:
        best = max(offers, key=lambda offer: sum(has(offer, v, q) for v, q in left))  # the first of equals
        groups.append(
            {
                "warehouse": best.name_zh,
                "trade_mode": best.trade_mode,
                "skus": [v.sku for v, q in left if has(best, v, q)],
            }
        )
        left = [(v, q) for v, q in left if not has(best, v, q)]
    return CannotShipTogether(
        groups=groups,
        short=[{"sku": v.sku, "wanted": q, "available": most[v.variant_id]} for v, q in short],
    )

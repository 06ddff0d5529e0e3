"""What is available, and from which warehouse; exact inside checkout, close everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

import orjson
from django.db import connection
from django.db.models import (
    Case,
    F,
    IntegerField,
    OuterRef,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from inventory.models import Lot, Reservation, Stock
from inventory.terms import Calendar, Tariff, Terms, zones_of

_TERMS = """
SELECT w.id, t.by, t.free_above_fen, (
    SELECT coalesce(json_agg(json_build_object('provinces', z.provinces, 'refused', z.refused,
        'first', z.first, 'first_fen', z.first_fen, 'step', z.step, 'step_fen', z.step_fen)), '[]')::text
    FROM inventory_freightzone z WHERE z.template_id = t.id
), w.time_zone, w.weekdays, w.cut_off, w.handling_days, (
    SELECT coalesce(json_object_agg(d.day, d.works), '{}')::text
    FROM inventory_warehouseday d WHERE d.warehouse_id = w.id AND d.day >= %s::date
)
FROM inventory_warehouse w LEFT JOIN inventory_freighttemplate t ON t.id = w.freight_id
WHERE w.id = ANY(%s::bigint[])
"""

_NEXT = """
SELECT DISTINCT ON (v.sku) v.sku, l.code, l.produced_on, l.expires_on, coalesce(l.near_from <= %(day)s, false)
  FROM inventory_stock s
  JOIN catalog_variant v ON v.id = s.variant_id
  JOIN inventory_warehouse w ON w.id = s.warehouse_id
  JOIN LATERAL (
        SELECT lot.*, sum(lot.on_hand - lot.picked - lot.quarantined)
                 OVER (ORDER BY lot.expires_on NULLS LAST, lot.received_at, lot.id) AS pieces
          FROM inventory_lot lot
         WHERE lot.stock_id = s.id AND NOT lot.stopped AND lot.on_hand > lot.picked + lot.quarantined
           AND coalesce(lot.unsellable_from > %(day)s, true)
       ) l ON l.pieces > s.reserved - (SELECT sum(picked) FROM inventory_lot WHERE stock_id = s.id)
 WHERE s.storefront_id = %(storefront)s AND v.storefront_id = s.storefront_id AND v.sku = ANY(%(skus)s)
   AND NOT s.stopped AND w.active AND w.trade_mode = ANY(%(modes)s)
 ORDER BY v.sku, w.position, w.id, l.pieces
"""


@dataclass(frozen=True, slots=True)
class NextLot:
    """The lot of which the next piece that is sold would be; `code` is empty where none are kept."""

    code: str
    produced_on: date | None
    expires_on: date | None
    near_expiry: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """One warehouse's view of a basket: `available` maps variant id → pieces; `stopped` are not sold."""

    warehouse_id: int
    code: str
    name: str
    name_zh: str
    trade_mode: str
    parcel_limit_g: int
    packing_g: int
    available: dict[int, int]
    stopped: set[int] = field(default_factory=set)


def may_be_promised(day: date) -> Case:
    """Pieces of a stock that may be promised on `day`; lots at their floor count only until that day."""
    ended = (
        Lot.objects.filter(stock=OuterRef("pk"), unsellable_from__lte=day)
        .order_by()
        .values("stock")
        .annotate(pieces=Sum(F("on_hand") - F("picked") - F("quarantined")))
        .values("pieces")
    )
    there = F("on_hand") - F("reserved") - F("quarantined")
    return Case(
        When(stopped=True, then=Value(0)),
        When(floor_on__lte=day, then=there - Coalesce(Subquery(ended), Value(0))),
        default=there,
        output_field=IntegerField(),
    )


def offers(
    *, storefront_id: int, variant_ids: Sequence[int], trade_modes: Sequence[str], day: date
) -> list[Offer]:
    """The storefront's active warehouses that hold any of the variants, in order of preference. One query."""
    rows = (
        Stock.objects.filter(
            storefront_id=storefront_id,
            variant_id__in=list(variant_ids),
            warehouse__active=True,
            warehouse__trade_mode__in=list(trade_modes),
        )
        .annotate(pieces=may_be_promised(day))
        .order_by("warehouse__position", "warehouse_id")
        .values_list(
            "warehouse_id",
            "warehouse__code",
            "warehouse__name",
            "warehouse__name_zh",
            "warehouse__trade_mode",
            "warehouse__parcel_limit_g",
            "warehouse__packing_g",
            "variant_id",
            "pieces",
            "stopped",
        )
    )
    found: dict[int, Offer] = {}
    for row in rows:
        head, (variant_id, pieces, stopped) = row[:7], row[7:]
        offer = found.setdefault(head[0], Offer(*head, {}))
        offer.available[variant_id] = max(0, pieces)
        if stopped:
            offer.stopped.add(variant_id)
    return list(found.values())


def held(*, holder: str) -> dict[int, int]:
    """Variant id → pieces that are held for `holder` and have not left, on the shelf or picked."""
    rows = Reservation.objects.filter(holder=holder, state__in=["held", "picked"])
    return dict(rows.values_list("stock__variant").annotate(pieces=Sum(F("quantity") - F("shipped"))))


def available(
    *, storefront_id: int, variant_ids: Sequence[int], trade_modes: Sequence[str], day: date
) -> dict[int, int]:
    """Variant id → pieces to be had in any active warehouse of these modes; what none keeps is left out."""
    rows = (
        Stock.objects.filter(
            storefront_id=storefront_id,
            variant_id__in=list(variant_ids),
            warehouse__active=True,
            warehouse__trade_mode__in=list(trade_modes),
        )
        .annotate(pieces=may_be_promised(day))
        .values_list("variant_id", "pieces")
    )
    found: dict[int, int] = {}
    for variant_id, pieces in rows:
        found[variant_id] = found.get(variant_id, 0) + max(0, pieces)
    return found


def next_lots(
    *, storefront_id: int, skus: Sequence[str], trade_modes: Sequence[str], day: date
) -> dict[str, NextLot]:
    """SKU → the lot that comes next, behind what is promised already: first expired first out, in the
    preferred warehouse. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _NEXT, {"storefront": storefront_id, "skus": list(skus), "modes": list(trade_modes), "day": day}
        )
        return {sku: NextLot(*lot) for sku, *lot in cursor.fetchall()}


def terms(*, warehouse_ids: Sequence[int], day: date) -> dict[int, Terms]:
    """What these warehouses ask for carrying and when they work, from `day` on. One query."""
    found: dict[int, Terms] = {}
    with connection.cursor() as cursor:
        cursor.execute(_TERMS, [day, list(warehouse_ids)])
        for id, by, free_above_fen, zones, zone, weekdays, cut_off, handling_days, days in cursor.fetchall():
            tariff = Tariff(by == "weight", free_above_fen, zones_of(orjson.loads(zones))) if by else None
            other = {date.fromisoformat(one): works for one, works in orjson.loads(days).items()}
            found[id] = Terms(tariff, Calendar(ZoneInfo(zone), weekdays, cut_off, handling_days, other))
    return found

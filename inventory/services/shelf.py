"""Goods too near their end are not sold: the days of every lot, and what has reached its floor is held.

Each step is one statement over all lots concerned, however many: a rule for a whole storefront holds its
stocks no longer than that takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from catalog.models import Variant
from inventory.models import Lot, ShelfLife, Stock
from inventory.services.holding import aside, lacks_papers
from inventory.services.moving import FLOOR, OtherStorefront, tell_short
from kernel import events
from kernel.clock import shanghai_day
from storefronts.models import Storefront

_NONE = (0, 0)  # without a rule goods are sold up to their last day, that day included

_FLOORS = """
UPDATE inventory_stock s SET floor_on = (
    SELECT min(l.unsellable_from) FROM inventory_lot l
    WHERE l.stock_id = s.id AND l.on_hand > l.picked + l.quarantined
) WHERE s.id = ANY(%s::bigint[])
"""

_DAYS = """
UPDATE inventory_lot l SET
    unsellable_from = least(greatest('0001-01-01',
        l.expires_on - (coalesce(own.floor_days, common.floor_days, 0)::int - 1)), '9999-12-31'),
    near_from = least(greatest('0001-01-01',
        l.expires_on - (coalesce(own.near_days, common.near_days, 0)::int - 1)), '9999-12-31')
FROM inventory_stock s
LEFT JOIN inventory_shelflife own ON own.variant_id = s.variant_id
LEFT JOIN inventory_shelflife common
    ON common.storefront_id = s.storefront_id AND common.variant_id IS NULL
WHERE s.id = l.stock_id AND l.stock_id = ANY(%s::bigint[]) AND l.expires_on IS NOT NULL
"""

_HOLD = """
INSERT INTO inventory_movement
    (storefront_id, stock_id, lot_id, kind, on_hand, reserved, picked, quarantined, holder, reason, by, at)
SELECT storefront_id, stock_id, id, 'quarantine', 0, 0, 0, on_hand - picked - quarantined, %(floor)s::text,
       '', '', %(at)s::timestamptz
FROM inventory_lot
WHERE stock_id = ANY(%(stocks)s::bigint[]) AND unsellable_from <= %(day)s::date
  AND on_hand > picked + quarantined
ORDER BY stock_id, id
RETURNING storefront_id, lot_id, quarantined
"""

_BRING_BACK = """
INSERT INTO inventory_movement
    (storefront_id, stock_id, lot_id, kind, on_hand, reserved, picked, quarantined, holder, reason, by, at)
SELECT m.storefront_id, m.stock_id, m.lot_id, 'restore', 0, 0, 0, -sum(m.quarantined), %(floor)s::text,
       '', '', %(at)s::timestamptz
FROM inventory_movement m JOIN inventory_lot l ON l.id = m.lot_id
WHERE l.stock_id = ANY(%(stocks)s::bigint[]) AND l.unsellable_from > %(day)s::date AND l.quarantined > 0
  AND m.holder = %(floor)s::text
GROUP BY m.storefront_id, m.stock_id, m.lot_id HAVING sum(m.quarantined) > 0
ORDER BY m.stock_id, m.lot_id
RETURNING lot_id
"""


def days_of(
    *, storefront_id: int, variant_id: int, expires_on: date | None
) -> tuple[date | None, date | None]:
    """(the first day on which a lot is not sold any more, the first on which it is near that)."""
    if expires_on is None:
        return None, None
    rules: dict[int | None, tuple[int, int]] = {
        of: (floor, near)
        for of, floor, near in ShelfLife.objects.filter(storefront_id=storefront_id)
        .filter(Q(variant=None) | Q(variant_id=variant_id))
        .values_list("variant_id", "floor_days", "near_days")
    }
    floor, near = rules.get(variant_id, rules.get(None, _NONE))
    return _before(expires_on, floor), _before(expires_on, near)


def _before(day: date, days: int) -> date:
    """The first day on which fewer than so many are left; the calendar's ends are days like others."""
    ordinal = day.toordinal() - days + 1
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def set_floors(stock_ids: Sequence[int]) -> None:
    """Say anew on which day each of these stocks, which are locked, must be looked at next."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOORS, [list(stock_ids)])


def quarantine_ended(*, stock_ids: Sequence[int], now: datetime) -> int:
    """Take the lots of these stocks that have reached their floor out of sale; returns how many pieces.

    Locks the stocks in the order of their keys. Safe to repeat.
    """
    with transaction.atomic():
        list(Stock.objects.select_for_update(no_key=True).filter(pk__in=stock_ids).order_by("pk"))
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, _said(stock_ids, now))
            held = cursor.fetchall()
        for storefront_id in sorted({row[0] for row in held}):
            events.record_each(
                storefront_id=storefront_id,
                name="lot.unsellable",
                facts={f"lot:{lot}": {"pieces": n} for of, lot, n in held if of == storefront_id},
                now=now,
            )
        set_floors(stock_ids)
        tell_short(stock_ids=list(stock_ids), now=now)
    return sum(pieces for _, _, pieces in held)


@transaction.atomic
def set_shelf_life(
    *, storefront: Storefront, variant: Variant | None, floor_days: int, near_days: int, now: datetime
) -> ShelfLife:
    """Say how many days must be left, for one SKU or for all that have no rule of their own.

    Lots are looked at anew at once, in both directions: what reached an old floor and not the new one is
    sold again, unless something else holds it. Raises OtherStorefront.
    """
    if variant is not None and variant.storefront_id != storefront.pk:
        raise OtherStorefront()
    rule, _ = ShelfLife.objects.update_or_create(
        storefront=storefront,
        variant=variant,
        defaults={"floor_days": floor_days, "near_days": near_days},
    )
    stocks = Stock.objects.filter(storefront=storefront)
    if variant is not None:
        stocks = stocks.filter(variant=variant)
    rows = stocks.select_for_update(no_key=True).order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [ids])
        cursor.execute(_BRING_BACK, _said(ids, now))
        back = [row[0] for row in cursor.fetchall()]
    _hold_for_the_next_reason(back, now)
    quarantine_ended(stock_ids=ids, now=now)
    return rule


def _hold_for_the_next_reason(lot_ids: Sequence[int], now: datetime) -> None:
    """Of what was brought back hold again what is stopped or lacks papers; there is little of that."""
    lots = Lot.objects.filter(pk__in=lot_ids).select_related("stock__warehouse")
    for lot in lots.filter(Q(stopped=True) | lacks_papers()).order_by("stock_id", "pk"):
        if lot.free:
            aside(lot, lot.free, now=now)


def _said(stock_ids: Sequence[int], now: datetime) -> dict[str, Any]:
    return {"stocks": list(stock_ids), "day": shanghai_day(now), "at": now, "floor": FLOOR}

"""Taking stock for someone and giving it back: one statement each, locked in key order, never oversold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from catalog.models import Variant
from inventory.models import Stock, Warehouse
from kernel.errors import Conflict, Invalid


@dataclass(eq=False)
class SoldOut(Conflict):
    """Less is available than was asked for; nothing was reserved."""

    code = "sold_out"
    title = "Some items are sold out or fewer are left than you asked for."
    title_zh = "部分商品已售罄或库存不足。"
    variant_ids: list[int]

    def facts(self) -> dict[str, object]:
        return {}  # primary keys never leave the house; the quote tells which lines


@dataclass(eq=False)
class BadCount(Invalid):
    """A stock level must not fall below what is reserved."""

    code = "stock_below_reserved"
    title = "{reserved} pieces are reserved; the stock cannot be set to {on_hand}."
    title_zh = "已有 {reserved} 件被占用，库存不能设为 {on_hand}。"
    on_hand: int
    reserved: int


# The rows are locked in the order of their keys before any is changed, so that two baskets with the same
# goods in opposite order wait for each other instead of dying together.
_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest(%(variants)s::bigint[], %(quantities)s::int[]) AS w(variant_id, quantity)
), locked AS (
    SELECT s.id, w.variant_id, w.quantity
    FROM inventory_stock s JOIN wanted w USING (variant_id)
    WHERE s.warehouse_id = %(warehouse)s::bigint
    ORDER BY s.id FOR UPDATE OF s
), taken AS (
    UPDATE inventory_stock s SET reserved = s.reserved + l.quantity
    FROM locked l WHERE s.id = l.id AND s.on_hand - s.reserved >= l.quantity
    RETURNING s.id, s.storefront_id, l.variant_id, l.quantity
), held AS (
    INSERT INTO inventory_reservation (storefront_id, stock_id, holder, quantity, state, at)
    SELECT storefront_id, id, %(holder)s::text, quantity, 'held', %(at)s::timestamptz FROM taken
)
SELECT variant_id FROM taken
"""

_RELEASE = """
WITH freed AS (
    UPDATE inventory_reservation SET state = 'released', released_at = %(at)s::timestamptz
    WHERE holder = %(holder)s::text AND state = 'held'
    RETURNING stock_id, quantity
), locked AS (
    SELECT s.id, f.quantity FROM inventory_stock s JOIN freed f ON f.stock_id = s.id
    ORDER BY s.id FOR UPDATE OF s
)
UPDATE inventory_stock s SET reserved = s.reserved - l.quantity FROM locked l WHERE s.id = l.id
"""


def reserve(*, warehouse_id: int, wanted: Iterable[tuple[int, int]], holder: str, now: datetime) -> None:
    """Hold pieces for `holder`: `wanted` are (variant id, quantity); two lines of one variant are summed.

    Raises SoldOut when any is short; the caller's transaction must then be rolled back. One statement.
    """
    sums: Counter[int] = Counter()
    for variant_id, quantity in wanted:
        sums[variant_id] += quantity
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE,
            {
                "variants": list(sums.keys()),
                "quantities": list(sums.values()),
                "warehouse": warehouse_id,
                "holder": holder,
                "at": now,
            },
        )
        taken = {row[0] for row in cursor.fetchall()}
    if len(taken) < len(sums):
        raise SoldOut(variant_ids=[v for v in sums if v not in taken])


def release(*, holder: str, now: datetime) -> int:
    """Give back all that is held for `holder`; a second call finds nothing to do. Rows of stock changed."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"holder": holder, "at": now})
        return int(cursor.rowcount)


@transaction.atomic
def set_on_hand(*, warehouse: Warehouse, variant: Variant, on_hand: int) -> Stock:
    """Set the counted level of one SKU in one warehouse; raises BadCount below what is reserved."""
    Stock.objects.get_or_create(
        warehouse=warehouse, variant=variant, defaults={"storefront_id": warehouse.storefront_id}
    )
    stock = Stock.objects.select_for_update().get(warehouse=warehouse, variant=variant)
    if on_hand < stock.reserved:
        raise BadCount(on_hand=on_hand, reserved=stock.reserved)
    stock.on_hand = on_hand
    stock.save(update_fields=["on_hand"])
    return stock

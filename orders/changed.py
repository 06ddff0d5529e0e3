"""Orders in the order in which they changed: who has read up to a place has seen every change before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

# Places are those of the storefront's notices (partners/models/feed.py): an order is there once it was paid.
_CHANGED = """
SELECT l.position, l.at, o.id FROM partners_latest l JOIN orders_order o ON o.number = l.number
WHERE l.storefront_id = %(storefront)s AND l.kind = 'order' AND l.position > %(after)s
  AND o.storefront_id = %(storefront)s
  AND (%(since)s::timestamptz IS NULL OR l.at >= %(since)s::timestamptz)
  AND (%(state)s::text = '' OR o.state = %(state)s::text)
  AND (%(warehouses)s::text[] = '{}' OR o.warehouse_id IN (
      SELECT w.id FROM inventory_warehouse w
      WHERE w.storefront_id = l.storefront_id AND w.code = ANY (%(warehouses)s::text[])))
  AND (%(new_to)s::bigint IS NULL OR NOT EXISTS (
      SELECT FROM partners_acknowledgement a
      WHERE a.partner_id = %(new_to)s::bigint AND a.storefront_id = l.storefront_id AND a.number = l.number))
  AND (%(had_by)s::bigint IS NULL OR EXISTS (
      SELECT FROM partners_acknowledgement a
      WHERE a.partner_id = %(had_by)s::bigint AND a.storefront_id = l.storefront_id AND a.number = l.number))
ORDER BY l.position LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Change:
    """An order and the place and instant of its last change."""

    position: int
    at: datetime
    order_id: int


def changed(
    *,
    storefront_id: int,
    after: int = 0,
    since: datetime | None = None,
    state: str = "",
    new_to: int | None = None,
    had_by: int | None = None,
    warehouses: Sequence[str] = (),
    most: int,
) -> list[Change]:
    """At most so many orders that changed behind the place `after`, the one that changed first, first.

    `new_to` leaves out those that this partner (by its id) has acknowledged, `had_by` all others;
    `warehouses` are the codes of those whose orders are asked for, none: all. One statement.
    """
    asked: dict[str, Any] = {
        "storefront": storefront_id,
        "after": after,
        "since": since,
        "state": state,
        "new_to": new_to,
        "had_by": had_by,
        "warehouses": list(warehouses),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, asked)
        return [Change(*row) for row in cursor.fetchall()]

"""Declarations in the order in which they or their orders changed: who read up to a place has all so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from orders.changed import Change

# Places are those of the storefront's notices (partners/models/feed.py), which an order shares with what
# becomes of it at customs.
_CHANGED = """
SELECT l.position, l.at, o.id FROM partners_latest l
JOIN orders_order o ON o.number = l.number JOIN customs_declaration d ON d.order_id = o.id
WHERE l.storefront_id = %(storefront)s AND l.kind = 'order' AND l.position > %(after)s
  AND d.storefront_id = %(storefront)s
  AND (%(since)s::timestamptz IS NULL OR l.at >= %(since)s::timestamptz)
  AND (%(state)s::text = '' OR d.state = %(state)s::text)
  AND (%(warehouses)s::text[] = '{}' OR o.warehouse_id IN (
      SELECT w.id FROM inventory_warehouse w
      WHERE w.storefront_id = l.storefront_id AND w.code = ANY (%(warehouses)s::text[])))
  AND (%(number)s::text = '' OR l.number = %(number)s::text)
ORDER BY l.position LIMIT %(most)s
"""


def changed(
    *,
    storefront_id: int,
    after: int = 0,
    since: datetime | None = None,
    state: str = "",
    warehouses: Sequence[str] = (),
    number: str = "",
    most: int = 1,
) -> list[Change]:
    """At most so many orders with a declaration that changed behind the place `after`, in their order.

    `warehouses`: those alone that leave from them; `number`: that one alone. One statement.
    """
    asked: dict[str, Any] = {
        "storefront": storefront_id,
        "after": after,
        "since": since,
        "state": state,
        "warehouses": list(warehouses),
        "number": number,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, asked)
        return [Change(*row) for row in cursor.fetchall()]

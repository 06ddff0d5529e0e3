"""The ledger is right: balances are summed from it anew, in SQL, and told apart or put right."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

_SUMS = """
WITH sums AS (
    SELECT {key} AS id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(picked) AS picked,
           sum(quarantined) AS quarantined
    FROM inventory_movement WHERE {key} IS NOT NULL GROUP BY {key}
)
"""
_STOCK = _SUMS.format(key="stock_id")
_LOT = _SUMS.format(key="lot_id")

# Each finds the rows that differ: (what, key, what stands there, what the ledger says).
_DIFFERENCES = (
    _STOCK
    + """SELECT 'stock', s.id, format('%%s/%%s/%%s', s.on_hand, s.reserved, s.quarantined),
       format('%%s/%%s/%%s', coalesce(m.on_hand, 0), coalesce(m.reserved, 0), coalesce(m.quarantined, 0))
FROM inventory_stock s LEFT JOIN sums m ON m.id = s.id
WHERE (s.on_hand, s.reserved, s.quarantined)
   <> (coalesce(m.on_hand, 0), coalesce(m.reserved, 0), coalesce(m.quarantined, 0))""",
    _LOT
    + """SELECT 'lot', l.id, format('%%s/%%s/%%s', l.on_hand, l.picked, l.quarantined),
       format('%%s/%%s/%%s', coalesce(m.on_hand, 0), coalesce(m.picked, 0), coalesce(m.quarantined, 0))
FROM inventory_lot l LEFT JOIN sums m ON m.id = l.id
WHERE (l.on_hand, l.picked, l.quarantined)
   <> (coalesce(m.on_hand, 0), coalesce(m.picked, 0), coalesce(m.quarantined, 0))""",
    """SELECT 'reservations', s.id, s.reserved::text, coalesce(r.pieces, 0)::text
FROM inventory_stock s LEFT JOIN (
    SELECT stock_id, sum(quantity - shipped) AS pieces FROM inventory_reservation
    WHERE state IN ('held', 'picked') GROUP BY stock_id
) r ON r.stock_id = s.id WHERE s.reserved <> coalesce(r.pieces, 0)""",
    """SELECT 'shipped', r.id, r.shipped::text, coalesce(p.pieces, 0)::text
FROM inventory_reservation r LEFT JOIN (
    SELECT reservation_id, sum(quantity) AS pieces FROM inventory_pick
    WHERE shipped_at IS NOT NULL GROUP BY reservation_id
) p ON p.reservation_id = r.id WHERE r.shipped <> coalesce(p.pieces, 0)""",
    """SELECT 'picks', l.id, l.picked::text, coalesce(p.pieces, 0)::text
FROM inventory_lot l LEFT JOIN (
    SELECT lot_id, sum(quantity) AS pieces FROM inventory_pick
    WHERE shipped_at IS NULL AND put_back_at IS NULL GROUP BY lot_id
) p ON p.lot_id = l.id WHERE l.picked <> coalesce(p.pieces, 0)""",
)

_REPAIR = (
    (
        _STOCK,
        """UPDATE inventory_stock s
SET on_hand = t.on_hand, reserved = t.reserved, quarantined = t.quarantined
FROM (
    SELECT b.id, coalesce(m.on_hand, 0) AS on_hand, coalesce(m.reserved, 0) AS reserved,
           coalesce(m.quarantined, 0) AS quarantined
    FROM inventory_stock b LEFT JOIN sums m ON m.id = b.id
) t
WHERE t.id = s.id
  AND (s.on_hand, s.reserved, s.quarantined) <> (t.on_hand, t.reserved, t.quarantined)""",
    ),
    (
        _LOT,
        """UPDATE inventory_lot l SET on_hand = t.on_hand, picked = t.picked, quarantined = t.quarantined
FROM (
    SELECT b.id, coalesce(m.on_hand, 0) AS on_hand, coalesce(m.picked, 0) AS picked,
           coalesce(m.quarantined, 0) AS quarantined
    FROM inventory_lot b LEFT JOIN sums m ON m.id = b.id
) t
WHERE t.id = l.id AND (l.on_hand, l.picked, l.quarantined) <> (t.on_hand, t.picked, t.quarantined)""",
    ),
)


@dataclass(frozen=True)
class Difference:
    """A balance that is not the sum of its movements, or of what is held and picked."""

    what: str
    key: int
    stands: str
    ledger: str

    def __str__(self) -> str:
        return f"{self.what} {self.key}: {self.stands} stands, {self.ledger} is right"


def differences() -> list[Difference]:
    """Every balance that differs; each kind is one statement, and so sees one instant."""
    found: list[Difference] = []
    with connection.cursor() as cursor:
        for statement in _DIFFERENCES:
            cursor.execute(statement, [])
            found += [Difference(*row) for row in cursor.fetchall()]
    return found


def repair() -> int:
    """Set every balance to the sum of its movements while none is written; returns how many were wrong.

    Only the owner of the tables may; sales wait for as long as it takes. Stocks come before the ledger, as
    for all that moves: who holds a stock already writes its movement first, and neither dies.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE inventory_stock IN EXCLUSIVE MODE")
        cursor.execute("LOCK TABLE inventory_movement IN SHARE MODE")
        cursor.execute("SELECT set_config('inventory.repair', 'on', true)")
        wrong = 0
        for sums, statement in _REPAIR:
            cursor.execute(sums + statement, [])
            wrong += cursor.rowcount
        cursor.execute("SELECT set_config('inventory.repair', '', true)")
    return wrong

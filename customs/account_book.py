"""What the account books (账册) hold, and what lies on their shelves: sums in one statement.

A book gains what is received under an inbound list (核注清单) in a bonded warehouse of it, what comes from
another book, what customs grants to come back (退货), and what it enters (`BookEntry`). It loses what leaves
for another book, what is written off, and what a list (621) takes: at its release, and for those who want to
list more, as soon as it is on its way to customs. What waits to go abroad (退运) is nobody else's to take.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db import connection

from customs.states import AT_CUSTOMS, GOING
from inventory.models.places import BONDED


class Held(NamedTuple):
    """One SKU in one account book beside the shelves of that book; see `BookStock`."""

    storefront_id: int
    ems_no: str
    variant_id: int
    held: int
    listed: int
    on_hand: int
    on_way: int
    beside: int


# Each part: storefront, book, SKU, and what it adds to held, listed, on hand, on the way and beside the book.
# A lot without a list is in no book: it is the case `lot.papers`. Pieces lost between two warehouses of one
# book stay in it.
_RECEIVED = """
    SELECT w.storefront_id, w.ems_no, s.variant_id, m.on_hand, 0, 0, 0, 0
    FROM place w JOIN inventory_stock s ON s.warehouse_id = w.id
    JOIN inventory_movement m ON m.stock_id = s.id AND m.kind IN ('receive', 'transfer')
    JOIN inventory_lot l ON l.id = m.lot_id AND l.inbound_list <> ''
    WHERE {some}
"""
_WITHIN = """
    SELECT w.storefront_id, w.ems_no, s.variant_id, t.quantity - coalesce(t.arrived, 0), 0, 0,
           CASE WHEN t.arrived IS NULL THEN t.quantity ELSE 0 END, 0
    FROM inventory_transferline t
    JOIN inventory_transfer load ON load.id = t.transfer_id AND load.state IN ('in_transit', 'arrived')
    JOIN place w ON w.id = load.source_id
    JOIN place target ON target.id = load.target_id AND target.ems_no = w.ems_no
    JOIN inventory_lot l ON l.id = t.lot_id AND l.inbound_list <> ''
    JOIN inventory_stock s ON s.id = l.stock_id
    WHERE {some} AND t.quantity > coalesce(t.arrived, 0)
"""
_ENTERED = """
    SELECT w.storefront_id, w.ems_no, s.variant_id, s.pieces, 0, 0, 0, 0
    FROM customs_bookentry s JOIN place w ON w.id = s.warehouse_id
    WHERE {some}
"""
_LISTED = """
    SELECT w.storefront_id, w.ems_no, s.variant_id,
           CASE WHEN d.released_at IS NULL THEN 0 ELSE s.returned - s.quantity END,
           CASE WHEN d.released_at IS NULL THEN s.quantity ELSE 0 END, 0, 0, 0
    FROM customs_listedpieces s JOIN place w ON w.id = s.warehouse_id
    JOIN customs_declaration d ON d.id = s.declaration_id AND d.state = ANY(%(at_customs)s)
    WHERE {some}
"""
# The same for what is left to list: few declarations do not stand, and those that do are not looked up.
_TAKEN = """
    SELECT w.storefront_id, w.ems_no, s.variant_id, s.returned - s.quantity, 0, 0, 0, 0
    FROM customs_listedpieces s JOIN place w ON w.id = s.warehouse_id
    WHERE {some} AND NOT EXISTS (
        SELECT FROM customs_declaration d WHERE d.id = s.declaration_id AND d.state <> ALL(%(at_customs)s)
    )
"""
_GOING = """
    SELECT w.storefront_id, w.ems_no, s.variant_id, -p.quantity, 0, 0, 0, 0
    FROM customs_outbound o JOIN place w ON w.id = o.warehouse_id
    JOIN customs_outboundpieces p ON p.outbound_id = o.id
    JOIN inventory_lot l ON l.id = p.lot_id JOIN inventory_stock s ON s.id = l.stock_id
    WHERE o.state = ANY(%(going)s) AND {some}
"""
_SHELVES = """
    SELECT w.storefront_id, w.ems_no, s.variant_id, 0, 0, l.on_hand, 0, 0
    FROM place w JOIN inventory_stock s ON s.warehouse_id = w.id
    JOIN inventory_lot l ON l.stock_id = s.id AND l.inbound_list <> '' AND l.on_hand > 0
    WHERE {some}
"""
# Of what a released list took: what has not left, and what came back and is not granted to come back yet.
_OUTSIDE = "greatest(0, s.quantity - s.returned - coalesce(gone.pieces, 0) + coalesce(back.pieces, 0))"
_OF_LISTS = """
    FROM customs_listedpieces s JOIN place w ON w.id = s.warehouse_id
    JOIN customs_declaration d
      ON d.id = s.declaration_id AND d.state = ANY(%(at_customs)s) AND d.released_at IS NOT NULL
    LEFT JOIN (
        SELECT r.holder, s.variant_id, sum(r.shipped) AS pieces
        FROM inventory_reservation r JOIN inventory_stock s ON s.id = r.stock_id
        WHERE r.shipped > 0 AND {some} GROUP BY 1, 2
    ) gone ON gone.holder = 'order:' || d.number AND gone.variant_id = s.variant_id
    LEFT JOIN (
        SELECT m.holder, s.variant_id, sum(m.on_hand) AS pieces, sum(m.quarantined) AS unsold
        FROM inventory_movement m JOIN inventory_stock s ON s.id = m.stock_id
        WHERE m.kind = 'return' AND {some} GROUP BY 1, 2
    ) back ON back.holder = 'order:' || d.number AND back.variant_id = s.variant_id
    WHERE {some}
"""
_BESIDE = f"SELECT w.storefront_id, w.ems_no, s.variant_id, 0, 0, 0, 0, {_OUTSIDE}{_OF_LISTS}"
# What lies in quarantine, less what of it came back and is in no book: held is what may go abroad.
_ASIDE = """
    SELECT w.storefront_id, w.ems_no, s.variant_id, l.quarantined, 0, 0, 0, 0
    FROM place w JOIN inventory_stock s ON s.warehouse_id = w.id
    JOIN inventory_lot l ON l.stock_id = s.id AND l.inbound_list <> '' AND l.quarantined > 0
    WHERE {some}
"""
_UNSOLD = f"least(greatest(0, coalesce(back.unsold, 0)), {_OUTSIDE})"
_NOT_GRANTED = f"SELECT w.storefront_id, w.ems_no, s.variant_id, -{_UNSOLD}, 0, 0, 0, 0{_OF_LISTS}"
_GIVEN = (_RECEIVED, _WITHIN, _ENTERED)
_SUMS = """
WITH place AS (
    SELECT id, storefront_id, ems_no FROM inventory_warehouse
    WHERE trade_mode = ANY(%(bonded)s) AND ems_no <> '' {book}
), part (storefront_id, ems_no, variant_id, held, listed, on_hand, on_way, beside) AS ({parts})
SELECT storefront_id, ems_no, variant_id, sum(held)::bigint AS held, sum(listed)::bigint AS listed,
       sum(on_hand)::bigint AS on_hand, sum(on_way)::bigint AS on_way, sum(beside)::bigint AS beside
FROM part GROUP BY storefront_id, ems_no, variant_id
"""


def compared(*, ems_no: str = "", variant_ids: Collection[int] = ()) -> tuple[str, dict[str, Any]]:
    """The statement of all books with their shelves, and its values; of one book or some SKUs where named."""
    return _statement((*_GIVEN, _LISTED, _SHELVES, _BESIDE), ems_no, variant_ids)


def left_in_book(*, ems_no: str, variant_ids: Collection[int]) -> dict[int, int]:
    """How many pieces of each SKU may still be listed out of an account book."""
    return _held((*_GIVEN, _TAKEN, _GOING), ems_no, variant_ids)


def aside_in_book(*, ems_no: str, variant_ids: Collection[int]) -> dict[int, int]:
    """How many of them are set aside and in the book, and go with no shipment abroad: what came back and is
    not granted to (625) was taken out of the book by its list, and is in none."""
    return _held((_ASIDE, _NOT_GRANTED, _GOING), ems_no, variant_ids)


def _held(parts: tuple[str, ...], ems_no: str, variant_ids: Collection[int]) -> dict[int, int]:
    told = dict.fromkeys(variant_ids, 0)
    if not told:
        return told
    with connection.cursor() as cursor:
        cursor.execute(*_statement(parts, ems_no, variant_ids))
        for row in map(Held._make, cursor.fetchall()):
            told[row.variant_id] = row.held
    return told


def _statement(
    parts: tuple[str, ...], ems_no: str, variant_ids: Collection[int]
) -> tuple[str, dict[str, Any]]:
    some = "s.variant_id = ANY(%(variants)s)" if variant_ids else "true"
    book = "AND ems_no = %(ems_no)s" if ems_no else ""
    said = _SUMS.format(parts=" UNION ALL ".join(parts).format(some=some), book=book)
    return said, {
        "bonded": list(BONDED),
        "at_customs": list(AT_CUSTOMS),
        "going": list(GOING),
        "variants": list(variant_ids),
        "ems_no": ems_no,
    }

"""What returns cost and come from, by week, by SKU, by reason and by lot: one statement a question.

Pieces sold are those that left; pieces returned those that a return refunded and that came back: what was
given up before it left, was lost or never came is counted by itself, under its reason. A rate is of the goods
that left in the same time, so that a young week's is still rising.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Span:
    """Whose returns, of which time: `until` is not in it."""

    shops: Sequence[int]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """Of `sold` pieces of a SKU, or of one lot of it, `returned` came back."""

    sku: str
    lot: str
    lot_id: int | None
    sold: int
    returned: int

    @property
    def share(self) -> float:
        """Returned of a hundred sold."""
        return 100 * self.returned / self.sold if self.sold else 0.0


@dataclass(frozen=True, slots=True)
class Why:
    """How many returns of a reason, the pieces that came back and that did not, and the refund in fen.

    Where one refund is of several returns, each counts its part of it.
    """

    reason: str
    requests: int
    back: int
    kept: int
    refund_fen: int


@dataclass(frozen=True, slots=True)
class Week:
    """A week from its Monday: pieces that left, how many of them came back since, and what returns cost.

    `lost_tax_fen` is tax that customs keeps and the brand bore, `freight_fen` freight that went back,
    `gone_fen` the price of pieces that cannot be sold any more, `way_fen` what was paid for ways back;
    `restored_tax_fen` customs gave up. `hours` is the median time from the request to the money.
    """

    monday: date
    sold: int
    returned: int
    lost_tax_fen: int
    freight_fen: int
    gone_fen: int
    way_fen: int
    restored_tax_fen: int
    hours: float | None

    @property
    def share(self) -> float | None:
        """Returned of a hundred sold; None in a week in which nothing left."""
        return 100 * self.returned / self.sold if self.sold else None

    @property
    def cost_fen(self) -> int:
        """What they cost the brand beside the price."""
        return self.lost_tax_fen + self.freight_fen + self.gone_fen + self.way_fen


# Of all that left nothing but its index is read (`pick_left`).
_SOLD = """
sold AS (
    SELECT lot_id, quantity, shipped_at FROM inventory_pick
    WHERE storefront_id = ANY(%(shops)s) AND shipped_at >= %(since)s AND shipped_at < %(until)s
)"""
# `quantity` pieces were refunded, `came` of them are back.
_BACK = """
back AS (
    SELECT q.id AS request_id, q.reason, q.requested_at, ol.variant_id, l.id AS line_id, l.quantity,
           CASE WHEN q.goods_back AND q.received_at IS NOT NULL
                THEN greatest(l.quantity - coalesce(not_there.pieces, 0), 0) ELSE 0 END AS came
    FROM returns_returnline l JOIN returns_returnrequest q ON q.id = l.request_id
    JOIN orders_orderline ol ON ol.id = l.line_id
    LEFT JOIN LATERAL (
        SELECT sum(g.quantity) AS pieces FROM returns_returngrade g
        WHERE g.line_id = l.id AND (g.grade = 'short' OR g.grade = 'wrong' AND q.reason <> 'wrong')
    ) not_there ON true
    WHERE q.storefront_id = ANY(%(shops)s) AND l.state = 'paid'
      AND q.requested_at >= %(since)s AND q.requested_at < %(until)s
)"""
# The part of its refund that is a return's: by the price of its pieces among all that the refund is of.
_PART = """
part AS (
    SELECT q.id AS request_id, least(own.fen, worth.fen) AS fen, nullif(worth.fen, 0) AS of_fen
    FROM returns_returnrequest q
    JOIN LATERAL (
        SELECT sum(ol.price_fen * rl.quantity) AS fen
        FROM payments_refundline rl JOIN orders_orderline ol ON ol.id = rl.line_id
        WHERE rl.refund_id = q.refund_id
    ) worth ON true
    JOIN LATERAL (
        SELECT sum(ol.price_fen * least(l.quantity, rl.pieces)) AS fen
        FROM returns_returnline l JOIN orders_orderline ol ON ol.id = l.line_id
        JOIN LATERAL (
            SELECT sum(quantity) AS pieces FROM payments_refundline
            WHERE refund_id = q.refund_id AND line_id = l.line_id
        ) rl ON true
        WHERE l.request_id = q.id AND l.state = 'paid'
    ) own ON true
    WHERE q.storefront_id = ANY(%(shops)s) AND q.refund_id IS NOT NULL
)"""


def _own(fen: str) -> str:
    """So much of an amount of a refund as is a return's own, cut to the fen: parts never sum to more."""
    return f"coalesce(div({fen} * part.fen, part.of_fen), {fen})"


_SKUS = f"""
WITH {_SOLD}, {_BACK},
l AS (SELECT lot_id, sum(quantity) AS pieces FROM sold GROUP BY 1),
s AS (
    SELECT st.variant_id, sum(l.pieces) AS pieces
    FROM l JOIN inventory_lot lot ON lot.id = l.lot_id JOIN inventory_stock st ON st.id = lot.stock_id
    GROUP BY 1
),
b AS (SELECT variant_id, sum(came) AS pieces FROM back WHERE came > 0 GROUP BY 1)
SELECT v.sku, coalesce(s.pieces, 0), b.pieces
FROM b LEFT JOIN s USING (variant_id) JOIN catalog_variant v ON v.id = b.variant_id
ORDER BY b.pieces::numeric / greatest(coalesce(s.pieces, 0), b.pieces) DESC, b.pieces DESC LIMIT %(most)s
"""  # noqa: S608  (our own names)
_LOTS = f"""
WITH {_SOLD}, {_BACK},
s AS (SELECT lot_id, sum(quantity) AS pieces FROM sold GROUP BY 1),
b AS (
    SELECT g.lot_id, sum(g.quantity) AS pieces FROM back
    JOIN returns_returngrade g ON g.line_id = back.line_id
    WHERE g.lot_id IS NOT NULL AND g.grade <> 'wrong' GROUP BY 1
)
SELECT v.sku, coalesce(nullif(lot.code, ''), lot.inbound_list), lot.id, s.pieces, coalesce(b.pieces, 0)
FROM s LEFT JOIN b USING (lot_id) JOIN inventory_lot lot ON lot.id = s.lot_id
JOIN inventory_stock st ON st.id = lot.stock_id JOIN catalog_variant v ON v.id = st.variant_id
ORDER BY coalesce(b.pieces, 0)::numeric / s.pieces DESC, s.pieces DESC LIMIT %(most)s
"""  # noqa: S608  (our own names)
_REASONS = f"""
WITH {_BACK}, {_PART}, f AS (
    SELECT request_id, reason, sum(came) AS back, sum(quantity - came) AS kept FROM back GROUP BY 1, 2
)
SELECT f.reason, count(*), sum(f.back), sum(f.kept), coalesce(sum({_own("r.amount_fen")}), 0)
FROM f JOIN returns_returnrequest q ON q.id = f.request_id LEFT JOIN payments_refund r ON r.id = q.refund_id
LEFT JOIN part ON part.request_id = q.id
GROUP BY 1 ORDER BY sum(f.back + f.kept) DESC
"""  # noqa: S608  (our own names)
_WEEKS = f"""
WITH {_SOLD}, {_BACK}, {_PART},
s AS (
    SELECT date_trunc('week', shipped_at AT TIME ZONE 'Asia/Shanghai')::date AS monday,
           sum(quantity) AS pieces
    FROM sold GROUP BY 1
), b AS (
    SELECT date_trunc('week', went.at AT TIME ZONE 'Asia/Shanghai')::date AS monday,
           sum(back.came) AS pieces
    FROM back JOIN returns_returnrequest q ON q.id = back.request_id
    JOIN orders_order o ON o.id = q.order_id
    JOIN LATERAL (
        SELECT min(p.shipped_at) AS at FROM inventory_reservation r
        JOIN inventory_pick p ON p.reservation_id = r.id WHERE r.holder = 'order:' || o.number
    ) went ON went.at >= %(since)s
    WHERE back.came > 0 GROUP BY 1
), gone AS (
    SELECT l.request_id, sum(ol.price_fen * g.quantity) AS fen
    FROM returns_returngrade g JOIN returns_returnline l ON l.id = g.line_id
    JOIN orders_orderline ol ON ol.id = l.line_id
    WHERE g.storefront_id = ANY(%(shops)s) AND g.place IN ('destroy', 'quarantine', 'abroad') GROUP BY 1
), m AS (
    SELECT date_trunc('week', q.settled_at AT TIME ZONE 'Asia/Shanghai')::date AS monday,
           sum(greatest(0, q.tax_owed_fen - {_own("r.tax_kept_fen")})) AS lost,
           sum({_own("r.freight_fen")}) AS freight,
           sum(q.tax_spared_fen) AS restored, sum(gone.fen) AS gone,
           percentile_cont(0.5)
               WITHIN GROUP (ORDER BY extract(epoch FROM q.settled_at - q.requested_at)) AS took
    FROM returns_returnrequest q JOIN payments_refund r ON r.id = q.refund_id
    LEFT JOIN part ON part.request_id = q.id LEFT JOIN gone ON gone.request_id = q.id
    WHERE q.storefront_id = ANY(%(shops)s) AND q.state = 'settled'
      AND q.settled_at >= %(since)s AND q.settled_at < %(until)s
    GROUP BY 1
), w AS (
    SELECT date_trunc('week', way_paid_on)::date AS monday, sum(way_fen) AS fen
    FROM returns_returnrequest
    WHERE storefront_id = ANY(%(shops)s)
      AND way_paid_on >= (%(since)s AT TIME ZONE 'Asia/Shanghai')::date
      AND way_paid_on < (%(until)s AT TIME ZONE 'Asia/Shanghai')::date
    GROUP BY 1
)
SELECT monday, coalesce(s.pieces, 0), coalesce(b.pieces, 0), coalesce(m.lost, 0), coalesce(m.freight, 0),
       coalesce(m.gone, 0), coalesce(w.fen, 0), coalesce(m.restored, 0), m.took / 3600
FROM s FULL JOIN b USING (monday) FULL JOIN m USING (monday) FULL JOIN w USING (monday) ORDER BY monday
"""  # noqa: S608  (our own names)


def by_sku(span: Span, *, most: int = 20) -> list[Rate]:
    """SKUs of which anything came back, the highest rate first."""
    rows = _asked(_SKUS, span, most)
    return [Rate(sku, "", None, int(sold), int(returned)) for sku, sold, returned in rows]


def by_lot(span: Span, *, most: int = 20) -> list[Rate]:
    """Lots that left, the highest rate first."""
    rows = _asked(_LOTS, span, most)
    return [Rate(sku, lot, id, int(sold), int(returned)) for sku, lot, id, sold, returned in rows]


def by_reason(span: Span) -> list[Why]:
    """Reasons, that of most pieces first."""
    return [Why(reason, *map(int, numbers)) for reason, *numbers in _asked(_REASONS, span)]


def by_week(span: Span) -> list[Week]:
    """Weeks in which anything left, came back or was settled, the oldest first."""
    return [
        Week(row[0], *map(int, row[1:8]), *[None if row[8] is None else float(row[8])])
        for row in _asked(_WEEKS, span)
    ]


def _asked(statement: str, span: Span, most: int = 0) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "shops": list(span.shops),
                "since": span.since,
                "until": span.until,
                "most": most,
            },
        )
        return list(cursor.fetchall())

"""What a day came to by the tables themselves: one statement for its figures, one for its foreign money."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import orjson
from django.db import connection

from kernel.clock import SHANGHAI
from settlement.currency import CURRENCIES, units

# Each by an index over storefront and time.
_DAY = """
SELECT o.placed, o.placed_fen, p.paid, p.paid_fen, e.ended, r.refunded, r.refunded_fen,
       q.quotes, q.quotes_ordered, q.quotes_paid, c.released, c.clearance, a.returns_asked, s.returns_settled
FROM (
    SELECT count(*) AS placed, coalesce(sum(total_fen), 0)::bigint AS placed_fen FROM orders_order
    WHERE storefront_id = %(shop)s AND placed_at >= %(since)s AND placed_at < %(until)s
) o, (
    SELECT count(*) AS paid, coalesce(sum(total_fen), 0)::bigint AS paid_fen FROM orders_order
    WHERE storefront_id = %(shop)s AND paid_at >= %(since)s AND paid_at < %(until)s
) p, (
    SELECT count(*) AS ended FROM orders_order
    WHERE storefront_id = %(shop)s AND closed_at >= %(since)s AND closed_at < %(until)s
) e, (
    SELECT count(*) AS refunded, coalesce(sum(amount_fen), 0)::bigint AS refunded_fen FROM payments_refund
    WHERE storefront_id = %(shop)s AND succeeded_at >= %(since)s AND succeeded_at < %(until)s
      AND state = 'succeeded' AND kind <> 'stray' AND amount_fen > 0
) r, (
    SELECT count(*) AS quotes, count(w.id) AS quotes_ordered, count(w.paid_at) AS quotes_paid
    FROM orders_quote t LEFT JOIN orders_order w ON w.quote_id = t.id
    WHERE t.storefront_id = %(shop)s AND t.made_at >= %(since)s AND t.made_at < %(until)s
) q, (
    SELECT coalesce(sum(lists), 0)::bigint AS released,
           coalesce(jsonb_object_agg(took, lists), '{}')::text AS clearance
    FROM (
        SELECT greatest(floor(extract(epoch FROM released_at - listed_at) / 600), 0)::bigint AS took,
               count(*) AS lists
        FROM customs_declaration
        WHERE storefront_id = %(shop)s AND released_at >= %(since)s AND released_at < %(until)s
        GROUP BY 1
    ) t
) c, (
    SELECT count(*) AS returns_asked FROM returns_returnrequest
    WHERE storefront_id = %(shop)s AND requested_at >= %(since)s AND requested_at < %(until)s
) a, (
    SELECT count(*) AS returns_settled FROM returns_returnrequest
    WHERE storefront_id = %(shop)s AND settled_at >= %(since)s AND settled_at < %(until)s
) s
"""
# As `unsettled` promises it: what an order is worth abroad, by the ledger up to a day, at the rate locked on
# it; before its sale is entered that is nothing. Rounded as kernel.money.times rounds: half away from zero.
_FOREX = """
WITH moved AS MATERIALIZED (
    SELECT DISTINCT order_id FROM settlement_entry
    WHERE storefront_id = %(shop)s AND day = %(day)s AND order_id IS NOT NULL
      AND kind NOT IN ('settlement', 'receipt', 'clearing')
), books AS (
    SELECT e.order_id,
           bool_or(e.kind = 'sale') AS sold, bool_or(e.kind = 'sale' AND e.day < %(day)s) AS sold_before,
           -sum(p.amount_fen) AS net,
           -coalesce(sum(p.amount_fen) FILTER (WHERE e.day < %(day)s), 0) AS net_before
    FROM moved JOIN settlement_entry e ON e.order_id = moved.order_id
    JOIN settlement_posting p ON p.entry_id = e.id
    WHERE e.day <= %(day)s AND e.kind NOT IN ('settlement', 'receipt', 'clearing')
      AND p.account IN ('sales', 'freight', 'goodwill', 'fee', 'coupon')
    GROUP BY e.order_id
), promised AS (
    SELECT o.brand_currency AS currency, sum(
        CASE WHEN b.sold THEN round(b.net * u.units / r.rate) ELSE 0 END
        - CASE WHEN b.sold_before THEN round(b.net_before * u.units / r.rate) ELSE 0 END) AS minor
    FROM books b JOIN orders_order o ON o.id = b.order_id
    JOIN unnest(%(currencies)s::text[], %(units)s::int[]) AS u(currency, units)
      ON u.currency = o.brand_currency
    CROSS JOIN LATERAL (
        SELECT CASE o.brand_currency WHEN 'CNY' THEN 100::numeric ELSE o.brand_cny_per_100 END AS rate
    ) r
    WHERE r.rate IS NOT NULL GROUP BY 1
), settled AS (
    SELECT b.currency, sum(i.promised_minor) AS kept, sum(i.foreign_minor) AS minor
    FROM settlement_settlementitem i JOIN settlement_settlementbatch b ON b.id = i.batch_id
    WHERE i.storefront_id = %(shop)s AND i.settled_on = %(day)s GROUP BY 1
), told AS (
    SELECT b.currency, coalesce(sum(f.amount_minor) FILTER (WHERE f.kind = 'credit'), 0) AS credited,
           coalesce(sum(f.amount_minor) FILTER (WHERE f.kind = 'charge'), 0) AS charged
    FROM settlement_forexreceipt f JOIN settlement_settlementbatch b ON b.id = f.batch_id
    WHERE f.storefront_id = %(shop)s AND f.credited_on = %(day)s GROUP BY 1
)
SELECT currency, coalesce(p.minor, 0)::bigint, coalesce(s.kept, 0)::bigint, coalesce(s.minor, 0)::bigint,
       coalesce(t.credited, 0)::bigint, coalesce(t.charged, 0)::bigint
FROM promised p FULL JOIN settled s USING (currency) FULL JOIN told t USING (currency)
ORDER BY currency
"""
FIGURES = (
    *("placed", "placed_fen", "paid", "paid_fen", "ended", "refunded", "refunded_fen"),
    *("quotes", "quotes_ordered", "quotes_paid", "released", "clearance", "returns_asked", "returns_settled"),
)
MOVES = ("promised_minor", "kept_minor", "settled_minor", "credited_minor", "charged_minor")


def span(day: date) -> tuple[datetime, datetime]:
    """From when to when a day in Shanghai lasts."""
    since = datetime.combine(day, time(), SHANGHAI)
    return since, since + timedelta(days=1)  # there is no summer time


def figures(*, storefront_id: int, day: date) -> dict[str, Any]:
    """The figures of a storefront's day, by their names."""
    since, until = span(day)
    with connection.cursor() as cursor:
        cursor.execute(_DAY, {"shop": storefront_id, "since": since, "until": until})
        found = dict(zip(FIGURES, cursor.fetchone(), strict=True))
    return {**found, "clearance": orjson.loads(found["clearance"])}


def moves(*, storefront_id: int, day: date) -> dict[str, dict[str, int]]:
    """How a day moved the position in foreign money, by currency; days that moved nothing have none."""
    currencies = sorted(CURRENCIES)
    asked: dict[str, Any] = {"currencies": currencies, "units": [units(one) for one in currencies]}
    with connection.cursor() as cursor:
        cursor.execute(_FOREX, {"shop": storefront_id, "day": day, **asked})
        rows = cursor.fetchall()
    return {currency: dict(zip(MOVES, row, strict=True)) for currency, *row in rows if any(row)}

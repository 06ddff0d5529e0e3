"""Holding stock for someone and giving it back: one statement each, locked in key order, never oversold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from psycopg.errors import CheckViolation

from inventory.models import Reservation
from inventory.services.boxing import tell_lacking
from inventory.services.shelf import quarantine_ended
from kernel.cases import open_failing, resting, settle_open
from kernel.errors import Conflict

FAILING = "reservation.failing"


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
class SaleStopped(Conflict):
    """The goods are there and are not sold: their sale was stopped (停售)."""

    code = "sale_stopped"
    title = "The sale of some items has been stopped."
    title_zh = "部分商品已停售。"


# All is written before anyone is waited for: the movements change the balances (a trigger), in the order of
# the keys of their stocks, so that two baskets with the same goods in opposite order wait for each other
# instead of dying together. It refuses what the newest version of a row does not have, and then nothing of
# this stands. From a warehouse that is switched off nothing is sold, whatever was quoted from it.
_RESERVE = """
WITH seen AS (
    SELECT s.id, s.storefront_id, w.variant_id, w.quantity, s.stopped OR NOT h.active AS stopped,
           s.on_hand - s.reserved - s.quarantined >= w.quantity AS enough,
           coalesce(s.floor_on <= (%(at)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date, false) AS ending
    FROM unnest(%(variants)s::bigint[], %(quantities)s::int[]) AS w(variant_id, quantity)
    JOIN inventory_stock s USING (variant_id) JOIN inventory_warehouse h ON h.id = s.warehouse_id
    WHERE s.warehouse_id = %(warehouse)s::bigint
), given AS (
    SELECT id, storefront_id, quantity FROM seen
    WHERE (SELECT count(*) FROM seen WHERE enough AND NOT stopped AND NOT ending)
        = cardinality(%(variants)s::bigint[])
), moved AS (
    INSERT INTO inventory_movement
        (storefront_id, stock_id, kind, on_hand, reserved, picked, quarantined, holder, reason, by, at)
    SELECT storefront_id, id, 'reserve', 0, quantity, 0, 0, %(holder)s::text, '', '', %(at)s::timestamptz
    FROM given ORDER BY id
), held AS (
    INSERT INTO inventory_reservation (storefront_id, stock_id, holder, quantity, shipped, state, at,
        expires_at)
    SELECT storefront_id, id, %(holder)s::text, quantity, 0, 'held', %(at)s::timestamptz,
           %(until)s::timestamptz
    FROM given
)
SELECT variant_id, enough, stopped, ending, id FROM seen
"""

# Of what left in parts the rest is given back, and it was a reservation of those that left.
_RELEASE = """
WITH freed AS (
    UPDATE inventory_reservation SET
        state = CASE WHEN shipped > 0 THEN 'shipped' ELSE 'released' END,
        quantity = CASE WHEN shipped > 0 THEN shipped ELSE quantity END,
        released_at = %(at)s::timestamptz
    WHERE holder = %(holder)s::text AND state IN ('held', 'picked')
    RETURNING old.state AS state, storefront_id, stock_id, old.quantity - old.shipped AS quantity
), locked AS (
    SELECT s.id, f.storefront_id, f.quantity
    FROM inventory_stock s JOIN freed f ON f.stock_id = s.id
    ORDER BY s.id FOR NO KEY UPDATE OF s
), moved AS (
    INSERT INTO inventory_movement
        (storefront_id, stock_id, kind, on_hand, reserved, picked, quarantined, holder, reason, by, at)
    SELECT storefront_id, id, 'release', 0, -quantity, 0, 0, %(holder)s::text, '', '', %(at)s::timestamptz
    FROM locked ORDER BY id
)
SELECT count(*), count(*) FILTER (WHERE state = 'picked') FROM freed
"""

# Pieces of a stopped lot go from the hand of the picker into quarantine, for the sake of the same stop.
_PUT_BACK = """
WITH returned AS (
    UPDATE inventory_pick p SET put_back_at = %(at)s::timestamptz
    FROM inventory_reservation r
    WHERE r.id = p.reservation_id AND r.holder = %(holder)s::text AND r.state IN ('released', 'shipped')
      AND p.shipped_at IS NULL AND p.put_back_at IS NULL
    RETURNING p.storefront_id, p.lot_id, p.quantity
), back AS (
    SELECT r.storefront_id, l.stock_id, l.id AS lot_id, r.quantity, t.id AS stop_id
    FROM returned r JOIN inventory_lot l ON l.id = r.lot_id
    LEFT JOIN LATERAL (
        SELECT o.id FROM inventory_salestop o JOIN inventory_lot said ON said.id = o.lot_id
        JOIN inventory_stock s ON s.id = l.stock_id
        WHERE o.variant_id = s.variant_id AND o.lifted_at IS NULL AND l.stopped
          AND (said.id = l.id OR (said.code = l.code AND l.code <> ''))
        LIMIT 1
    ) t ON true
)
INSERT INTO inventory_movement
    (storefront_id, stock_id, lot_id, kind, on_hand, reserved, picked, quarantined, holder, reason, by, at)
SELECT storefront_id, stock_id, lot_id, 'put_back', 0, 0, -quantity, 0, %(holder)s::text, '', '',
       %(at)s::timestamptz FROM back
UNION ALL
SELECT storefront_id, stock_id, lot_id, 'quarantine', 0, 0, 0, quantity, 'stop:' || stop_id, '', '',
       %(at)s::timestamptz FROM back WHERE stop_id IS NOT NULL
"""


def reserve(
    *,
    warehouse_id: int,
    wanted: Iterable[tuple[int, int]],
    holder: str,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Hold pieces for `holder`: `wanted` are (variant id, quantity); two lines of one variant are summed.

    All or nothing: raises SoldOut or SaleStopped and holds no piece; a transaction around it is then at its
    end. One statement; where a lot has come too near its end since anyone looked, it is taken out of sale
    first and the statement said once more. With `until`, what is still held then comes back by itself.
    """
    sums: dict[int, int] = {}
    for variant_id, quantity in wanted:
        sums[variant_id] = sums.get(variant_id, 0) + quantity
    asked: dict[str, Any] = {
        "variants": _array(sums),
        "quantities": _array(sums.values()),
        "warehouse": warehouse_id,
        "holder": holder,
        "at": now,
        "until": until,
    }
    rows = _rows(asked, list(sums))
    ending = [id for *_, ending, id in rows if ending]
    if ending:
        quarantine_ended(stock_ids=ending, now=now)
        rows = _rows(asked, list(sums))
    if any(stopped for _, _, stopped, _, _ in rows):
        raise SaleStopped()
    enough = {variant_id for variant_id, enough, _, _, _ in rows if enough}
    if len(enough) < len(sums):
        raise SoldOut(variant_ids=[v for v in sums if v not in enough])


def _rows(asked: dict[str, Any], variant_ids: list[int]) -> list[tuple[int, bool, bool, bool, int]]:
    """What was seen of each stock; all is held where all was enough. Raises SoldOut: others were faster."""
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute(_RESERVE, asked)
                return list(cursor.fetchall())
        except IntegrityError as clash:
            refused = clash.__cause__  # by the trigger, which is no constraint of a table
            if not isinstance(refused, CheckViolation) or refused.diag.constraint_name:
                raise
            if connection.in_atomic_block:
                raise SoldOut(variant_ids=variant_ids) from clash


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL writes it: psycopg takes a list apart again at each call, for a third of its time."""
    return "{" + ",".join(map(str, numbers)) + "}"


def release(*, holder: str, now: datetime) -> int:
    """Give back all that is held for `holder`, picked or not, and has not left; a second call finds nothing.

    Returns how many stocks it came back to.
    """
    said: dict[str, Any] = {"holder": holder, "at": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RELEASE, said)
        freed, picked = cursor.fetchone()
        if picked:
            cursor.execute(_PUT_BACK, said)
            tell_lacking(holder=holder, note="given back", now=now)
    return int(freed)


def release_expired(*, now: datetime, limit: int = 500) -> int:
    """Give back what was held until a time that is over; returns for how many holders.

    One that fails in a way that nobody foresaw stops no other: it is a case, settled once it is given back,
    and rests the longer the more often it fails.
    """
    due = Reservation.objects.filter(state=Reservation.State.HELD, expires_at__lte=now)
    due = due.exclude(holder__in=resting(kind=FAILING, now=now))
    holders = due.order_by("expires_at").values_list("holder", "storefront")[:limit]
    given_back = 0
    for holder, storefront_id in dict(list(holders)).items():
        try:
            given_back += bool(release(holder=holder, now=now))
            settle_open(kinds=[FAILING], key=holder, by="system", note="given back", now=now)
        except Exception as failure:
            open_failing(
                storefront_id=storefront_id,
                kind=FAILING,
                key=holder,
                title="Stock that is held too long cannot be given back: something that nobody foresaw",
                facts={},
                failure=failure,
                now=now,
            )
    return given_back

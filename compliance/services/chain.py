"""A worker hangs new rows of the logs on their chains; whoever writes or reads a log never waits for it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import connection, transaction

from compliance.chain import LOGS, PLATFORM, SETTLED, Head, Log, beginning, link

AT_MOST = 10_000  # rows a turn: a turn stays short, and the next one comes within a second

_TURN = "SELECT pg_try_advisory_xact_lock(%s::bigint)"
_FRESH = """
WITH settled AS (
    SELECT row_id FROM compliance_chainlink WHERE log = %(log)s::text AND chained_at < %(before)s::timestamptz
    ORDER BY chained_at DESC, row_id DESC LIMIT 1
)
SELECT r.id, coalesce(r.storefront_id, {platform}), {digest}, r.at FROM {table} r
WHERE r.id > coalesce((SELECT row_id FROM settled), 0)
  AND NOT EXISTS (SELECT FROM compliance_chainlink c WHERE c.log = %(log)s::text AND c.row_id = r.id)
ORDER BY r.id LIMIT %(most)s::int
"""
_ENDS = """
SELECT s.id, e.position, e.hash FROM unnest(%s::bigint[]) AS s (id) CROSS JOIN LATERAL (
    SELECT position, hash FROM compliance_chainlink WHERE log = %s::text AND storefront_id = s.id
    ORDER BY position DESC LIMIT 1
) e
"""
_LATEST = "SELECT max(chained_at) FROM compliance_chainlink WHERE log = %s::text"
_APPEND = """
INSERT INTO compliance_chainlink
    (log, storefront_id, position, row_id, row_at, prev, digest, hash, chained_at)
SELECT %s::text, l.*, %s::timestamptz
FROM unnest(
    %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::bytea[]
) l
"""


def chain_logs(*, now: datetime) -> list[Head]:
    """Chain what was written to every log since the last turn; the ends that moved."""
    return [head for log in LOGS for head in chain_log(log=log, now=now)]


def chain_log(*, log: Log, now: datetime) -> list[Head]:
    """Chain at most 10,000 fresh rows of one log, all or none; the ends that moved.

    Nothing moves when another worker is at it. Instants along a chain never go back, whatever a clock says.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TURN, [_turn(log)])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(
            _FRESH.format(platform=PLATFORM, digest=log.digest, table=log.table),
            {"log": log.name, "before": now - SETTLED, "most": AT_MOST},
        )
        fresh = cursor.fetchall()
        if not fresh:
            return []
        cursor.execute(_LATEST, [log.name])
        chained_at = max(now, cursor.fetchone()[0] or now)
        cursor.execute(_ENDS, [sorted({storefront_id for _, storefront_id, _, _ in fresh}), log.name])
        ends = {id: (position, bytes(hash)) for id, position, hash in cursor.fetchall()}
        links = []
        for row_id, storefront_id, raw, row_at in fresh:
            position, prev = ends.get(storefront_id) or (0, beginning(log, storefront_id))
            digest = bytes(raw)
            ends[storefront_id] = end = (position + 1, link(prev, digest, row_id, row_at, chained_at))
            links.append((storefront_id, end[0], row_id, row_at, prev, digest, end[1]))
        cursor.execute(
            _APPEND, [log.name, chained_at, *(list(column) for column in zip(*links, strict=True))]
        )
    return [Head(log.name, id, position, hash.hex()) for id, (position, hash) in sorted(ends.items())]


def _turn(log: Log) -> int:
    """The advisory lock of a log: one writer at a time for all of its chains."""
    return int.from_bytes(hashlib.sha256(f"chain\x00{log.name}".encode()).digest()[:8], "big", signed=True)

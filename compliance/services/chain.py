"""A worker hangs new rows of the logs on their chains; whoever writes or reads a log never waits for it.

When a row was chained is told by the database's clock: a worker whose own clock is wrong dates nothing.
"""

from __future__ import annotations

import hashlib

from django.db import connection, transaction

from compliance.chain import LOGS, PLATFORM, SETTLED, SETTLED_ROW, Head, Log, beginning, link

AT_MOST = 10_000  # rows a turn: a turn stays short, and the next one comes within a second

_TURN = "SELECT pg_try_advisory_xact_lock(%s::bigint)"
_CLOCK = "SELECT clock_timestamp()"
_FRESH = """
SELECT r.id, coalesce(r.storefront_id, {platform}), {digest}, r.at FROM {table} r
WHERE r.id > {settled}
  AND NOT EXISTS (SELECT FROM compliance_chainlink c WHERE c.log = %(log)s::text AND c.row_id = r.id)
ORDER BY r.id LIMIT %(most)s::int
"""
_ENDS = """
SELECT s.id, e.position, e.hash, e.chained_at FROM unnest(%s::bigint[]) AS s (id) CROSS JOIN LATERAL (
    SELECT position, hash, chained_at FROM compliance_chainlink WHERE log = %s::text AND storefront_id = s.id
    ORDER BY position DESC LIMIT 1
) e
"""
_APPEND = """
INSERT INTO compliance_chainlink
    (log, storefront_id, position, row_id, row_at, prev, digest, hash, chained_at)
SELECT %s::text, l.*
FROM unnest(
    %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::bytea[],
    %s::timestamptz[]
) l
"""


def chain_logs() -> list[Head]:
    """Chain what was written to every log since the last turn; the ends that moved."""
    return [head for log in LOGS for head in chain_log(log=log)]


def chain_log(*, log: Log) -> list[Head]:
    """Chain at most 10,000 fresh rows of one log, all or none; the ends that moved.

    Nothing moves when another worker is at it. Instants along a chain never go back, and one chain's instants
    are nothing to another.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TURN, [_turn(log)])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(_CLOCK)
        [now] = cursor.fetchone()
        cursor.execute(
            _FRESH.format(platform=PLATFORM, digest=log.digest, table=log.table, settled=SETTLED_ROW),
            {"log": log.name, "before": now - SETTLED, "most": AT_MOST},
        )
        fresh = cursor.fetchall()
        if not fresh:
            return []
        cursor.execute(_ENDS, [sorted({storefront_id for _, storefront_id, _, _ in fresh}), log.name])
        ends = {id: (place, bytes(hash), max(now, at)) for id, place, hash, at in cursor.fetchall()}
        links = []
        for row_id, storefront_id, raw, row_at in fresh:
            position, prev, at = ends.get(storefront_id) or (0, beginning(log, storefront_id), now)
            digest = bytes(raw)
            hash = link(prev, digest, row_id, row_at, at)
            ends[storefront_id] = (position + 1, hash, at)
            links.append((storefront_id, position + 1, row_id, row_at, prev, digest, hash, at))
        cursor.execute(_APPEND, [log.name, *(list(column) for column in zip(*links, strict=True))])
    return [Head(log.name, id, position, hash.hex()) for id, (position, hash, _) in sorted(ends.items())]


def _turn(log: Log) -> int:
    """The advisory lock of a log: one writer at a time for all of its chains."""
    return int.from_bytes(hashlib.sha256(f"chain\x00{log.name}".encode()).digest()[:8], "big", signed=True)

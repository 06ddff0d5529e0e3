"""Whether a log is as it was written: what was changed, removed, put in, moved or misdated is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from compliance.chain import (
    AHEAD,
    HASH,
    LATE,
    LOGS,
    PLATFORM,
    SETTLED,
    SETTLED_ROW,
    Head,
    Log,
    beginning,
)
from compliance.heads import chains, rows, unknown
from compliance.services.retention import ended_before

BATCH = 20_000
What = Literal[
    "changed",  # the row is not what was chained
    "removed",  # the row is gone and too young to go
    "inserted",  # the row has no link and came after its neighbours were chained
    "unchained too long",  # the row has no link though its time has come
    "link changed",  # the link's own facts do not make its hash
    "link removed",  # a place in the chain is empty
    "reordered",  # the link hangs on another one of its chain than the one before it
    "torn",  # the link hangs on something that is not in the chain
    "dated back",  # the link was chained before the one before it
    "dated ahead",  # the link says that it was chained in a time that has not come
    "cut off",  # a kept head lies behind the end of the chain
    "written anew",  # a kept head's place has another hash
]

# A stretch is read in the order of its places and each row is looked up by its number (OFFSET 0 keeps the
# planner to it): what a stretch costs does not grow with the log, and nothing is sorted.
_STRETCH = """(
    SELECT * FROM compliance_chainlink
    WHERE log = %(log)s::text AND storefront_id = %(storefront)s::bigint AND position > %(position)s::bigint
    ORDER BY position LIMIT %(batch)s::int
) c LEFT JOIN LATERAL (
    SELECT r.id, r.at, {digest} AS digest FROM {table} r WHERE r.id = c.row_id OFFSET 0
) r ON true"""
_ROW = """
CASE WHEN r.id IS NULL THEN CASE WHEN c.row_at < %(forgotten)s::timestamptz
                                  AND c.chained_at < %(forgotten)s::timestamptz + %(late)s::interval
                                 THEN NULL ELSE 'removed' END
     WHEN c.digest <> r.digest OR c.row_at <> r.at THEN 'changed' END
"""
# Nearly every stretch is sound, and the server says so alone; one that is not is walked through here.
_SOUND = """
SELECT count(*), bool_and(sound), max(position) FROM (
    SELECT c.position,
           c.position = lag(c.position, 1, %(position)s::bigint) OVER w + 1
           AND c.prev = lag(c.hash, 1, %(last)s::bytea) OVER w
           AND c.chained_at >= lag(c.chained_at, 1, %(since)s::timestamptz) OVER w
           AND c.chained_at <= greatest(
               %(ahead)s::timestamptz, lag(c.chained_at, 1, %(since)s::timestamptz) OVER w
           )
           AND c.hash = {hash} AND ({row}) IS NULL AS sound
    FROM {stretch} WINDOW w AS (ORDER BY c.position)
) s
"""
_WALK = """
SELECT c.position, c.row_id, c.prev, c.hash, c.chained_at, c.hash = {hash}, {row}
FROM {stretch} ORDER BY c.position
"""
_AT = """
SELECT hash, chained_at FROM compliance_chainlink
WHERE log = %(log)s::text AND storefront_id = %(storefront)s::bigint AND position = %(position)s::bigint
"""
_KNOWN = """
SELECT hash FROM compliance_chainlink
WHERE log = %(log)s::text AND storefront_id = %(storefront)s::bigint AND hash = ANY (%(hashes)s::bytea[])
"""
_LOOSE = """
SELECT coalesce(r.storefront_id, {platform}), r.id,
       CASE WHEN r.id <= {settled} THEN 'inserted'
            WHEN r.at < %(before)s::timestamptz THEN 'unchained too long' END
FROM {table} r
WHERE NOT EXISTS (SELECT FROM compliance_chainlink c WHERE c.log = %(log)s::text AND c.row_id = r.id)
ORDER BY r.id
"""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was written; `row_id` is the row of the log, `position` its place."""

    what: What
    row_id: int | None
    position: int | None


@dataclass
class Chain:
    """What was found of one storefront's chain: `rows` in order, `tail` not yet chained."""

    log: str
    storefront_id: int
    rows: int = 0
    tail: int = 0
    findings: list[Finding] = field(default_factory=list)


def verify(*, now: datetime, storefront_id: int | None = None, kept: Sequence[Head] = ()) -> Iterator[Chain]:
    """Read every chain, or those of one storefront (0 is the platform's own), against its rows and `kept`."""
    for log in LOGS:
        loose: dict[int, list[tuple[int, What | None]]] = {}
        facts = {"log": log.name, "before": now - SETTLED}
        for chain, row_id, what in rows(_loose(log), facts):
            loose.setdefault(chain, []).append((row_id, what))
        mine = [head for head in kept if head.log == log.name and storefront_id in (None, head.storefront_id)]
        told = _against(log, mine)
        for chain in sorted({*chains(log, storefront_id), *told}):  # also one of which nothing is left
            found = Chain(log.name, chain)
            _read(log, found, now)
            unchained = loose.get(chain, [])
            found.tail = sum(1 for _, what in unchained if what is None)
            found.findings += [Finding(what, row_id, None) for row_id, what in unchained if what is not None]
            found.findings += told.get(chain, [])
            yield found


def _against(log: Log, kept: Sequence[Head]) -> dict[int, list[Finding]]:
    """The first kept head of each chain that has another hash, and the first that has no place in it."""
    found: dict[int, list[Finding]] = {}
    for head, missing in unknown(log, kept):
        what: What = "cut off" if missing else "written anew"
        mine = found.setdefault(head.storefront_id, [])
        if what not in {one.what for one in mine}:
            mine.append(Finding(what, None, head.position))
    return found


def _read(log: Log, found: Chain, now: datetime) -> None:
    """Every link of a chain against the one before it and against its row."""
    at: dict[str, Any] = {
        "log": log.name,
        "storefront": found.storefront_id,
        "position": 0,
        "last": beginning(log, found.storefront_id),
        "since": datetime.min.replace(tzinfo=UTC),
        "batch": BATCH,
        "forgotten": ended_before(figure=log.kept, now=now),
        "late": LATE,
        "ahead": now + AHEAD,
    }
    while True:
        [(count, sound, end)] = rows(_on(_SOUND, log), at)
        if not count:
            return
        found.rows += count
        if not sound:
            found.findings += _unsound(rows(_on(_WALK, log), at), at)
        at["position"] = end
        [(at["last"], at["since"])] = rows(_AT, at)


def _unsound(links: Iterable[tuple[Any, ...]], at: dict[str, Any]) -> Iterator[Finding]:
    """What is wrong with a stretch of links that follows the one that `at` tells of."""
    position, last, since = at["position"], at["last"], at["since"]
    for place, row_id, prev, hash, chained_at, whole, row in links:
        if not whole:
            yield Finding("link changed", row_id, place)
        if place != position + 1:
            yield Finding("link removed", None, position + 1)
        elif whole and prev != last:
            elsewhere = rows(_KNOWN, {**at, "hashes": [prev]})
            yield Finding("reordered" if elsewhere else "torn", row_id, place)
        if chained_at < since:
            yield Finding("dated back", row_id, place)
        if chained_at > max(since, at["ahead"]):  # those that follow can only be as far ahead
            yield Finding("dated ahead", row_id, place)
        if row is not None:
            yield Finding(row, row_id, place)
        position, last, since = place, hash, chained_at


def _loose(log: Log) -> str:
    return _LOOSE.format(platform=PLATFORM, table=log.table, settled=SETTLED_ROW)


def _on(statement: str, log: Log) -> str:
    stretch = _STRETCH.format(table=log.table, digest=log.digest)
    return statement.format(stretch=stretch, hash=HASH, row=_ROW)

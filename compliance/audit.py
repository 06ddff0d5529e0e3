"""Whether a log is as it was written: what was changed, removed, put in or moved is found and named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import structlog
from django.db import connection

from compliance.chain import LOGS, PLATFORM, SETTLED, Log, beginning, link
from compliance.law import Law
from kernel.clock import shanghai_day

logger = structlog.get_logger()
BATCH = 20_000
What = Literal[
    "changed", "removed", "inserted", "reordered", "link removed", "unchained too long", "not the kept head"
]

_CHAINS = """
SELECT storefront_id FROM compliance_chainlink WHERE log = %s::text
UNION SELECT coalesce(storefront_id, {platform}) FROM {table}
ORDER BY 1
"""
_STRETCH = """(
    SELECT position, row_id, prev, hash, chained_at FROM compliance_chainlink
    WHERE log = %(log)s::text AND storefront_id = %(storefront)s::bigint AND position > %(position)s::bigint
    ORDER BY position LIMIT %(batch)s::int
) c LEFT JOIN {table} r ON r.id = c.row_id"""
# Nearly every stretch is sound, and the server says so alone; the rows of one that is not are looked at here.
_SOUND = """
SELECT count(*), bool_and(sound), max(position) FROM (
    SELECT c.position,
           c.position = lag(c.position, 1, %(position)s::bigint) OVER w + 1
           AND c.prev = lag(c.hash, 1, %(last)s::bytea) OVER w
           AND CASE WHEN r.id IS NULL THEN c.chained_at < %(forgotten)s::timestamptz
                    ELSE sha256(c.prev || {digest}) = c.hash END AS sound
    FROM {stretch} WINDOW w AS (ORDER BY c.position)
) s
"""
_WALK = """
SELECT c.position, c.row_id, c.prev, c.hash, CASE WHEN r.id IS NOT NULL THEN {digest} END,
       c.chained_at < %(forgotten)s::timestamptz
FROM {stretch} ORDER BY c.position
"""
_LOOSE = """
WITH settled AS (
    SELECT row_id FROM compliance_chainlink WHERE log = %(log)s::text AND chained_at < %(before)s::timestamptz
    ORDER BY chained_at DESC, row_id DESC LIMIT 1
)
SELECT coalesce(r.storefront_id, {platform}), r.id,
       CASE WHEN r.id <= coalesce((SELECT row_id FROM settled), 0) THEN 'inserted'
            WHEN r.at < %(before)s::timestamptz THEN 'unchained too long' END
FROM {table} r
WHERE NOT EXISTS (SELECT FROM compliance_chainlink c WHERE c.log = %(log)s::text AND c.row_id = r.id)
ORDER BY r.id
"""
_HEAD = """
SELECT position, hash FROM compliance_chainlink WHERE log = %s::text AND storefront_id = %s::bigint
ORDER BY position DESC LIMIT 1
"""
_AT = """
SELECT hash FROM compliance_chainlink
WHERE log = %s::text AND storefront_id = %s::bigint AND position = %s::bigint
"""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was written; `row_id` is the row of the log, `position` its place."""

    what: What
    row_id: int | None
    position: int | None


@dataclass(frozen=True)
class Head:
    """The end of a chain. Kept elsewhere it proves later that nothing before it was written anew."""

    log: str
    storefront_id: int
    position: int
    hash: str


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
        for chain, row_id, what in _rows(_LOOSE.format(platform=PLATFORM, table=log.table), facts):
            loose.setdefault(chain, []).append((row_id, what))
        ends: dict[int, list[Head]] = {}
        for head in kept:
            if head.log == log.name and storefront_id in (None, head.storefront_id):
                ends.setdefault(head.storefront_id, []).append(head)
        for chain in sorted({*_chains(log, storefront_id), *ends}):  # also one of which nothing is left
            yield _verify(log, chain, now, loose.get(chain, []), ends.get(chain, []))


def heads(*, storefront_id: int | None = None) -> Iterator[Head]:
    """The ends of all chains, or of those of one storefront."""
    for log in LOGS:
        for chain in _chains(log, storefront_id):
            for position, hash in _rows(_HEAD, [log.name, chain]):
                yield Head(log.name, chain, position, bytes(hash).hex())


def keep(path: Path) -> None:
    """Add the ends that have moved to the file, a line each, and to the process's own log."""
    known = set(path.read_text().splitlines()) if path.exists() else set()
    lines = [line for head in heads() if (line := json.dumps(asdict(head))) not in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for line in lines:
            file.write(line + "\n")
            logger.info("audit head", head=line)


def _chains(log: Log, storefront_id: int | None) -> list[int]:
    known = [id for (id,) in _rows(_CHAINS.format(platform=PLATFORM, table=log.table), [log.name])]
    return known if storefront_id is None else [id for id in known if id == storefront_id]


def _verify(
    log: Log,
    storefront_id: int,
    now: datetime,
    loose: Sequence[tuple[int, What | None]],
    kept: Sequence[Head],
) -> Chain:
    """`loose` are the rows without a link: their numbers, and what is wrong with that, if anything."""
    found = Chain(log.name, storefront_id)
    years: int = Law(shanghai_day(now)).figure(log.kept)
    at: dict[str, Any] = {
        "log": log.name,
        "storefront": storefront_id,
        "position": 0,
        "last": beginning(log, storefront_id),
        "batch": BATCH,
        "forgotten": now - timedelta(days=365 * years),
    }
    while True:
        [(rows, sound, end)] = _rows(_on(_SOUND, log), at)
        if not rows:
            break
        found.rows += rows
        if not sound:
            found.findings += _unsound(_rows(_on(_WALK, log), at), at["position"], at["last"])
        at["position"] = end
        [(at["last"],)] = _rows(_AT, [log.name, storefront_id, end])
    found.tail = sum(1 for _, what in loose if what is None)
    found.findings += [Finding(what, row_id, None) for row_id, what in loose if what is not None]
    for head in kept:
        if [(bytes.fromhex(head.hash),)] != _rows(_AT, [log.name, storefront_id, head.position]):
            found.findings.append(Finding("not the kept head", None, head.position))
    return found


def _unsound(rows: Sequence[tuple[Any, ...]], position: int, last: bytes) -> Iterator[Finding]:
    """What is wrong with a stretch of links that follows the link at `position`, whose hash is `last`."""
    for place, row_id, prev, hash, digest, forgotten in rows:
        if place != position + 1:
            yield Finding("link removed", None, position + 1)
        elif prev != last:
            yield Finding("reordered", row_id, place)
        if digest is None:
            if not forgotten:
                yield Finding("removed", row_id, place)
        elif link(prev, digest) != hash:
            yield Finding("changed", row_id, place)
        position, last = place, hash


def _on(statement: str, log: Log) -> str:
    return statement.format(stretch=_STRETCH.format(table=log.table), digest=log.digest)


def _rows(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

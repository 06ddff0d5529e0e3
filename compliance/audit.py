"""Whether a log is as it was written: what was changed, removed, put in or moved is found and named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import connection

from compliance.chain import LOGS, PLATFORM, SETTLED, Log, beginning, link
from compliance.law import Law
from kernel.clock import shanghai_day

BATCH = 20_000
What = Literal["changed", "removed", "inserted", "reordered", "link removed", "not the kept head"]

_CHAINS = """
SELECT storefront_id FROM compliance_chainlink WHERE log = %s::text
UNION SELECT coalesce(storefront_id, {platform}) FROM {table}
ORDER BY 1
"""
_WALK = """
SELECT c.position, c.row_id, c.prev, c.hash, c.chained_at, CASE WHEN r.id IS NOT NULL THEN {digest} END
FROM (
    SELECT position, row_id, prev, hash, chained_at FROM compliance_chainlink
    WHERE log = %s::text AND storefront_id = %s::bigint AND position > %s::bigint
    ORDER BY position LIMIT %s::int
) c LEFT JOIN {table} r ON r.id = c.row_id ORDER BY c.position
"""
_LOOSE = """
WITH settled AS (
    SELECT row_id FROM compliance_chainlink WHERE log = %(log)s::text AND chained_at < %(before)s::timestamptz
    ORDER BY chained_at DESC, row_id DESC LIMIT 1
)
SELECT r.id, r.id <= coalesce((SELECT row_id FROM settled), 0) FROM {table} r
WHERE coalesce(r.storefront_id, {platform}) = %(storefront)s::bigint
  AND NOT EXISTS (SELECT FROM compliance_chainlink c WHERE c.log = %(log)s::text AND c.row_id = r.id)
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
        for chain in _chains(log, storefront_id):
            yield _verify(log, chain, now, [k for k in kept if (k.log, k.storefront_id) == (log.name, chain)])


def heads(*, storefront_id: int | None = None) -> Iterator[Head]:
    """The ends of all chains, or of those of one storefront."""
    for log in LOGS:
        for chain in _chains(log, storefront_id):
            for position, hash in _rows(_HEAD, [log.name, chain]):
                yield Head(log.name, chain, position, bytes(hash).hex())


def _chains(log: Log, storefront_id: int | None) -> list[int]:
    known = [id for (id,) in _rows(_CHAINS.format(platform=PLATFORM, table=log.table), [log.name])]
    return known if storefront_id is None else [id for id in known if id == storefront_id]


def _verify(log: Log, storefront_id: int, now: datetime, kept: Sequence[Head]) -> Chain:
    found = Chain(log.name, storefront_id)
    forgotten_before = now - timedelta(days=365 * Law(shanghai_day(now)).figure(log.kept))
    position, last = 0, beginning(log, storefront_id)
    while batch := _rows(_walk(log), [log.name, storefront_id, position, BATCH]):
        for place, row_id, prev, hash, chained_at, digest in batch:
            position += 1
            if place != position:
                found.findings.append(Finding("link removed", None, position))
                position = place
            elif prev != last:
                found.findings.append(Finding("reordered", row_id, place))
            if digest is None:
                if chained_at >= forgotten_before:
                    found.findings.append(Finding("removed", row_id, place))
            elif link(prev, digest) != hash:
                found.findings.append(Finding("changed", row_id, place))
            last = hash
        found.rows += len(batch)
    loose = _rows(
        _LOOSE.format(platform=PLATFORM, table=log.table),
        {"log": log.name, "before": now - SETTLED, "storefront": storefront_id},
    )
    found.tail = sum(1 for _, late in loose if not late)
    found.findings += [Finding("inserted", row_id, None) for row_id, late in loose if late]
    for head in kept:
        if [(bytes.fromhex(head.hash),)] != _rows(_AT, [log.name, storefront_id, head.position]):
            found.findings.append(Finding("not the kept head", None, head.position))
    return found


def _walk(log: Log) -> str:
    return _WALK.format(digest=log.digest, table=log.table)


def _rows(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

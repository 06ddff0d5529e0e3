"""The ends of the chains are told outside the database as they move: what was told is not rewritten unseen.

A line a chain and turn is added to the file `<name>.told`, and to the process's own log. Once an hour those
lines are compared with the chains and go; what remains for good in `<name>` is the end that each chain then
has, and every told one that the chains no longer know. Nothing in `<name>` is ever changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.db import connection

from compliance.chain import LOGS, PLATFORM, Head, Log

logger = structlog.get_logger()

_CHAINS = """
WITH RECURSIVE chained (id) AS (
    (SELECT storefront_id FROM compliance_chainlink WHERE log = %(log)s::text ORDER BY storefront_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.storefront_id FROM compliance_chainlink c
            WHERE c.log = %(log)s::text AND c.storefront_id > chained.id ORDER BY c.storefront_id LIMIT 1)
    FROM chained WHERE chained.id IS NOT NULL
)
SELECT id FROM chained WHERE id IS NOT NULL
UNION SELECT coalesce(storefront_id, {platform}) FROM {table}
ORDER BY 1
"""
_END = """
SELECT position, hash FROM compliance_chainlink WHERE log = %s::text AND storefront_id = %s::bigint
ORDER BY position DESC LIMIT 1
"""
_LAST = """
SELECT max(c.chained_at)
FROM unnest(string_to_array(%s::text, ' '), %s::bigint[], %s::bigint[]) AS k (log, storefront_id, position)
JOIN compliance_chainlink c USING (log, storefront_id, position)
"""
_UNKNOWN = """
SELECT k.n - 1, c.position IS NULL
FROM unnest(%s::bigint[], %s::bigint[], string_to_array(%s::text, ' '))
     WITH ORDINALITY AS k (storefront_id, position, hash, n)
LEFT JOIN compliance_chainlink c
    ON c.log = %s::text AND c.storefront_id = k.storefront_id AND c.position = k.position
WHERE c.hash IS DISTINCT FROM decode(k.hash, 'hex')
ORDER BY k.position, k.n
"""


def heads(*, storefront_id: int | None = None) -> Iterator[Head]:
    """The ends of all chains, or of those of one storefront."""
    for log in LOGS:
        for chain in chains(log, storefront_id):
            for position, hash in rows(_END, [log.name, chain]):
                yield Head(log.name, chain, position, bytes(hash).hex())


def chains(log: Log, storefront_id: int | None) -> list[int]:
    """The storefronts with a chain or a row in the log."""
    known = rows(_CHAINS.format(platform=PLATFORM, table=log.table), {"log": log.name})
    return [id for (id,) in known if storefront_id in (None, id)]


def unknown(log: Log, wanted: Sequence[Head]) -> list[tuple[Head, bool]]:
    """Those of the heads that the chains of the log do not have, and whether their places are empty."""
    facts = [
        [head.storefront_id for head in wanted],
        [head.position for head in wanted],
        " ".join(head.hash for head in wanted),
    ]
    return [(wanted[n], missing) for n, missing in rows(_UNKNOWN, [*facts, log.name])]


def last_of(wanted: Iterable[Head]) -> datetime | None:
    """When the youngest of the links was chained that the heads name."""
    places: dict[tuple[str, int], int] = {}
    for head in wanted:
        chain = (head.log, head.storefront_id)
        places[chain] = max(head.position, places.get(chain, 0))
    facts = [" ".join(log for log, _ in places), [id for _, id in places], list(places.values())]
    last: datetime | None = rows(_LAST, facts)[0][0]
    return last


def tell(path: Path, moved: Iterable[Head]) -> None:
    """Say outside the database where the chains end now."""
    lines = [json.dumps(asdict(head)) for head in moved]
    for line in lines:
        logger.info("audit head", head=line)
    _add(_told(path), lines)


def keep(path: Path) -> None:
    """Compare what was told since the last time; keep what is not found, and the ends that have moved."""
    told, being_read = _told(path), _being_read(path)
    if told.exists() and not being_read.exists():  # else one that a run that died has left is read first
        told.replace(being_read)
    lines = []
    since = list(read(being_read.read_text() if being_read.exists() else "", strict=False))
    for log in LOGS:
        for head, _ in unknown(log, [head for head in since if head.log == log.name]):
            lines.append(json.dumps(asdict(head)))
            logger.error("the logs are not as they were told", head=lines[-1])
    lines += [json.dumps(asdict(head)) for head in heads()]
    known = set(path.read_text().splitlines()) if path.exists() else set()
    _add(path, [line for line in lines if line not in known])
    being_read.unlink(missing_ok=True)


def kept(path: Path) -> list[Head]:
    """All heads that stand in the files; ValueError when a line is none."""
    files = (path, _being_read(path), _told(path))
    return [head for file in files if file.exists() for head in read(file.read_text(encoding="utf-8"))]


def read(text: str, *, strict: bool = True) -> Iterator[Head]:
    """The heads of a text, one a line; what is none is a ValueError, or is logged and left out."""
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            head = Head(**json.loads(line))
            if not (isinstance(head.storefront_id, int) and isinstance(head.position, int)):
                raise TypeError(line)
            if len(bytes.fromhex(head.hash)) != 32 or len(head.hash) != 64:
                raise ValueError(line)
        except (ValueError, TypeError):
            if strict:
                raise ValueError(line) from None
            logger.error("not an audit head", line=line[:200])
        else:
            yield head


def rows(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    """What the database answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _told(path: Path) -> Path:
    return path.with_name(f"{path.name}.told")


def _being_read(path: Path) -> Path:
    return path.with_name(f"{path.name}.told-before")


def _add(path: Path, lines: Sequence[str]) -> None:
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))

"""Proves that a plain value lies nowhere: in no column of any table, in nothing Redis holds, in no file.

The tables are found in the catalogue, whatever their columns, and searched by the server a stretch at a time;
only rows that match are looked at here. What is found is told by its place, masked.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.db import connection

from compliance.spellings import AWAY, Plain

BLOCKS = 4096  # of 8 KiB: a statement stays well within its time-out
CHUNK, OVERLAP = 4 << 20, 4096
SHOWN = 5

_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::bigint,
       ARRAY(SELECT attname::text FROM pg_attribute
             WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1
"""
_MATCH = """
SELECT place FROM (
    SELECT ctid::text AS place, exact, translate(lower(exact COLLATE "C"), %(away)s::text, '') AS folded
    FROM (
        SELECT ctid, t::text AS exact FROM {table} t
        WHERE ctid >= %(from)s::tid AND ctid < %(to)s::tid OFFSET 0
    ) r OFFSET 0
) s WHERE folded LIKE ANY (%(folded)s::text[]) OR exact LIKE ANY (%(exact)s::text[])
"""


@dataclass(frozen=True)
class Found:
    """A value was met: where, and which one, masked."""

    where: str
    masked: str


@dataclass
class Searched:
    """How much was looked at; a scan that saw nothing proves nothing."""

    tables: int = 0
    keys: int = 0
    files: int = 0


def tables(wanted: Sequence[Plain], searched: Searched) -> Iterator[Found]:
    """Every row of every table that the present role may read."""
    for table, blocks, columns in _ask(_TABLES):
        met: dict[tuple[str, str], list[str]] = {}
        for start in range(0, blocks, BLOCKS):
            places = _ask(
                _MATCH.format(table=table),
                {
                    "away": AWAY,
                    "from": f"({start},0)",
                    "to": f"({start + BLOCKS},0)",
                    "folded": [f"%{one}%" for plain in wanted for one in plain.folded],
                    "exact": [f"%{one}%" for plain in wanted for one in plain.exact],
                },
            )
            for row in _rows(table, columns, [place for (place,) in places]):
                for column, text in row.items():
                    for plain in wanted:
                        if text is not None and plain.is_in(text):
                            met.setdefault((column, plain.masked), []).append(row.get("id") or "?")
        searched.tables += 1
        for (column, masked), ids in met.items():
            more = ", …" if len(ids) > SHOWN else ""
            yield Found(f"table {table} column {column}, row {', '.join(ids[:SHOWN])}{more}", masked)


def redis(server: Any, wanted: Sequence[Plain], searched: Searched) -> Iterator[Found]:
    """Every key and value of every database of a Redis; `server` holds one connection of its own."""
    for name in server.info("keyspace"):
        server.execute_command("SELECT", name.removeprefix("db"))
        for key in server.scan_iter(count=1000):
            searched.keys += 1
            kind = server.type(key).decode()
            contents = [key, *_leaves(_READ[kind](server, key))] if kind in _READ else [key]
            for plain in wanted:
                if any(plain.is_in_bytes(one) for one in contents):
                    # The key may itself be what must not be shown.
                    shown = key.split(b":")[0][:20].decode(errors="replace")
                    shown = "…" if plain.is_in_bytes(shown.encode()) else f"{shown}…"
                    yield Found(f"redis {name} {kind} {shown}", plain.masked)


def files(folders: Iterable[Path], wanted: Sequence[Plain], searched: Searched) -> Iterator[Found]:
    """Every file below the folders, and what is packed in .zip, .xlsx and .gz."""
    for folder in folders:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            searched.files += 1
            met = {plain.masked for plain in wanted if plain.is_in_bytes(str(path).encode())}
            where = f"file in {path.parent}" if met else f"file {path}"
            for content in _contents(path):
                with content as stream:
                    met |= _met(stream, wanted)
            yield from (Found(where, masked) for masked in sorted(met))


_READ: dict[str, Callable[[Any, bytes], Any]] = {
    "string": lambda server, key: server.get(key),
    "list": lambda server, key: server.lrange(key, 0, -1),
    "set": lambda server, key: server.smembers(key),
    "hash": lambda server, key: server.hgetall(key),
    "zset": lambda server, key: server.zrange(key, 0, -1),
    "stream": lambda server, key: server.xrange(key),
}


def _leaves(value: Any) -> Iterator[bytes]:
    """The bytes in an answer of Redis, however it is nested."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from _leaves([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple, set)):
        for one in value:
            yield from _leaves(one)


def _contents(path: Path) -> Iterator[Any]:
    """The file as it is and what is packed in it, open; the reader closes each."""
    yield path.open("rb")
    if path.suffix == ".gz":
        yield gzip.open(path)  # noqa: SIM115
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                yield packed.open(name)


def _met(stream: IO[bytes], wanted: Sequence[Plain]) -> set[str]:
    met: set[str] = set()
    tail = b""
    while chunk := stream.read(CHUNK):
        data = tail + chunk
        met |= {plain.masked for plain in wanted if plain.is_in_bytes(data)}
        tail = data[-OVERLAP:]
    return met


def _rows(table: str, columns: Sequence[str], places: list[str]) -> Iterator[dict[str, str | None]]:
    if places:
        quoted = ", ".join(f"{connection.ops.quote_name(name)}::text" for name in columns)
        for row in _ask(f"SELECT {quoted} FROM {table} WHERE ctid = ANY (%s::tid[])", [places]):  # noqa: S608
            yield dict(zip(columns, row, strict=True))


def _ask(statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

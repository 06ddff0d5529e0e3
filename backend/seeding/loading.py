"""Puts many rows into tables that nobody else uses, all or none: checks and indexes are made when they lie.

PostgreSQL verifies a foreign key of a whole table at once, and sorts an index, many times faster than row
by row. Everything is one transaction: where it is stopped nothing was there, and constraints stand as before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_LINKS = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
WHERE c.contype = 'f' AND c.conrelid::regclass::text = ANY(%s)
"""
# Not a primary key, nor what another table's foreign key rests on.
_UNIQUE = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
WHERE c.contype = 'u' AND c.conrelid::regclass::text = ANY(%s)
  AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = c.conindid)
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid::regclass::text = ANY(%s)
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
_SEQUENCE = "SELECT pg_get_serial_sequence(%s, %s)"


@contextmanager
def bulk(tables: Collection[str], *, rebuild: bool) -> Iterator[None]:
    """One transaction in which rows may be copied into `tables`, past their triggers.

    With `rebuild` their indexes and links are made anew at the end, which pays for some ten thousand rows.
    """
    names = sorted(tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL lock_timeout = '10s'")
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute("SET LOCAL work_mem = '128MB'")
        for name in names:
            cursor.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER USER')
        again = list(_taken(cursor, names)) if rebuild else []
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in reversed(again):
            cursor.execute(statement)
        for name in names:
            cursor.execute(f'ALTER TABLE "{name}" ENABLE TRIGGER USER')


def _taken(cursor: object, names: list[str]) -> Iterator[str]:
    """Take away what is made again; the statements that make it, the last one first."""
    for query in (_LINKS, _UNIQUE):
        cursor.execute(query, [names])  # type: ignore[attr-defined]
        for table, name, definition in cursor.fetchall():  # type: ignore[attr-defined]
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')  # type: ignore[attr-defined]
            yield f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
    cursor.execute(_INDEXES, [names])  # type: ignore[attr-defined]
    for name, definition in cursor.fetchall():  # type: ignore[attr-defined]
        cursor.execute(f"DROP INDEX {name}")  # type: ignore[attr-defined]
        yield definition


def copy(table: str, columns: Collection[str], text: str) -> None:
    """Rows as COPY takes them, one a line."""
    names = ", ".join(f'"{one}"' for one in columns)
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as sink:
        sink.write(text.encode())


def set_sequences(tables: Collection[str]) -> None:
    """What is added from now on comes after what is there."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(_SEQUENCE, [table, "id"]) if _has_id(cursor, table) else None
            row = cursor.fetchone() if cursor.description else None
            if row and row[0]:
                cursor.execute(f'SELECT setval(%s, (SELECT max(id) FROM "{table}"))', [row[0]])


def _has_id(cursor: object, table: str) -> bool:
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = 'id'"
        " AND is_identity = 'YES'",
        [table],
    )
    return bool(cursor.fetchone())  # type: ignore[attr-defined]

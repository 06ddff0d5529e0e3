"""What many tests begin with is made once a process by the services, and put back row for row after that."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from psycopg import Cursor, sql

from kernel.clock import shanghai_day
from storefronts.queries import forget_kept
from tests import emptying


@dataclass(frozen=True)
class Kept:
    """The rows of every table as the services left them, and what they answered."""

    rows: tuple[tuple[str, bytes], ...]
    answer: bytes


# By name, and by the day on which it was made: some rows are of the present day.
_kept: dict[tuple[str, date], Kept] = {}


def today() -> date:
    return shanghai_day(datetime.now().astimezone())


def prepare(name: str, make: Callable[[], Any]) -> None:
    """Keep what `make` writes into an empty database; nothing stays there."""
    with transaction.atomic():
        assert emptying.filled() == []
        answer = pickle.dumps(make())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what was put off is looked at here, once
        _kept[name, today()] = Kept(tuple((table, out(table)) for table in emptying.filled()), answer)
        transaction.set_rollback(True)
    forget_kept()


def again(name: str, make: Callable[[], Any]) -> Any:
    """What `make` makes: the rows kept today where none stands in their way, else anew.

    In an empty database what is not kept yet is made and kept first.
    """
    if (name, today()) not in _kept and not emptying.filled():
        prepare(name, make)
    kept = _kept.get((name, today()))
    if kept is None or emptying.filled([table for table, _ in kept.rows]):
        return make()
    with as_replica() as cursor:
        into(kept.rows, cursor)
    forget_kept()
    return pickle.loads(kept.answer)


@contextmanager
def as_replica() -> Iterator[Cursor[Any]]:
    """As a replica the database fires no trigger: what the triggers wrote is among the rows."""
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield cursor.cursor
            cursor.execute("SET LOCAL session_replication_role = origin")
    else:
        with emptying.sweeper().transaction(), emptying.sweeper().cursor() as cursor:
            yield cursor


def out(table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(_copy(table, "TO STDOUT")) as copy:
        return b"".join(bytes(piece) for piece in copy)


def into(kept: Iterable[tuple[str, bytes]], cursor: Cursor[Any]) -> None:
    for table, rows in kept:
        with cursor.copy(_copy(table, "FROM STDIN")) as copy:
            copy.write(rows)


@cache
def _copy(table: str, where: str) -> sql.Composed:
    return sql.SQL("COPY {} {} (FORMAT binary)").format(sql.Identifier(table), sql.SQL(where))

"""Between tests that commit, only what they wrote is taken back: of a hundred tables most hold nothing.

A second connection does it, which fires no trigger: to turn triggers off or on makes a connection forget all
that it has planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import connection
from django.test import TransactionTestCase
from psycopg import Connection, sql

# Written when the database is made, by no test, and needed by all.
STAYING = {"django_migrations", "django_content_type", "auth_permission"}


def install() -> None:
    """Empty tables in place of Django's flush, which rewrites every table and makes the permissions anew."""
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[attr-defined]


def finish() -> None:
    """A database that somebody is connected to cannot be dropped."""
    if sweeper.cache_info().currsize:
        sweeper().close()
        sweeper.cache_clear()


def filled(names: Iterable[str] | None = None) -> list[str]:
    """The tables, among `names` or all that tests write, that hold any row."""
    with connection.cursor() as cursor:
        cursor.execute(_probes(tables() if names is None else tuple(names)))
        return [name for (name,) in cursor.fetchall()]


@cache
def tables() -> tuple[str, ...]:
    return tuple(sorted(set(connection.introspection.django_table_names(include_views=False)) - STAYING))


@cache
def _probes(names: tuple[str, ...]) -> str:
    one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    probes = [one.format(sql.Literal(name), sql.Identifier(name)) for name in names]
    return sql.SQL(" UNION ALL ").join(probes).as_string()


@cache
def sweeper() -> Connection[Any]:
    """As a replica the database looks at no foreign key, and the order of the tables is all one."""
    wrapper = connection.copy()
    wrapper.ensure_connection()
    wrapper.connection.execute("SET session_replication_role = replica")
    return wrapper.connection


def _empty(_case: Any) -> None:
    connection.close()  # what it may have left open would stand in the way
    names = [name for (name,) in sweeper().execute(_probes(tables()), prepare=True)]
    wipes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in names]
    sweeper().execute(sql.SQL("; ").join(wipes), prepare=False)

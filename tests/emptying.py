"""Between tests that commit, only what they wrote is taken back: of a hundred tables most hold nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.test import TransactionTestCase
from psycopg import sql

# Written when the database is made, by no test, and needed by all.
STAYING = {"django_migrations", "django_content_type", "auth_permission"}


def install() -> None:
    """Empty tables in place of Django's flush, which rewrites every table and makes the permissions anew."""
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[attr-defined]


def filled(names: Iterable[str] | None = None) -> list[str]:
    """The tables, among `names` or all that tests write, that hold any row."""
    if names is None:
        names = set(connection.introspection.django_table_names(include_views=False)) - STAYING
    probes = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
        for name in sorted(names)
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(probes).as_string(cursor.cursor))
        return [name for (name,) in cursor.fetchall()]


def _empty(_case: Any) -> None:
    if names := filled():
        with connection.cursor() as cursor:
            # As a replica the database looks at no foreign key, and the order of the tables is all one.
            wipes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in names]
            every = [sql.SQL("SET session_replication_role = replica"), *wipes]
            cursor.execute(sql.SQL("; ").join(every).as_string(cursor.cursor))
            cursor.execute("RESET session_replication_role")

"""Brings the roles, their time-outs and rights to what they shall be, also in databases made later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress

import psycopg
from psycopg import sql

from backend.embedded.place import SOCKET, Place

DATABASE = "storefront"
SUPERUSER = "postgres"
ROLES = ("owner", "web", "worker")
# By role: time-outs, of which running into one is a clean refusal that lost nothing; and whose rows are seen
# where nobody is named (kernel/tenancy.py): the worker's sweeps are everybody's.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "web": {"lock_timeout": "3s", "statement_timeout": "10s", "idle_in_transaction_session_timeout": "15s"},
    "worker": {
        "lock_timeout": "5s",
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "1min",
        "app.storefronts": "*",
    },
}
# The statement of a starter that was killed may still end after we have looked.
ALREADY_THERE = (
    psycopg.errors.DuplicateDatabase,
    psycopg.errors.DuplicateObject,
    psycopg.errors.UniqueViolation,
)
RIGHTS = (
    # As a member the owner, and with it the tests, can act as web or worker and end their sessions.
    "ALTER ROLE owner CREATEDB",
    "GRANT web, worker TO owner",
    "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO web, worker",
    "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO web, worker",
)


def connect(place: Place, database: str = SUPERUSER) -> psycopg.Connection:
    """A connection of the superuser, open only to those accounts that hold the data anyway."""
    return psycopg.connect(
        host=str(place.run),
        port=int(SOCKET.rpartition(".")[2]),
        user=SUPERUSER,
        dbname=database,
        connect_timeout=5,
        autocommit=True,
    )


def prepare(place: Place, passwords: Mapping[str, str]) -> None:
    """Make roles and database, or bring them up to date where the database's mark is not the wanted one."""
    mark = mark_of(passwords)
    with connect(place) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (DATABASE,)
        ).fetchone()
    if found == (mark,):
        return
    # In the template, so that every database made later has the same rights.
    with connect(place, "template1") as connection:
        make_roles(connection, passwords)
        for statement in RIGHTS:
            connection.execute(statement.encode())
    database = sql.Identifier(DATABASE)
    with connect(place) as connection:
        if found is None:
            with suppress(*ALREADY_THERE):
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER owner").format(database))
        # Last, so that a start that was killed on the way is made good by the next one.
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, sql.Literal(mark)))


def make_roles(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles that are missing, and give each its password and settings."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for role in ROLES:
        name = sql.Identifier(role)
        if role not in known:
            with suppress(*ALREADY_THERE):
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        # Sent already hashed, so that no log can hold it.
        hashed = connection.pgconn.encrypt_password(passwords[role].encode(), role.encode(), b"scram-sha-256")
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(hashed.decode())))
        for setting, value in SETTINGS.get(role, {}).items():
            connection.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(
                    name, sql.Identifier(*setting.split(".")), sql.Literal(value)
                )
            )


def mark_of(passwords: Mapping[str, str]) -> str:
    """What tells one state of roles, passwords and rights from another; it gives none of them away."""
    wanted = [[(role, passwords[role]) for role in ROLES], {k: dict(v) for k, v in SETTINGS.items()}, RIGHTS]
    return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()

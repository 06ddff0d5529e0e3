"""Whose rows are seen: a block names its storefronts, and its statements meet the wall under their name.

The wall (`kernel/walls.py`) reads `app.storefronts`. It is set for one transaction only, in the round trip of
the transaction's first statement, so that a connection which goes back to the pool, or through PgBouncer to
another client, carries no name. Where nothing is named `web` sees nothing, and `worker`, by its role, all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction
from psycopg.pq import TransactionStatus

SETTING = "app.storefronts"
EVERYTHING = "*"
_NAME = f"SELECT set_config('{SETTING}', %s::text, true)"
_UNNAME = f"RESET {SETTING}"  # to what the role has by itself
_UNKNOWN = "?"  # a savepoint may have been taken back with the name that was set after it

_named: ContextVar[str | None] = ContextVar("named", default=None)


@contextmanager
def among(*storefront_ids: int) -> Iterator[None]:
    """Within this block the rows of these storefronts are seen, and no others; none of them, nothing."""
    with _naming(",".join(map(str, sorted(storefront_ids)))):
        yield


@contextmanager
def everything() -> Iterator[None]:
    """Within this block all rows are seen: to find out who is meant, and for what is the platform's own."""
    with _naming(EVERYTHING):
        yield


@contextmanager
def tenant(storefront_id: int) -> Iterator[None]:
    """One transaction among the rows of this storefront; nests in an open transaction."""
    with among(storefront_id), transaction.atomic(savepoint=False):
        yield


@contextmanager
def _naming(names: str) -> Iterator[None]:
    token = _named.set(names)
    try:
        yield
    finally:
        _named.reset(token)


def follow(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Django's wrapper of each statement: it is preceded by the name where the transaction has not got it."""
    connection = context["connection"]
    raw, wanted = connection.connection, _named.get()
    status = raw.info.transaction_status
    if status == TransactionStatus.IDLE:
        if wanted is None:
            connection.named = None
            return execute(sql, params, many, context)
        connection.named = None if raw.autocommit else wanted
        # One round trip. Outside a transaction the two are one of their own.
        with connection.wrap_database_errors, raw.pipeline():
            raw.execute(_NAME, [wanted])
            return execute(sql, params, many, context)
    if status == TransactionStatus.INERROR or sql.startswith("ROLLBACK TO"):
        connection.named = _UNKNOWN
    elif connection.named != wanted:
        raw.execute(_UNNAME) if wanted is None else raw.execute(_NAME, [wanted])
        connection.named = wanted
    return execute(sql, params, many, context)

"""A transaction knows its tenant, so that row-level security can be switched on without touching a query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

_named: ContextVar[int | None] = ContextVar("tenant", default=None)


@contextmanager
def tenant(storefront_id: int) -> Iterator[None]:
    """One transaction in which `app.storefront` names the tenant; nests in an open transaction.

    Inside that of the same tenant it is named already; after another one's the outer tenant is named again.
    """
    outer = _named.get()
    with transaction.atomic(savepoint=False):
        if outer != storefront_id:
            _name(str(storefront_id))
        token = _named.set(storefront_id)
        try:
            yield
        finally:
            _named.reset(token)
        if outer is not None and outer != storefront_id:
            _name(str(outer))


def _name(storefront_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.storefront', %s::text, true)", [storefront_id])

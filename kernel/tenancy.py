"""A transaction knows its tenant, so that row-level security can be switched on without touching a query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def tenant(storefront_id: int) -> Iterator[None]:
    """One transaction in which `app.storefront` names the tenant; nests in an open transaction."""
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.storefront', %s::text, true)", [str(storefront_id)])
        yield

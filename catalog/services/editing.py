"""Every change of a catalogue happens inside `editing`, which numbers it and lets one writer in at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from kernel.tenancy import tenant

_BUMP = """
INSERT INTO catalog_catalogversion (storefront_id, version) VALUES (%s, 1)
ON CONFLICT (storefront_id) DO UPDATE SET version = catalog_catalogversion.version + 1
RETURNING version
"""


@contextmanager
def editing(storefront_id: int) -> Iterator[int]:
    """One transaction of change; yields the new version of the catalogue.

    The version's row is taken first, before any other row, so that two writers of one storefront queue here
    and never meet in another order elsewhere. Readers do not wait.
    """
    with tenant(storefront_id):
        with connection.cursor() as cursor:
            cursor.execute(_BUMP, [storefront_id])
            row = cursor.fetchone()
        assert row is not None
        yield int(row[0])

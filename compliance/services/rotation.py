"""Every live data key comes under the current master key while the house goes on; a kill loses nothing.

A batch is one short transaction, and what it did is what is no longer found: there is nothing to resume from
but the keys themselves. Rows that a data key sealed are not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction

from compliance import vault
from compliance.models import DataKey

# Rows are locked in the order of their ids, so that two rotations at once take turns. An order that is placed
# meanwhile only points at its key, which this lock lets it do.
_BATCH = """
SELECT id, wrapped, master_key_id FROM compliance_datakey
WHERE destroyed_at IS NULL AND master_key_id <> %s::text AND id > %s::uuid
ORDER BY id LIMIT %s::int FOR NO KEY UPDATE
"""
_WRITE = """
UPDATE compliance_datakey d SET wrapped = n.wrapped, master_key_id = %s::text
FROM unnest(%s::uuid[], %s::bytea[]) AS n (id, wrapped) WHERE d.id = n.id
"""
_FIRST = UUID(int=0)


@dataclass
class Rotation:
    """How many keys were re-wrapped, how many are left, and why those could not be."""

    done: int = 0
    left: int = 0
    stuck: set[str] = field(default_factory=set)


def rotate(*, batch: int = 500, told: Callable[[Rotation], None] = lambda _: None) -> Rotation:
    """Re-wrap until no key is left, or none of those left can be; `told` hears of each batch.

    A key made under the old master key meanwhile, by a process that does not know the new one yet, is taken
    in the next round.
    """
    so_far = Rotation(left=left())
    while True:
        before = so_far.done
        so_far.stuck.clear()
        after = _FIRST
        while last := _one_batch(so_far, after, batch):
            after = last
            told(so_far)
        so_far.left = left()
        if not so_far.left or so_far.done == before:
            return so_far


def left() -> int:
    """Live keys that are not under the current master key."""
    return (
        DataKey.objects.filter(destroyed_at=None).exclude(master_key_id=vault.master_keys().current).count()
    )


@transaction.atomic
def _one_batch(so_far: Rotation, after: UUID, batch: int) -> UUID | None:
    """Re-wrap the next keys by id; the last id looked at, None at the end."""
    keys = vault.master_keys()
    with connection.cursor() as cursor:
        cursor.execute(_BATCH, [keys.current, after, batch])
        rows = cursor.fetchall()
        wrapped = {}
        for id, old, master_key_id in rows:
            try:
                wrapped[id] = keys.wrap(id, keys.unwrap(id, bytes(old), master_key_id))[1]
            except vault.VaultError as failure:
                so_far.stuck.add(str(failure))
        cursor.execute(_WRITE, [keys.current, list(wrapped), list(wrapped.values())])
    so_far.done += len(wrapped)
    so_far.left = max(so_far.left - len(wrapped), 0)
    return rows[-1][0] if rows else None

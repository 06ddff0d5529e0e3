"""A fact is written in the transaction of the change and delivered after it, at least once, in order.

The ground knows neither who listens nor how the dispatcher is woken: `backend` installs both at start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction


@dataclass
class Wiring:
    """Who listens to which event, and how to wake the dispatcher after a commit."""

    handlers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wake: Callable[[], None] = lambda: None


wiring = Wiring()

_RECORD = """
WITH fact AS (
    INSERT INTO kernel_event (storefront_id, name, key, seq, facts, at)
    SELECT %(storefront_id)s::bigint, %(name)s::text, %(key)s::text,
           coalesce((SELECT max(seq) FROM kernel_event WHERE key = %(key)s::text), 0) + 1,
           %(facts)s::jsonb, %(at)s::timestamptz
    RETURNING id
)
INSERT INTO kernel_delivery (event_id, handler, key, attempts, next_try_at, error)
SELECT fact.id, handler, %(key)s::text, 0, %(at)s::timestamptz, ''
FROM fact, unnest(%(handlers)s::text[]) AS handler
"""


def record(*, storefront_id: int | None, name: str, key: str, facts: dict[str, Any], now: datetime) -> None:
    """Write the event `name` about `key` ("order:2611…") and one delivery per handler, in one statement.

    Must be called in the transaction of the change it tells of, after the row of `key` was locked or
    inserted, so that `seq` is the order of the changes. `facts` are JSON and never personal data in plain.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{name}: an event is written in the transaction of its change")
    handlers = wiring.handlers.get(name, ())
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD,
            {
                "storefront_id": storefront_id,
                "name": name,
                "key": key,
                "facts": orjson.dumps(facts).decode(),
                "at": now,
                "handlers": list(handlers),
            },
        )
    if handlers:
        transaction.on_commit(wiring.wake, robust=True)

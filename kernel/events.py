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


_RECORD_EACH = """
WITH fact AS (
    INSERT INTO kernel_event (storefront_id, name, key, seq, facts, at)
    SELECT %(storefront_id)s::bigint, %(name)s::text, t.key,
           coalesce((SELECT max(seq) FROM kernel_event e WHERE e.key = t.key), 0) + 1,
           t.facts::jsonb, %(at)s::timestamptz
    FROM unnest(%(keys)s::text[], %(facts)s::text[]) AS t(key, facts)
    RETURNING id, key
)
INSERT INTO kernel_delivery (event_id, handler, key, attempts, next_try_at, error)
SELECT fact.id, handler, fact.key, 0, %(at)s::timestamptz, ''
FROM fact, unnest(%(handlers)s::text[]) AS handler
"""


def record(*, storefront_id: int | None, name: str, key: str, facts: dict[str, Any], now: datetime) -> None:
    """Write the event `name` about `key` ("order:2611…") and one delivery per handler, in one statement.

    Must be called in the transaction of the change it tells of, after the row of `key` was locked or
    inserted, so that `seq` is the order of the changes. `facts` are JSON and never personal data in plain.
    """
    _write(_RECORD, name, {"key": key, "facts": orjson.dumps(facts).decode()}, storefront_id, now)


def record_each(
    *, storefront_id: int | None, name: str, facts: Mapping[str, Mapping[str, Any]], now: datetime
) -> None:
    """The same event about many keys, each with facts of its own, in one statement. See `record`."""
    told = {"keys": list(facts), "facts": [orjson.dumps(dict(one)).decode() for one in facts.values()]}
    _write(_RECORD_EACH, name, told, storefront_id, now)


def _write(
    statement: str, name: str, told: Mapping[str, Any], storefront_id: int | None, now: datetime
) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError(f"{name}: an event is written in the transaction of its change")
    handlers = wiring.handlers.get(name, ())
    said = {"storefront_id": storefront_id, "name": name, "at": now, "handlers": list(handlers)}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**said, **told})
    if handlers:
        transaction.on_commit(wiring.wake, robust=True)

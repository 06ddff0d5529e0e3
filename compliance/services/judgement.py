"""Every verdict is kept as evidence: what was decided, by which figures, on which facts, in one INSERT."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from compliance.facts import Purchase
from compliance.judge import Verdict
from compliance.vault import Key
from kernel.ids import uuid7

FACTS = "compliance_judgement.facts"

_INSERT = (
    "INSERT INTO compliance_judgement (id, storefront_id, subject_id, order_number, moment, allowed,"
    " refusals, figures, edition, facts_sealed, key_id, decided_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s)"
)


def record_judgement(
    *,
    storefront_id: int,
    subject_id: UUID | None,
    order_number: str | None,
    purchase: Purchase,
    verdict: Verdict,
    key: Key | None,
    now: datetime,
    more_figures: dict[str, Any] | None = None,
) -> UUID:
    """Write the judgement in exactly one statement; its id.

    The facts are sealed under `key`: the order's retention key, or the subject's where there is no order.
    Without a key they are not kept. The key's row must exist already. `more_figures` are JSON-ready and not
    personal, such as the rates of tax that the quote used.
    """
    id = uuid7()
    facts = key.seal(FACTS, id, orjson.dumps(purchase, default=_plain).decode()) if key else b""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                id,
                storefront_id,
                subject_id,
                order_number,
                purchase.moment,
                verdict.allowed,
                orjson.dumps(verdict.refusals).decode(),
                orjson.dumps(verdict.figures | (more_figures or {}), default=_plain).decode(),
                verdict.edition,
                facts,
                key.id if key else None,
                now,
            ],
        )
    return id


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)

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
from compliance.models import DataKey, Judgement
from compliance.vault import Key, open_as, unwrap
from kernel.ids import uuid7

FACTS = "compliance_judgement.facts"

_INSERT = """
INSERT INTO compliance_judgement (id, storefront_id, subject_id, order_number, moment, allowed, judged,
    refusals, figures, edition, facts_sealed, key_id, decided_at)
VALUES (%(id)s::uuid, %(storefront)s::bigint, %(subject)s::uuid, %(order)s::text, %(moment)s::text,
    %(allowed)s::boolean, %(judged)s::jsonb, %(refusals)s::jsonb, %(figures)s::jsonb, %(edition)s::text,
    %(facts)s::bytea, %(key)s::uuid, %(now)s::timestamptz)
"""
# The foreign key is looked at when the statement ends, so both rows may come in one.
_KEY = """
WITH key AS (
    INSERT INTO compliance_datakey (id, kind, storefront_id, wrapped, master_key_id, destroy_on)
    VALUES (%(key)s::uuid, %(kind)s::text, %(key_storefront)s::bigint, %(wrapped)s::bytea, %(master)s::text,
        %(destroy_on)s::date)
)
"""
_INSERT_WITH_KEY = _KEY + _INSERT


def record_judgement(
    *,
    storefront_id: int,
    subject_id: UUID | None,
    order_number: str | None,
    purchase: Purchase,
    verdict: Verdict,
    key: Key | None,
    now: datetime,
    new_key: DataKey | None = None,
    more_figures: dict[str, Any] | None = None,
) -> UUID:
    """Write the judgement in exactly one statement; its id.

    The facts are sealed under `key`: the order's retention key, or the subject's where there is no order.
    Without a key they are not kept. The key's row must exist already, unless it is given as `new_key` and
    saved here. `more_figures` are JSON-ready and not
    personal, such as the rates of tax that the quote used.
    """
    id = uuid7()
    facts = key.seal(FACTS, id, orjson.dumps(purchase, default=_plain).decode()) if key else b""
    values: dict[str, Any] = {
        "id": id,
        "storefront": storefront_id,
        "subject": subject_id,
        "order": order_number,
        "moment": purchase.moment,
        "allowed": verdict.allowed,
        "judged": orjson.dumps(verdict.judged).decode(),
        "refusals": orjson.dumps(verdict.refusals).decode(),
        "figures": orjson.dumps(verdict.figures | (more_figures or {}), default=_plain).decode(),
        "edition": verdict.edition,
        "facts": facts,
        "key": key.id if key else None,
        "now": now,
    }
    statement = _INSERT
    if new_key is not None:
        statement = _INSERT_WITH_KEY
        values |= {
            "kind": new_key.kind,
            "key_storefront": new_key.storefront_id,
            "wrapped": new_key.wrapped,
            "master": new_key.master_key_id,
            "destroy_on": new_key.destroy_on,
        }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    return id


def facts_of(*, judgement: Judgement, who: str, purpose: str, now: datetime) -> dict[str, Any]:
    """The sealed facts of a judgement, opened for an operator with a purpose; leaves an access row.

    Empty where none were kept. Raises VaultClosed when their key was destroyed.
    """
    if judgement.key is None or not judgement.facts_sealed:
        return {}
    opened = open_as(
        who=who,
        purpose=purpose,
        storefront_id=judgement.storefront_id,
        key=unwrap(judgement.key),
        label=FACTS,
        ref=judgement.id,
        blob=bytes(judgement.facts_sealed),
        now=now,
    )
    facts: dict[str, Any] = orjson.loads(opened)
    return facts


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)

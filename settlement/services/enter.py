"""Entering a fact into the ledger: once, whole, and in balance, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from kernel import events
from kernel.clock import shanghai_day
from settlement.accounts import Account
from settlement.models import Entry


@dataclass(frozen=True, slots=True)
class Fact:
    """What is entered: `key` names it for ever; the amounts, in fen, are signed (debit positive)."""

    storefront_id: int
    kind: Entry.Kind
    key: str
    at: datetime
    amounts: Mapping[Account, int]
    order_id: int | None = None
    payment_id: int | None = None
    refund_id: int | None = None
    bill_line_id: int | None = None
    difference_id: int | None = None
    reverses_id: int | None = None


# One statement: the trigger on postings sees an entry whole. Two workers with the same fact: the second
# waits for the first at the unique key and then writes nothing.
_ENTER = """
WITH fact AS (
    INSERT INTO settlement_entry
        (storefront_id, kind, key, day, at, entered_at, order_id, payment_id, refund_id, bill_line_id,
         difference_id, reverses_id)
    VALUES (%(storefront_id)s, %(kind)s, %(key)s, %(day)s, %(at)s, %(now)s, %(order_id)s, %(payment_id)s,
            %(refund_id)s, %(bill_line_id)s, %(difference_id)s, %(reverses_id)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
)
INSERT INTO settlement_posting (storefront_id, entry_id, account, day, amount_fen)
SELECT %(storefront_id)s, fact.id, account, %(day)s, amount
FROM fact, unnest(%(accounts)s::text[], %(amounts)s::bigint[]) AS line(account, amount)
RETURNING entry_id
"""
# What becomes of a batch is told by the batch.
_OF_BATCHES = (Entry.Kind.SETTLEMENT, Entry.Kind.RECEIPT, Entry.Kind.CLEARING)


def enter(*, fact: Fact, now: datetime) -> bool:
    """Enter `fact` with its postings, and tell of it where an order moved by it; False when its key was
    entered before, and then nothing is written.

    Zero amounts are left out. Raises ValueError for amounts that do not sum to zero, or that are all zero;
    the database refuses the same for itself.
    """
    lines = {account: amount for account, amount in fact.amounts.items() if amount}
    if not lines or sum(list(lines.values())) != 0:
        raise ValueError(f"{fact.key}: the postings of an entry sum to zero and are not all zero")
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            _ENTER,
            {
                "storefront_id": fact.storefront_id,
                "kind": fact.kind,
                "key": fact.key,
                "day": shanghai_day(fact.at),
                "at": fact.at,
                "now": now,
                "order_id": fact.order_id,
                "payment_id": fact.payment_id,
                "refund_id": fact.refund_id,
                "bill_line_id": fact.bill_line_id,
                "difference_id": fact.difference_id,
                "reverses_id": fact.reverses_id,
                "accounts": [str(account) for account in lines],
                "amounts": list(lines.values()),
            },
        )
        row = cursor.fetchone()
        if row is not None and fact.order_id is not None and fact.kind not in _OF_BATCHES:
            events.record(
                storefront_id=fact.storefront_id,
                name="ledger.entered",
                key=f"entry:{row[0]}",
                facts={"entry": row[0], "day": shanghai_day(fact.at).isoformat()},
                now=now,
            )
    return row is not None

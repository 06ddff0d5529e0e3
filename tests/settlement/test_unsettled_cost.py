"""What has not gone abroad is told from the open orders alone: settled ones cost nothing, however many."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from django.db import connection

from kernel.models import Case
from settlement import unsettled as statement
from settlement.models import Entry, OpenOrder, Posting, SettlementBatch, SettlementItem
from settlement.services.done import let_go_of_done
from settlement.services.exchange import export_batch
from settlement.services.receipts import close_batch
from settlement.unsettled import unsettled
from tests import make
from tests.settlement import history, trades
from tests.settlement.institution import credited, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 3_000


def read(asked: dict[str, Any]) -> Counter[str]:
    """How many rows the statement takes from each table, as the database itself counts them."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement._QUERY}", asked)
        (plan,) = cursor.fetchone()
    found: Counter[str] = Counter()

    def walk(node: dict[str, Any]) -> None:
        if "Relation Name" in node:
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            found[node["Relation Name"]] += round(rows * node["Actual Loops"])
        for below in node.get("Plans", ()):
            walk(below)

    walk((orjson.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return found


def test_the_statement_reads_the_rows_of_open_orders_and_none_of_the_settled_ones(world):
    settled = trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    answered = taken(batch)
    credited(answered, answered.foreign_minor)
    close_batch(batch=SettlementBatch.objects.get(), by="me", now=make.NOW)
    history.copy(settled, MANY)
    assert SettlementItem.objects.filter(order__paid_at__isnull=False).count() == MANY + 1
    assert let_go_of_done(now=make.NOW) == 1
    open_one = trades.ready(world)
    Case.objects.all().delete()  # each leads to its own order, settled or not
    assert list(OpenOrder.objects.values_list("pk", flat=True)) == [open_one.pk]
    seen: list[Any] = []

    def heard(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(heard):
        (one,) = unsettled(storefront_id=open_one.storefront_id, day=DAY)
    assert one.order_id == open_one.pk
    rows = read(seen[0])
    entries = Entry.objects.filter(order=open_one)
    assert rows["settlement_openorder"] == 1
    assert rows["orders_order"] == 1
    assert rows["settlement_entry"] == entries.count() == 1
    assert rows["settlement_posting"] == Posting.objects.filter(entry__in=entries).count()
    assert rows["settlement_settlementitem"] == 0
    assert rows["settlement_evidence"] == 3

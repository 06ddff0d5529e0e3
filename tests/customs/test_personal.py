"""What customs was told and answered of an order goes with the order's key, and not a moment before."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from backend.personal import KEEPINGS
from compliance import vault
from compliance.models import DataKey
from compliance.services.retention import retain
from customs.models import Filing, PortReceipt
from kernel.clock import shanghai_day
from tests import make
from tests.operators.customs_rows import customs_rows

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = [keeping for keeping in KEEPINGS if keeping.kind in ("customs.filings", "customs.receipts")]


@pytest.fixture
def order():
    made = make.order(make.world().alice, ("HD-1", 1))
    customs_rows(made, 0)
    return made


def contents() -> list[bytes]:
    return [bytes(Filing.objects.get().body_sealed), bytes(PortReceipt.objects.get().raw_sealed)]


def let_go(now: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        try:
            return [one.let_go for one in retain(keepings=KINDS, now=now)]
        finally:
            cursor.execute("RESET ROLE")


def test_what_was_told_is_emptied_once_its_key_is_destroyed_and_rows_stay(order):
    late = make.present()
    assert let_go(late) == [0, 0]
    assert all(contents())
    DataKey.objects.filter(pk=order.key_id).update(destroy_on=shanghai_day(late))  # its day has come
    vault.destroy_key(key_id=order.key_id, now=late)
    assert let_go(late) == [1, 1]
    assert contents() == [b"", b""]
    assert let_go(late) == [0, 0]


@pytest.mark.parametrize("value", ["", "x"])
@pytest.mark.parametrize(("table", "column"), [("filing", "body_sealed"), ("portreceipt", "raw_sealed")])
def test_nobody_who_serves_empties_or_changes_it_before(order, table, column, value):
    with (
        pytest.raises(DatabaseError, match="stays until the key"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL ROLE worker")
        cursor.execute(f"UPDATE customs_{table} SET {column} = %s", [value.encode()])
    assert all(contents())


@pytest.mark.parametrize("table", ["declaration", "filing", "portmessage", "portreceipt", "portaccount"])
def test_nobody_who_serves_removes_a_row(order, table):
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL ROLE web")
        cursor.execute(f"DELETE FROM customs_{table}")

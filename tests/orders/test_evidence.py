"""Terms, payment and sealed data of an order stay as agreed, and the key of a paid one until its day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from compliance import vault
from compliance.models import DataKey, Subject
from orders.models import Order
from orders.states import ORDER
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["web", "worker"])
def role(request):
    return request.param


@pytest.fixture
def order():
    return make.order(make.world().alice, ("HD-1", 1))


@pytest.fixture
def paid(order):
    change(
        "owner",
        "UPDATE orders_order SET state = 'paid', paid_at = now(), mchid = '1', out_trade_no = '2',"
        " transaction_id = '3'",
    )
    return Order.objects.get()


def change(role: str, statement: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)
        changed = cursor.rowcount
        cursor.execute("RESET ROLE")
    return changed


def refused(role: str, statement: str) -> str:
    before = Order.objects.values().get()
    with pytest.raises(IntegrityError) as told:
        change(role, statement)
    assert Order.objects.values().get() == before
    return str(told.value).splitlines()[0]


@pytest.mark.parametrize(
    "change_",
    [
        "notice_hash = 'x'",
        "goods_fen = goods_fen + 1, total_fen = total_fen + 1",
        "number = 'x'",
        "placed_at = now()",
        "customer_id = NULL",
        "warehouse_id = warehouse_id + 1",
        "claim_id = 1",
        "usd_rate_id = coalesce(usd_rate_id, 0) + 1",
        "usd_cny_per_100 = coalesce(usd_cny_per_100, 0) + 1",
        "brand_currency = 'XXX'",
        "brand_rate_id = coalesce(brand_rate_id, 0) + 1",
        "brand_cny_per_100 = coalesce(brand_cny_per_100, 0) + 1",
    ],
)
def test_what_was_agreed_is_not_changed(role, order, change_):
    assert refused(role, f"UPDATE orders_order SET {change_}") == (
        "orders_order is written once and never changed"
    )


@pytest.mark.parametrize("change_", ["state = 'closing'", "paid_at = NULL", "transaction_id = '4'"])
def test_a_payment_stays(role, paid, change_):
    told = refused(role, f"UPDATE orders_order SET {change_}")
    assert told == "orders_order is written once and never changed"


PAYMENT = "paid_at = now(), mchid = '1', out_trade_no = '2', transaction_id = '3'"


@pytest.mark.parametrize("before", [state for state in ORDER.states if state != "paid"])
@pytest.mark.parametrize("after", ORDER.states)
def test_the_database_knows_the_moves_of_the_table_and_no_other(role, order, before, after):
    change("owner", f"UPDATE orders_order SET state = '{before}'")
    legal = {(source, to) for table in ORDER.moves.values() for source, to in table.items()}
    paid = f", {PAYMENT}" if after == "paid" else ""
    statement = f"UPDATE orders_order SET state = '{after}'{paid}"
    if before == after or (before, after) in legal:
        assert change(role, statement) == 1
    else:
        assert refused(role, statement) == f"no verb leads from {before} to {after} with this payment"


@pytest.mark.parametrize("column", PAYMENT.split(", "))
def test_no_piece_of_a_payment_is_written_on_an_order_that_is_not_paid_by_it(role, order, column):
    told = refused(role, f"UPDATE orders_order SET {column}")
    assert told == "no verb leads from placed to placed with this payment"
    told = refused(role, f"UPDATE orders_order SET state = 'closing', {column}")
    assert told == "no verb leads from placed to closing with this payment"


@pytest.mark.parametrize(
    ("state", "paid_at", "transaction"),
    [
        ("paid", "now()", "'3'"),
        ("cancelled", "NULL", "''"),
        ("placed", "now()", "''"),
        ("placed", "NULL", "'3'"),
    ],
)
def test_an_order_begins_as_placed_and_unpaid(role, order, state, paid_at, transaction):
    columns = [field.column for field in Order._meta.concrete_fields if not field.primary_key]
    values = {"state": f"'{state}'", "paid_at": paid_at, "transaction_id": transaction, "number": "'another'"}
    copied = ", ".join(values.get(column, column) for column in columns)
    told = refused(role, f"INSERT INTO orders_order ({', '.join(columns)}) SELECT {copied} FROM orders_order")
    assert told == "an order begins as placed and unpaid"


def test_the_key_of_a_paid_order_is_kept_until_its_day(role, paid):
    told = refused(
        role, "UPDATE compliance_datakey SET wrapped = '', destroyed_at = now() WHERE kind = 'order'"
    )
    assert told == f"the key of a paid order is kept until {paid.key.destroy_on}"
    assert vault.unwrap(DataKey.objects.get(pk=paid.key_id))


def test_a_key_whose_day_has_come_is_destroyed_and_then_its_sealed_data_may_go(role, paid):
    empty = "UPDATE orders_order SET buyer_name_sealed = ''"
    assert refused(role, empty) == "sealed data of an order stays as long as its key"
    written = empty.replace("''", "'x'")
    assert refused(role, written) == "sealed data of an order stays as long as its key"
    DataKey.objects.filter(pk=paid.key_id).update(destroy_on="2026-01-01")
    change(role, "UPDATE compliance_datakey SET wrapped = '', destroyed_at = now() WHERE kind = 'order'")
    assert refused(role, written) == "orders_order is written once and never changed"
    assert change(role, empty) == 1


def test_the_key_of_an_order_that_was_never_paid_goes_once_the_account_is_closed(order):
    with pytest.raises(IntegrityError, match="kept while its account is open"), transaction.atomic():
        vault.destroy_key(key_id=order.key_id, now=datetime(2026, 11, 23, tzinfo=UTC))
    Subject.objects.update(erased_at=datetime(2026, 11, 23, tzinfo=UTC))
    assert vault.destroy_key(key_id=order.key_id, now=datetime(2026, 11, 23, tzinfo=UTC))

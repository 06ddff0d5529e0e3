"""What is settled and done is looked at no more, and nothing of which something is left is overlooked."""

from __future__ import annotations

import io
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from orders.models import Order
from settlement.models import OpenOrder, SettlementBatch
from settlement.queries import overlooked
from settlement.services import done
from settlement.services.batches import discard_batch
from settlement.services.done import let_go_of_done
from settlement.services.exchange import export_batch
from settlement.services.receipts import close_batch
from settlement.unsettled import unsettled
from tests import make
from tests.payments.reports import report_of
from tests.races.crowd import at_once
from tests.settlement import trades
from tests.settlement.institution import credited, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY, of
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def order(world) -> Order:
    """An order all of which has gone abroad."""
    order = trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    answered = taken(batch)
    credited(answered, answered.foreign_minor)
    close_batch(batch=SettlementBatch.objects.get(), by="me", now=make.NOW)
    return order


def opened() -> list[int]:
    return list(OpenOrder.objects.order_by("pk").values_list("pk", flat=True))


def listed(order: Order) -> list[tuple[int, int]]:
    found = unsettled(storefront_id=order.storefront_id, day=DAY)
    return [(one.order_id, one.net_fen) for one in found]


@pytest.mark.parametrize("role", ["web", "worker"])
def test_an_order_is_open_from_its_payment_on_whoever_writes_it(world, role):
    order = make.order(world.alice, ("HD-1", 1))
    payment = make.payment(order)
    assert opened() == []
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        trades.settle(
            storefront_id=order.storefront_id, mchid=payment.mchid, report=report_of(payment), now=make.NOW
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    assert opened() == [order.pk]
    assert "not_entered" in of(order).reasons


def test_what_is_done_is_looked_at_no_more_until_something_of_it_is_entered_again(order):
    assert let_go_of_done(now=make.NOW) == 1
    assert (opened(), listed(order)) == ([], [])
    trades.charged(order, 164)
    assert listed(order) == [(order.pk, -164)]
    assert let_go_of_done(now=make.NOW) == 0
    trades.charged(order, -164)
    assert listed(order) == []
    assert let_go_of_done(now=make.NOW) == 1
    trades.refunded(order, goods_fen=5_000)
    assert (opened(), listed(order)) == ([order.pk], [(order.pk, -5_000)])


def test_what_waits_or_is_in_a_batch_stays_open(world):
    order, second = trades.paid(world), trades.ready(world, ("IR-1", 1))
    assert let_go_of_done(now=make.NOW) == 0
    batch = made(world)
    trades.refunded(second, goods_fen=5_000, tax_fen=0)  # nothing of it is left, and a batch has it
    assert let_go_of_done(now=make.NOW) == 0
    assert opened() == [order.pk, second.pk]
    discard_batch(batch=batch, by="me", now=make.NOW)
    assert let_go_of_done(now=make.NOW) == 1
    assert opened() == [order.pk]


def test_chunks_go_on_where_the_last_one_ended(world, order, monkeypatch):
    second = trades.paid(world, ("IR-1", 1))
    third = trades.paid(world, ("IR-1", 1))
    trades.refunded(third, goods_fen=5_000, tax_fen=third.tax_fen)
    monkeypatch.setattr(done, "CHUNK", 1)
    assert let_go_of_done(now=make.NOW) == 2
    assert opened() == [second.pk]


def test_an_entry_that_is_written_while_its_order_is_let_go_of_opens_it_again(order, monkeypatch):
    looked, waits = threading.Event(), threading.Event()

    def looked_through(**asked):
        found = unsettled(**asked)
        looked.set()
        assert waits.wait(20)
        return found

    monkeypatch.setattr(done, "unsettled", looked_through)

    def charge() -> None:
        assert looked.wait(20)
        threading.Timer(0.5, waits.set).start()  # by then the entry waits for the commit
        trades.charged(order, 164)

    results = at_once([lambda: let_go_of_done(now=make.NOW), charge])
    assert results == [1, None]
    assert listed(order) == [(order.pk, -164)]


def test_an_order_that_is_being_entered_is_left_alone(order):
    entered, looked = threading.Event(), threading.Event()

    def charge() -> None:
        with transaction.atomic():
            trades.charged(order, 164)
            entered.set()
            assert looked.wait(20)

    def let_go() -> int:
        assert entered.wait(20)
        gone = let_go_of_done(now=make.NOW)
        looked.set()
        return gone

    assert at_once([charge, let_go]) == [None, 0]
    assert listed(order) == [(order.pk, -164)]


def test_verify_names_what_would_be_overlooked(world):
    order = trades.paid(world)
    assert overlooked(storefront_id=order.storefront_id, day=DAY) == []
    OpenOrder.objects.all().delete()
    assert overlooked(storefront_id=order.storefront_id, day=DAY) == [order.number]
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("ledger", "verify", stdout=out)
    assert f"{order.number} has not gone abroad and is overlooked" in out.getvalue()


def test_web_takes_no_order_from_the_open_ones(world):
    trades.paid(world)
    with (
        connection.cursor() as cursor,
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        cursor.execute("SET LOCAL ROLE web")
        cursor.execute("DELETE FROM settlement_openorder")

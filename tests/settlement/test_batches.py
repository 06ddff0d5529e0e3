"""Batches: each order in one live batch at most, sums that hold, and nothing that is kept is ever removed."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import IntegrityError, connection, transaction

from kernel.models import Event
from kernel.states import WrongState
from settlement.models import SettlementBatch, SettlementItem
from settlement.reasons import Reason
from settlement.services import batches
from settlement.services.batches import NothingToSettle, discard_batch, make_batch
from settlement.unsettled import unsettled
from tests import make
from tests.races.crowd import at_once
from tests.settlement import trades
from tests.settlement.test_unsettled import DAY, of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


def made(world: make.World, **more: object) -> SettlementBatch:
    return make_batch(storefront_id=world.shop.pk, currency="EUR", by="me", now=make.NOW, **more)


def test_a_batch_holds_what_is_ready_and_its_sums_are_those_of_its_items(world):
    ready = [trades.ready(world), trades.ready(world, ("IR-1", 1))]
    trades.charged(ready[0], 164)
    waiting = trades.paid(world, ("HD-1", 1))
    batch = made(world)
    assert re.fullmatch(r"S261120\d{9}[0-9A-Z]{10}", batch.number)  # and nothing of our own numbers
    assert (batch.state, batch.bop_code) == ("draft", "122030")
    assert (batch.items_count, batch.net_fen, batch.promised_minor) == (2, 29_836, 3_639)
    items = list(batch.items.order_by("position"))
    assert [(i.position, i.order_id, i.turn, i.live) for i in items] == [
        (1, ready[0].pk, 0, True),
        (2, ready[1].pk, 0, True),
    ]
    assert [(i.gross_fen, i.fee_fen, i.net_fen, i.promised_minor) for i in items] == [
        (25_000, 164, 24_836, 3_029),
        (5_000, 0, 5_000, 610),
    ]
    assert items[0].evidence["logistics"] == f"logistics-{ready[0].number}"
    assert {one.number: one.reasons for one in unsettled(storefront_id=world.shop.pk, day=DAY)} == {
        ready[0].number: (Reason.IN_BATCH,),
        ready[1].number: (Reason.IN_BATCH,),
        waiting.number: (Reason.PAYER, Reason.DECLARED, Reason.LOGISTICS, Reason.CLEARANCE),
    }
    assert Event.objects.get(name="batch.draft").facts == {
        "by": "me",
        "items": 2,
        "net_fen": 29_836,
        "currency": "EUR",
    }


def test_made_again_there_is_nothing_left(world):
    trades.ready(world)
    made(world)
    with pytest.raises(NothingToSettle) as said:
        made(world)
    assert (said.value.ready, said.value.net_fen) == (0, 0)
    assert SettlementBatch.objects.count() == 1


def test_what_is_taken_back_is_netted_and_never_more_than_goes_abroad(world):
    lost = trades.paid(world)
    trades.refunded(lost, goods_fen=25_000, tax_fen=lost.tax_fen)
    trades.charged(lost, 6_000)
    trades.ready(world, ("IR-1", 1))
    with pytest.raises(NothingToSettle) as said:
        made(world)
    assert (said.value.ready, said.value.net_fen) == (2, -1_000)
    trades.ready(world)
    batch = made(world)
    assert (batch.net_fen, sorted(i.net_fen for i in batch.items.all())) == (24_000, [-6_000, 5_000, 25_000])


def test_a_batch_takes_no_more_than_it_may_and_the_rest_is_for_the_next(world):
    orders = [trades.ready(world, ("IR-1", 1)) for _ in range(3)]
    first, second = made(world, most=2), made(world, most=2)
    assert [i.order_id for i in first.items.order_by("position")] == [o.pk for o in orders[:2]]
    assert [i.order_id for i in second.items.all()] == [orders[2].pk]
    assert second.number != first.number


def test_a_discarded_draft_frees_its_orders(world):
    order = trades.ready(world)
    batch = made(world)
    discard_batch(batch=batch, by="me", now=make.NOW)
    assert (of(order).reasons, of(order).turn) == ((), 0)
    assert made(world).items.get().order_id == order.pk
    with pytest.raises(WrongState):
        discard_batch(batch=batch, by="me", now=make.NOW)
    assert SettlementItem.objects.filter(order=order).count() == 2


def test_the_database_lets_no_order_into_two_live_batches(world):
    trades.ready(world)
    made(world)
    item = SettlementItem.objects.get()
    item.pk, item.position = None, 2
    with pytest.raises(IntegrityError, match="item_one_live"), transaction.atomic():
        item.save(force_insert=True)


def test_without_its_turn_two_makers_see_the_same_orders(world):
    trades.ready(world)
    seen = threading.Barrier(2)

    def look() -> list[str]:
        found = unsettled(storefront_id=world.shop.pk, day=DAY)
        seen.wait(timeout=20)
        return [one.number for one in found if not one.reasons]

    first, second = at_once([look, look])
    assert first == second != []


def test_two_makers_at_once_make_one_batch(world):
    trades.ready(world)
    trades.ready(world, ("IR-1", 1))
    results = at_once([lambda: made(world)] * 4)
    assert sorted(type(one).__name__ for one in results) == [*["NothingToSettle"] * 3, "SettlementBatch"]
    assert SettlementItem.objects.filter(live=True).count() == 2


def test_a_maker_that_dies_half_way_leaves_nothing(world, monkeypatch):
    order = trades.ready(world)

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(batches.events, "record", die)
    with pytest.raises(SystemExit):
        made(world)
    monkeypatch.undo()
    assert (SettlementBatch.objects.count(), SettlementItem.objects.count()) == (0, 0)
    assert of(order).reasons == ()
    assert made(world).items_count == 1


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize(
    "act",
    [
        "DELETE FROM settlement_settlementbatch",
        "DELETE FROM settlement_settlementitem",
        "DELETE FROM settlement_forexreceipt",
        "UPDATE settlement_settlementbatch SET net_fen = net_fen",
        "UPDATE settlement_settlementitem SET promised_minor = promised_minor",
        "UPDATE settlement_forexreceipt SET amount_minor = amount_minor",
    ],
)
def test_nobody_who_serves_removes_or_rewrites_what_was_settled(role, act):
    with (
        connection.cursor() as cursor,
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(act)

"""Lots: first expired first out, nothing below the floor is sold, and what is stopped stays where it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inventory import queries, services
from inventory.models import Lot, Reservation, SaleStop, Stock
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from orders.services.allocation import StoppedGoods
from tests import make

pytestmark = pytest.mark.django_db
TODAY = shanghai_day(make.NOW)


@pytest.fixture
def world() -> make.World:
    """No pieces of either SKU."""
    return make.world(on_hand=0)


def reserve(world, pieces, holder="order:1", now=make.NOW):
    services.reserve(
        warehouse_id=world.warehouse.pk, wanted=[(world.dryer.pk, pieces)], holder=holder, now=now
    )


def stock(world) -> Stock:
    return Stock.objects.get(variant=world.dryer)


def available(world, day=TODAY) -> int:
    modes = world.shop.trade_modes
    found = queries.available(
        storefront_id=world.shop.pk, variant_ids=[world.dryer.pk], trade_modes=modes, day=day
    )
    return found[world.dryer.pk]


def balances(lot: Lot) -> tuple[int, int, int]:
    lot.refresh_from_db()
    return lot.on_hand, lot.picked, lot.quarantined


def test_what_ends_first_is_picked_first_and_shipped_once(world):
    late = make.lot(world.warehouse, world.dryer, 5, "B", expires_on=date(2028, 1, 1))
    soon = make.lot(world.warehouse, world.dryer, 3, "A", expires_on=date(2027, 6, 1))
    never = make.lot(world.warehouse, world.dryer, 9, "C")
    reserve(world, 4)
    found = services.pick(holder="order:1", by="packer", now=make.NOW)
    assert [(one.lot.code, one.quantity) for one in found] == [("A", 3), ("B", 1)]
    assert services.pick(holder="order:1", by="packer", now=make.NOW) == found
    assert [balances(lot) for lot in (soon, late, never)] == [(3, 3, 0), (5, 1, 0), (9, 0, 0)]
    assert services.ship(holder="order:1", by="packer", now=make.NOW) == 4
    assert services.ship(holder="order:1", by="packer", now=make.NOW) == 0
    assert [balances(lot) for lot in (soon, late, never)] == [(0, 0, 0), (4, 0, 0), (9, 0, 0)]
    after = stock(world)
    assert (after.on_hand, after.reserved) == (13, 0)
    assert Reservation.objects.get().state == "shipped"
    assert services.release(holder="order:1", now=make.NOW) == 0


def test_what_was_picked_goes_back_to_its_lot_when_the_order_ends(world):
    lot = make.lot(world.warehouse, world.dryer, 5)
    reserve(world, 2)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    assert services.release(holder="order:1", now=make.NOW) == 1
    assert balances(lot) == (5, 0, 0)
    assert stock(world).reserved == 0
    assert services.picked(holder="order:1") == []


def test_of_what_is_picked_the_lots_that_keep_longest_go_back_where_fewer_are_wanted(world):
    soon = make.lot(world.warehouse, world.dryer, 3, "A", expires_on=date(2027, 6, 1))
    late = make.lot(world.warehouse, world.dryer, 5, "B", expires_on=date(2028, 1, 1))
    reserve(world, 5)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    for _ in range(2):
        freed = services.lessen(holder="order:1", kept={world.dryer.pk: 4}, now=make.NOW)
        found = services.picked(holder="order:1")
        assert [(one.lot.code, one.quantity) for one in found] == [("A", 3), ("B", 1)]
        assert [balances(lot) for lot in (soon, late)] == [(3, 3, 0), (5, 1, 0)]
        assert (stock(world).reserved, Reservation.objects.get().quantity) == (4, 4)
    assert freed == 0
    assert services.lessen(holder="order:1", kept={world.dryer.pk: 0}, now=make.NOW) == 4
    assert services.picked(holder="order:1") == []
    assert [balances(lot) for lot in (soon, late)] == [(3, 0, 0), (5, 0, 0)]
    assert (stock(world).reserved, Reservation.objects.get().state) == (0, "released")
    assert services.ship(holder="order:1", by="packer", now=make.NOW) == 0


def test_of_what_has_left_nothing_goes_back(world):
    make.lot(world.warehouse, world.dryer, 3)
    reserve(world, 2)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    services.ship(holder="order:1", by="packer", now=make.NOW)
    assert services.lessen(holder="order:1", kept={world.dryer.pk: 0}, now=make.NOW) == 0
    assert (stock(world).on_hand, stock(world).reserved) == (1, 0)


def test_pieces_of_a_stopped_lot_go_from_the_picker_into_quarantine_where_fewer_are_wanted(world):
    lot = make.lot(world.warehouse, world.dryer, 3)
    reserve(world, 2)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    services.lessen(holder="order:1", kept={world.dryer.pk: 1}, now=make.NOW)
    assert balances(lot) == (3, 1, 2)


def test_what_is_gone_already_leaves_the_ledger_although_its_sale_was_stopped(world):
    lot = make.lot(world.warehouse, world.dryer, 3)
    reserve(world, 2)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    with pytest.raises(services.SaleStopped):
        services.ship(holder="order:1", by="packer", now=make.NOW)
    assert services.ship(holder="order:1", by="carrier", now=make.NOW, gone=True) == 2
    assert balances(lot) == (1, 0, 1)


def test_no_verb_takes_goods_of_another_storefront_or_a_lot_of_another_sku(world):
    other = make.storefront("swift")
    theirs = make.variant(other, "S-1")
    with pytest.raises(services.OtherStorefront):
        services.receive(warehouse=world.warehouse, variant=theirs, quantity=1, by="p", now=make.NOW)
    with pytest.raises(services.OtherStorefront):
        services.set_shelf_life(
            storefront=world.shop, variant=theirs, floor_days=1, near_days=1, now=make.NOW
        )
    lot = make.lot(world.warehouse, world.dryer, 1)
    with pytest.raises(services.OtherGoods):
        services.stop_sale(variant=theirs, lot=lot, reason="recall", by="qa", now=make.NOW)
    assert not SaleStop.objects.exists()


def test_a_lot_of_another_day_under_the_same_number_is_refused(world):
    make.lot(world.warehouse, world.dryer, 5, "A", expires_on=date(2028, 1, 1))
    with pytest.raises(services.LotDiffers):
        make.lot(world.warehouse, world.dryer, 5, "A", expires_on=date(2028, 1, 2))
    make.lot(world.warehouse, world.dryer, 2, "A", expires_on=date(2028, 1, 1))
    assert Lot.objects.get(code="A").on_hand == 7


def test_a_stopped_sku_is_neither_quoted_nor_reserved_nor_picked_until_it_is_lifted(world):
    make.lot(world.warehouse, world.dryer, 5)
    reserve(world, 2)
    stop = services.stop_sale(variant=world.dryer, reason="recall", by="qa", now=make.NOW)
    with pytest.raises(services.AlreadyStopped):
        services.stop_sale(variant=world.dryer, reason="again", by="qa", now=make.NOW)
    assert available(world) == 0
    with pytest.raises(StoppedGoods) as refused:
        make.quote(world.alice, ("HD-1", 1))
    assert refused.value.skus == ["HD-1"]
    with pytest.raises(services.SaleStopped):
        reserve(world, 1, "order:2")
    with pytest.raises(services.SaleStopped):
        services.pick(holder="order:1", by="packer", now=make.NOW)
    assert stock(world).reserved == 2
    second = make.warehouse(world.shop, "second")
    make.stock(second, world.dryer, 4)
    assert available(world) == 0  # a warehouse that begins to hold it does not sell it either
    services.lift_stop(stop=stop, reason="tested", by="qa", now=make.NOW)
    assert available(world) == 7
    with pytest.raises(services.NotStopped):
        services.lift_stop(stop=stop, reason="tested", by="qa", now=make.NOW)
    assert [
        (e.name, e.facts["by"]) for e in Event.objects.filter(name__startswith="sale.").order_by("pk")
    ] == [
        ("sale.stopped", "qa"),
        ("sale.resumed", "qa"),
    ]


def test_a_stopped_lot_leaves_the_others_for_sale_and_gives_back_what_it_held(world):
    bad = make.lot(world.warehouse, world.dryer, 5, "A", expires_on=date(2027, 6, 1))
    good = make.lot(world.warehouse, world.dryer, 3, "B", expires_on=date(2028, 6, 1))
    services.quarantine(lot=bad, pieces=1, reason="torn", by="packer", now=make.NOW)
    reserve(world, 1)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    stop = services.stop_sale(variant=world.dryer, lot=bad, reason="recall", by="qa", now=make.NOW)
    assert (balances(bad), available(world)) == ((5, 1, 4), 3)
    with pytest.raises(services.SaleStopped):
        services.ship(holder="order:1", by="packer", now=make.NOW)
    services.release(holder="order:1", now=make.NOW)
    assert (balances(bad), available(world)) == ((5, 0, 5), 3)
    make.lot(world.warehouse, world.dryer, 2, "A", expires_on=date(2027, 6, 1))
    assert (balances(bad), available(world)) == ((7, 0, 7), 3)
    reserve(world, 3, "order:2")
    found = services.pick(holder="order:2", by="packer", now=make.NOW)
    assert [(one.lot, one.quantity) for one in found] == [(good, 3)]
    services.lift_stop(stop=SaleStop.objects.get(pk=stop.pk), reason="tested", by="qa", now=make.NOW)
    assert (balances(bad), available(world)) == ((7, 0, 1), 6)


def test_pieces_that_are_missing_are_taken_off_the_shelf_and_then_out_of_quarantine(world):
    lot = make.lot(world.warehouse, world.dryer, 6)
    services.quarantine(lot=lot, pieces=2, reason="torn", by="packer", now=make.NOW)
    services.adjust(lot=lot, pieces=-5, reason="counted", by="packer", now=make.NOW)
    assert balances(lot) == (1, 0, 1)
    services.restore(lot=lot, pieces=1, reason="mended", by="packer", now=make.NOW)
    reserve(world, 1)
    with pytest.raises(services.BadCount):
        services.adjust(lot=lot, pieces=-1, reason="counted", by="packer", now=make.NOW)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    with pytest.raises(services.TooFewPieces):
        services.adjust(lot=lot, pieces=-1, reason="counted", by="packer", now=make.NOW)


def test_what_a_consumer_sends_back_waits_until_it_is_found_fit(world):
    lot = make.lot(world.warehouse, world.dryer, 1)
    services.take_back(lot=lot, pieces=2, holder="order:9", fit=False, by="packer", now=make.NOW)
    assert (balances(lot), available(world)) == ((3, 0, 2), 1)
    services.restore(lot=lot, pieces=2, reason="looked at", by="packer", now=make.NOW)
    assert available(world) == 3


@pytest.mark.parametrize("missing, quarantined", [(2, 3), (7, 3), (8, 2)])
def test_of_pieces_written_off_under_a_stop_those_that_are_not_fit_go_last(world, missing, quarantined):
    lot = make.lot(world.warehouse, world.dryer, 10)
    services.quarantine(lot=lot, pieces=1, reason="torn", by="packer", now=make.NOW)
    stop = services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    services.take_back(lot=lot, pieces=2, holder="return:1", fit=False, by="packer", now=make.NOW)
    assert balances(lot) == (12, 0, 12)
    services.adjust(lot=lot, pieces=-missing - 2, reason="destroyed", by="qa", now=make.NOW)
    services.lift_stop(stop=stop, reason="tested", by="qa", now=make.NOW)
    assert balances(lot) == (10 - missing, 0, quarantined)


def test_a_floor_that_is_lowered_sells_nothing_that_is_not_fit(world):
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=10, near_days=60, now=make.NOW)
    lot = make.lot(world.warehouse, world.dryer, 10, expires_on=TODAY + timedelta(days=5))
    services.take_back(lot=lot, pieces=2, holder="return:1", fit=False, by="packer", now=make.NOW)
    services.adjust(lot=lot, pieces=-5, reason="destroyed", by="qa", now=make.NOW)
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=1, near_days=60, now=make.NOW)
    assert (balances(lot), available(world)) == ((7, 0, 2), 5)


def test_a_floor_that_is_lowered_sells_no_stopped_lot_before_the_stop_is_lifted(world):
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=10, near_days=60, now=make.NOW)
    lot = make.lot(world.warehouse, world.dryer, 10, expires_on=TODAY + timedelta(days=5))
    stop = services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=1, near_days=60, now=make.NOW)
    assert (balances(lot), available(world)) == ((10, 0, 10), 0)
    services.lift_stop(stop=stop, reason="tested", by="qa", now=make.NOW)
    assert (balances(lot), available(world)) == ((10, 0, 0), 10)


def test_a_stopped_lot_is_sold_from_no_warehouse_and_not_out_of_a_load_under_way(world):
    second, third = (make.warehouse(world.shop, code) for code in ("second", "third"))
    lot = make.lot(world.warehouse, world.dryer, 10)
    there = make.lot(second, world.dryer, 5)
    other = make.lot(second, world.dryer, 2, "L2")
    load = services.send_transfer(target=third, pieces=[(lot, 4)], reason="", by="packer", now=make.NOW)
    stop = services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    with pytest.raises(services.AlreadyStopped):
        services.stop_sale(variant=world.dryer, lot=there, reason="recall", by="qa", now=make.NOW)
    services.receive_transfer(transfer=load, by="packer", now=make.NOW)
    arrived = Lot.objects.get(stock__warehouse=third)
    assert [balances(one) for one in (lot, there, arrived)] == [(6, 0, 6), (5, 0, 5), (4, 0, 4)]
    assert (balances(other), available(world), arrived.stopped) == ((2, 0, 0), 2, True)
    services.lift_stop(stop=stop, reason="tested", by="qa", now=make.NOW)
    assert [balances(one)[2] for one in (lot, there, arrived)] == [0, 0, 0]
    assert available(world) == 17


@pytest.mark.parametrize("back", ["release", "lessen"])
def test_what_goes_back_from_the_picker_to_a_lot_stopped_elsewhere_is_quarantined(world, back):
    lot = make.lot(world.warehouse, world.dryer, 3)
    there = make.lot(make.warehouse(world.shop, "second"), world.dryer, 5)
    reserve(world, 2)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    services.stop_sale(variant=world.dryer, lot=there, reason="recall", by="qa", now=make.NOW)
    if back == "release":
        services.release(holder="order:1", now=make.NOW)
    else:
        services.lessen(holder="order:1", kept={world.dryer.pk: 0}, now=make.NOW)
    assert (balances(lot), available(world)) == ((3, 0, 3), 0)


def test_lots_without_a_number_are_stopped_one_by_one(world):
    lot = make.lot(world.warehouse, world.dryer, 3, "")
    there = make.lot(make.warehouse(world.shop, "second"), world.dryer, 5, "")
    services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    assert (balances(lot), balances(there), available(world)) == ((3, 0, 3), (5, 0, 0), 5)


def test_what_was_picked_and_has_reached_its_floor_does_not_leave(world):
    lot = make.lot(world.warehouse, world.dryer, 3, expires_on=TODAY + timedelta(days=1))
    reserve(world, 1)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    then = make.NOW + timedelta(days=2)
    with pytest.raises(services.PickedEnded):
        services.ship(holder="order:1", by="packer", now=then)
    assert balances(lot) == (3, 1, 0)
    assert services.ship(holder="order:1", by="packer", now=then - timedelta(days=1)) == 1


def test_what_ended_and_is_gone_already_leaves_the_ledger(world):
    lot = make.lot(world.warehouse, world.dryer, 3, expires_on=TODAY + timedelta(days=1))
    reserve(world, 1)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    assert services.ship(holder="order:1", by="c", now=make.NOW + timedelta(days=2), gone=True) == 1
    assert balances(lot) == (2, 0, 0)


def test_goods_of_another_storefront_are_not_received(world):
    foreign = make.variant(make.storefront("other"), "OT-1")
    with pytest.raises(services.OtherStorefront):
        make.lot(world.warehouse, foreign, 5)
    assert not Stock.objects.filter(variant=foreign).exists()


def test_damage_to_promised_pieces_is_set_aside_and_put_before_an_operator(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    reserve(world, 10)
    services.quarantine(lot=lot, pieces=1, reason="broken", by="packer", now=make.NOW)
    assert (balances(lot), stock(world).available, available(world)) == ((10, 0, 1), -1, 0)
    assert Case.objects.get(kind="stock.short").facts["pieces"] == 1
    with pytest.raises(services.TooFewPieces) as refused:
        services.quarantine(lot=lot, pieces=10, reason="broken", by="packer", now=make.NOW)
    assert refused.value.pieces == 9


def test_what_is_kept_for_one_matter_is_nobody_elses_until_it_lets_go(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    services.quarantine(lot=lot, pieces=1, reason="torn", by="packer", now=make.NOW)
    stop = services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    who = {"lot": lot, "by": "packer", "now": make.NOW}
    services.take_back(pieces=2, holder="order:9", fit=False, kept_for="stray:1", **who)
    services.keep_for(pieces=4, holder="outbound:1", **who)
    with pytest.raises(services.TooFewPieces):
        services.keep_for(pieces=7, holder="outbound:2", **who)
    with pytest.raises(services.TooFewPieces) as told:
        services.discard(pieces=7, holder="", reason="burnt", **who)
    assert told.value.pieces == 6
    services.lift_stop(stop=stop, reason="tested", by="qa", now=make.NOW)
    assert balances(lot) == (12, 0, 7)  # one is torn, two and four are kept
    services.restore(pieces=1, reason="mended", **who)
    with pytest.raises(services.TooFewPieces):
        services.restore(pieces=1, reason="I want to", **who)
    with pytest.raises(services.TooFewPieces):
        services.adjust(pieces=-7, reason="counted", **who)
    services.discard(pieces=2, holder="order:9", kept_for="stray:1", reason="sent back", **who)
    assert services.let_go(holder="outbound:1", most=1, **who) == 1
    services.restore(pieces=1, reason="looked at", **who)
    assert (balances(lot), services.kept([lot])[lot.pk]) == ((10, 0, 3), 3)


def test_what_is_written_off_under_a_stop_does_not_come_back_when_it_is_lifted(world):
    lot = make.lot(world.warehouse, world.dryer, 5)
    stop = services.stop_sale(variant=world.dryer, lot=lot, reason="recall", by="qa", now=make.NOW)
    services.discard(lot=lot, pieces=3, holder="", reason="burnt", by="qa", now=make.NOW)
    services.lift_stop(stop=stop, reason="tested", by="qa", now=make.NOW)
    assert balances(lot) == (2, 0, 0)

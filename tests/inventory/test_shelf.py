"""Days of lots: below the floor nothing is sold, near it is told, and a rule for all is a few statements."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import queries, services
from inventory.models import Lot, Reservation, Stock
from inventory.services import repair, sweeping
from kernel.clock import shanghai_day
from kernel.models import Case, Event
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


def test_nothing_below_the_floor_is_sold_though_nobody_has_swept(world):
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=30, near_days=60, now=make.NOW)
    make.lot(world.warehouse, world.dryer, 5, "A", expires_on=TODAY + timedelta(days=31))
    make.lot(world.warehouse, world.dryer, 2, "B", expires_on=TODAY + timedelta(days=400))
    assert stock(world).floor_on == TODAY + timedelta(days=2)
    tomorrow, then = make.NOW + timedelta(days=1), make.NOW + timedelta(days=2)
    assert (available(world), available(world, shanghai_day(tomorrow))) == (7, 7)
    assert available(world, shanghai_day(then)) == 2
    with pytest.raises(services.SoldOut):
        reserve(world, 3, now=then)
    assert stock(world).quarantined == 5
    reserve(world, 2, now=then)
    assert (stock(world).floor_on, stock(world).available) == (TODAY + timedelta(days=371), 0)
    assert Event.objects.get(name="lot.unsellable").facts == {"pieces": 5}


def test_the_last_day_above_the_floor_is_a_day_of_sale(world):
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=30, near_days=60, now=make.NOW)
    make.lot(world.warehouse, world.dryer, 5, "A", expires_on=TODAY + timedelta(days=30))
    reserve(world, 5)
    assert stock(world).reserved == 5


def test_a_rule_of_ones_own_beats_the_storefronts_and_sells_again_what_it_allows(world):
    lot = make.lot(world.warehouse, world.dryer, 5, "A", expires_on=TODAY + timedelta(days=20))
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=30, near_days=60, now=make.NOW)
    assert (balances(lot), available(world)) == ((5, 0, 5), 0)
    services.set_shelf_life(
        storefront=world.shop, variant=world.dryer, floor_days=10, near_days=15, now=make.NOW
    )
    assert (balances(lot), available(world)) == ((5, 0, 0), 5)


def test_a_lot_near_its_end_is_told_of_once(world):
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=30, near_days=60, now=make.NOW)
    make.lot(world.warehouse, world.dryer, 5, "A", expires_on=TODAY + timedelta(days=50))
    services.sweep(now=make.NOW)
    services.sweep(now=make.NOW)
    case = Case.objects.get(kind="lot.near_expiry")
    assert (case.seen, case.facts["sku"], case.facts["pieces"]) == (1, "HD-1", 5)


def test_the_sweep_takes_out_what_has_ended_and_leaves_what_is_promised_to_an_operator(world):
    lot = make.lot(world.warehouse, world.dryer, 5, "A", expires_on=TODAY)
    reserve(world, 2)
    tomorrow = make.NOW + timedelta(days=1)
    assert services.sweep(now=tomorrow) == 1
    assert services.sweep(now=tomorrow) == 0
    assert (balances(lot), stock(world).available, available(world)) == ((5, 0, 5), -2, 0)
    assert Case.objects.get(kind="stock.short").facts["pieces"] == 2
    with pytest.raises(services.CannotPick) as refused:
        services.pick(holder="order:1", by="packer", now=tomorrow)
    assert refused.value.missing == 2
    assert Reservation.objects.get().state == "held"


def test_a_stock_that_cannot_be_looked_at_stops_no_other_and_waits_longer_each_time(world, monkeypatch):
    bad = make.lot(world.warehouse, world.dryer, 3, expires_on=TODAY)
    good = make.lot(world.warehouse, world.iron, 2, expires_on=TODAY)
    look, tries = sweeping.quarantine_ended, []

    def failing(*, stock_ids, now):
        if stock_ids == [bad.stock_id]:
            tries.append(now)
            raise ZeroDivisionError
        return look(stock_ids=stock_ids, now=now)

    monkeypatch.setattr(sweeping, "quarantine_ended", failing)
    first = make.NOW + timedelta(days=1)
    for minutes in range(0, 80, 5):
        services.sweep(now=first + timedelta(minutes=minutes))
    assert balances(good) == (2, 0, 2)
    assert [(one - first) // timedelta(minutes=1) for one in tries] == [0, 10, 30, 70]
    case = Case.objects.get(kind="lot.failing")
    assert (case.seen, case.facts["sku"], case.facts["error"]) == (4, "HD-1", "ZeroDivisionError")
    monkeypatch.undo()
    services.sweep(now=first + timedelta(minutes=150))
    case.refresh_from_db()
    assert (balances(bad), case.state) == ((3, 0, 3), "settled")


def test_a_row_that_goes_on_failing_is_tried_about_daily_for_ever():
    waits = [sweeping.waits(seen + 1) - sweeping.waits(seen) for seen in range(1, 30)]
    longest = timedelta(minutes=10 * 128)
    assert waits[:7] == [timedelta(minutes=10 * 2**n) for n in range(1, 8)]
    assert set(waits[7:]) == {longest}


def test_picked_pieces_that_come_to_their_floor_are_a_case_until_they_are_put_back(world):
    lot = make.lot(world.warehouse, world.dryer, 5, "A", expires_on=TODAY)
    reserve(world, 2)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    tomorrow = make.NOW + timedelta(days=1)
    for now in (make.NOW, tomorrow, tomorrow):
        services.sweep(now=now)
    case = Case.objects.get(kind="lot.picked_ended")
    assert (case.key, case.seen, case.facts["pieces"], case.facts["sku"]) == (f"lot:{lot.pk}", 1, 2, "HD-1")
    with pytest.raises(services.PickedEnded):
        services.ship(holder="order:1", by="packer", now=tomorrow)
    services.release(holder="order:1", now=tomorrow)
    services.sweep(now=tomorrow)
    case.refresh_from_db()
    assert (case.state, balances(lot)) == ("settled", (5, 0, 5))


def test_a_rule_for_many_lots_is_a_few_statements_in_both_directions(world):
    lots = [
        make.lot(world.warehouse, made, 2, f"L{n}", expires_on=TODAY + timedelta(days=20))
        for made in (world.dryer, world.iron)
        for n in range(20)
    ]
    for floor, quarantined in ((30, 2), (10, 0)):
        with CaptureQueriesContext(connection) as said:
            services.set_shelf_life(
                storefront=world.shop, variant=None, floor_days=floor, near_days=60, now=make.NOW
            )
        assert len(said) <= 18, [row["sql"][:80] for row in said]
        assert {balances(lot) for lot in lots} == {(2, 0, quarantined)}
    assert Event.objects.filter(name="lot.unsellable", seq=1).count() == 40
    assert repair.differences() == []


def test_lots_that_were_told_of_keep_no_other_from_being_told(world):
    services.set_shelf_life(storefront=world.shop, variant=None, floor_days=10, near_days=60, now=make.NOW)
    for code in ("A", "B", "C"):
        make.lot(world.warehouse, world.dryer, 5, code, expires_on=TODAY + timedelta(days=30))
    for _ in range(2):
        services.sweep(now=make.NOW, limit=2)
    assert Case.objects.filter(kind="lot.near_expiry").count() == 3

"""Bonded goods without papers are taken in and held, named in a case, and sold once these are entered."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from inventory import services
from inventory.models import BookItem, Lot, Stock, Warehouse
from inventory.services.repair import differences
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from orders.services.apart import CannotShipTogether
from tests import make

pytestmark = pytest.mark.django_db
TODAY = shanghai_day(make.NOW)
BY = {"by": "packer", "now": make.NOW}
LIST = "QD310526I000000007"


@pytest.fixture
def world() -> make.World:
    return make.world(on_hand=0)


def receive(world, pieces=5, **more) -> Lot:
    return services.receive(
        warehouse=world.warehouse, variant=world.dryer, quantity=pieces, code="A", **BY, **more
    )


def correct(lot: Lot, **changes) -> Lot:
    said = {name: getattr(lot, name) for name in ("produced_on", "expires_on", "inbound_list")}
    return services.correct_lot(lot=lot, reason="typed wrong", **BY, **{**said, **changes})


def file(world) -> BookItem:
    return services.file_item(
        warehouse=world.warehouse, variant=world.dryer, item_no="7", record_no="R7", filed_on=None, **BY
    )


def held(lot: Lot) -> tuple[int, int]:
    lot.refresh_from_db()
    return lot.on_hand, lot.quarantined


def papers() -> list[str]:
    return [case.facts["papers"] for case in Case.objects.filter(kind="lot.papers", state="open")]


@pytest.mark.parametrize("mode", ["1210", "1239"])
def test_a_bonded_warehouse_serves_with_its_area_and_book_only(world, mode):
    for missing in ("area_code", "ems_no", "customs_district"):
        place = make.warehouse(world.shop, "other", trade_mode=mode, active=True)
        with pytest.raises(IntegrityError, match="warehouse_of_a_book"), transaction.atomic():
            Warehouse.objects.filter(pk=place.pk).update(**{missing: ""})
        Warehouse.objects.filter(pk=place.pk).update(active=False, **{missing: ""})
    abroad = make.warehouse(world.shop, "hk", trade_mode="9610", area_code="", ems_no="")
    assert (abroad.active, abroad.bonded) == (True, False)


def test_what_comes_without_papers_is_there_and_not_sold_until_both_are_entered(world):
    BookItem.objects.all().delete()
    lot = receive(world)
    assert held(lot) == (5, 5)
    assert papers() == [["inbound_list", "book_item"]]
    with pytest.raises(CannotShipTogether):
        make.quote(world.alice, ("HD-1", 1))
    with pytest.raises(services.TooFewPieces):
        services.restore(lot=lot, pieces=1, reason="I want to", **BY)
    correct(lot, inbound_list=LIST)
    assert (held(lot), papers()) == ((5, 5), [["book_item"]])
    file(world)
    assert (held(lot), papers()) == ((5, 0), [])
    assert make.order(world.alice, ("HD-1", 5)).state == "placed"


def test_broken_pieces_stay_held_when_the_papers_come(world):
    lot = receive(world)
    services.take_back(lot=lot, pieces=2, holder="order:9", fit=False, **BY)
    correct(lot, inbound_list=LIST)
    assert held(lot) == (7, 2)


def test_a_stopped_lot_stays_held_when_its_papers_come_and_a_lot_without_papers_when_its_stop_ends(world):
    lot = receive(world)
    stop = services.stop_sale(variant=world.dryer, lot=lot, reason="recall", **BY)
    services.lift_stop(stop=stop, reason="tested", **BY)
    assert held(lot) == (5, 5)
    stop = services.stop_sale(variant=world.dryer, lot=lot, reason="recall", **BY)
    lot.refresh_from_db()
    correct(lot, inbound_list=LIST)
    assert held(lot) == (5, 5)
    services.lift_stop(stop=stop, reason="tested", **BY)
    assert held(lot) == (5, 0)


def test_a_lot_without_papers_stays_held_when_a_floor_is_lowered(world):
    lot = receive(world, expires_on=TODAY + timedelta(days=20))
    for floor in (30, 10):
        services.set_shelf_life(
            storefront=world.shop, variant=None, floor_days=floor, near_days=60, now=make.NOW
        )
        assert held(lot) == (5, 5)
    correct(lot, inbound_list=LIST)
    assert held(lot) == (5, 0)


def test_direct_mail_and_general_trade_need_no_papers(world):
    for mode in ("9610", "0110"):
        place = make.warehouse(world.shop, f"m{mode}", trade_mode=mode)
        lot = services.receive(warehouse=place, variant=world.dryer, quantity=3, **BY)
        assert held(lot) == (3, 0)
    assert papers() == []


def test_what_a_count_finds_more_in_a_bonded_warehouse_has_no_papers_either(world):
    Lot.objects.all().delete()
    services.set_on_hand(warehouse=world.warehouse, variant=world.dryer, on_hand=4, **BY)
    assert (held(Lot.objects.get()), papers()) == ((4, 4), [["inbound_list"]])


def test_what_lay_there_before_anyone_asked_for_papers_is_held_by_the_next_sweep(world):
    lot = make.lot(world.warehouse, world.dryer, 5)
    assert services.sweep(now=make.NOW) == 0
    Lot.objects.filter(pk=lot.pk).update(inbound_list="")
    assert services.sweep(now=make.NOW) == 1
    assert services.sweep(now=make.NOW) == 0
    assert (held(lot), papers()) == ((5, 5), [["inbound_list"]])


def test_a_correction_keeps_what_stood_there_and_the_number_is_never_emptied(world):
    lot = receive(world, inbound_list=LIST, expires_on=date(2028, 1, 1))
    correct(lot, inbound_list="QD310526I000000008", expires_on=date(2028, 1, 2))
    told = Event.objects.get(name="lot.corrected")
    assert (told.key, told.facts) == (
        f"lot:{lot.pk}",
        {
            "by": "packer",
            "reason": "typed wrong",
            "expires_on": "2028-01-01 → 2028-01-02",
            "inbound_list": f"{LIST} → QD310526I000000008",
        },
    )
    lot.refresh_from_db()
    correct(lot)
    with pytest.raises(services.PaperNeeded):
        correct(lot, inbound_list="")
    with pytest.raises(services.BadDays):
        correct(lot, produced_on=date(2028, 1, 3))
    assert Event.objects.filter(name="lot.corrected").count() == 1


def test_a_day_that_is_put_right_sells_or_holds_at_once(world):
    lot = receive(world, inbound_list=LIST, expires_on=TODAY + timedelta(days=3))
    lot = correct(lot, expires_on=TODAY - timedelta(days=1))
    assert held(lot) == (5, 5)
    lot = correct(lot, expires_on=TODAY + timedelta(days=9))
    assert held(lot) == (5, 0)
    assert Stock.objects.get(variant=world.dryer).floor_on == TODAY + timedelta(days=10)


def test_what_is_filed_in_the_book_is_filed_for_every_warehouse_of_that_book(world):
    BookItem.objects.all().delete()
    second = make.warehouse(world.shop, "second")
    lots = [
        services.receive(warehouse=place, variant=world.dryer, quantity=3, inbound_list=LIST, **BY)
        for place in (world.warehouse, second)
    ]
    assert [held(lot) for lot in lots] == [(3, 3), (3, 3)]
    file(world)
    assert ([held(lot) for lot in lots], papers()) == ([(3, 0), (3, 0)], [])


def test_a_load_into_another_account_book_needs_a_number_of_its_own(world):
    second = make.warehouse(world.shop, "second", ems_no="T3105W000002")
    make.papers(second, world.dryer)
    lots = [make.lot(world.warehouse, world.dryer, 5, code) for code in ("A", "B")]
    for lot, number in zip(lots, ("", LIST), strict=True):
        load = services.send_transfer(target=second, pieces=[(lot, 2)], reason="", **BY)
        services.receive_transfer(transfer=load, inbound_list=number, **BY)
    there = Lot.objects.filter(stock__warehouse=second).order_by("code")
    found = [(lot.code, lot.inbound_list, lot.free) for lot in there]
    assert found == [("A", "", 0), ("B", LIST, 2)]
    assert papers() == [["inbound_list"]]
    load = services.send_transfer(target=second, pieces=[(lots[0], 1)], reason="", **BY)
    services.call_back_transfer(transfer=load, **BY)
    assert held(lots[0]) == (3, 0)


def test_a_filing_is_of_a_bonded_warehouse_of_the_same_storefront_and_an_item_is_one_skus(world):
    file(world)
    with pytest.raises(services.ItemTaken):
        services.file_item(
            warehouse=world.warehouse, variant=world.iron, item_no="7", record_no="R8", filed_on=None, **BY
        )
    abroad = make.warehouse(world.shop, "hk", trade_mode="9610")
    said = {"item_no": "9", "record_no": "R9", "filed_on": None, **BY}
    with pytest.raises(services.NotBonded):
        services.file_item(warehouse=abroad, variant=world.dryer, **said)
    other = make.warehouse(make.storefront("swift"))
    with pytest.raises(services.OtherStorefront):
        services.file_item(warehouse=other, variant=world.dryer, **said)
    assert differences() == []


@pytest.mark.parametrize("pieces", [0, -1])
def test_no_piece_is_no_receipt(world, pieces):
    with pytest.raises(services.NoPieces):
        receive(world, pieces)
    with pytest.raises(services.BadDays):
        receive(world, produced_on=date(2028, 1, 2), expires_on=date(2028, 1, 1))
    assert not Lot.objects.filter(code="A").exists()

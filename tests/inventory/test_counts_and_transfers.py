"""What was counted waits for a word before it moves stock; what is under way is in neither warehouse."""

from __future__ import annotations

from datetime import date

import pytest

from inventory import services
from inventory.models import Lot, Stock
from kernel.models import Case
from tests import make

pytestmark = pytest.mark.django_db
BY = {"by": "packer", "now": make.NOW}


@pytest.fixture
def world() -> make.World:
    return make.world(on_hand=0)


def test_a_difference_is_a_case_until_it_is_accepted_and_what_moved_since_still_counts(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    count = services.open_count(warehouse=world.warehouse, note="autumn", **BY)
    line = services.record_count(count=count, lot=lot, counted=8, **BY)
    assert (line.expected, line.state) == (10, "varies")
    assert Stock.objects.get(variant=world.dryer).on_hand == 10
    case = Case.objects.get(kind="stock.variance")
    assert (case.state, case.facts) == ("open", {"sku": "HD-1", "lot": "L1", "pieces": -2})
    with pytest.raises(services.CountOpen):
        services.close_count(count=count, **BY)
    make.lot(world.warehouse, world.dryer, 5)  # comes in before anyone has decided
    services.accept_variance(line=line, reason="two were broken", **BY)
    assert Lot.objects.get(pk=lot.pk).on_hand == 13
    assert lot.movements.get(kind="adjust").holder == f"count:{count.pk}"
    case.refresh_from_db()
    assert (case.state, case.note) == ("settled", "two were broken")
    with pytest.raises(services.CountClosed):
        services.accept_variance(line=line, reason="again", **BY)
    services.close_count(count=count, **BY)
    with pytest.raises(services.CountClosed):
        services.record_count(count=count, lot=lot, counted=1, **BY)


def test_a_lot_that_is_counted_again_and_matches_settles_its_case(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    count = services.open_count(warehouse=world.warehouse, note="", **BY)
    services.record_count(count=count, lot=lot, counted=9, **BY)
    line = services.record_count(count=count, lot=lot, counted=10, **BY)
    assert (line.state, Case.objects.get(kind="stock.variance").state) == ("matches", "settled")
    services.close_count(count=count, **BY)


def test_a_difference_is_moved_once_though_two_have_counted_it(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    lines = [
        services.record_count(
            count=services.open_count(warehouse=world.warehouse, note=note, **BY), lot=lot, counted=8, **BY
        )
        for note in ("a", "b")
    ]
    services.accept_variance(line=lines[0], reason="broken", **BY)
    with pytest.raises(services.CountedElse) as refused:
        services.accept_variance(line=lines[1], reason="broken", **BY)
    assert (refused.value.on_hand, Lot.objects.get().on_hand) == (8, 8)
    assert services.record_count(count=lines[1].count, lot=lot, counted=8, **BY).state == "matches"
    services.close_count(count=lines[1].count, **BY)


def test_a_lot_that_was_corrected_since_it_was_counted_is_counted_again(world):
    lot = make.lot(world.warehouse, world.dryer, 11)
    services.adjust(lot=lot, pieces=-1, reason="broken", **BY)  # before the count, which has seen it
    count = services.open_count(warehouse=world.warehouse, note="", **BY)
    line = services.record_count(count=count, lot=lot, counted=8, **BY)
    services.adjust(lot=lot, pieces=-2, reason="broken", **BY)
    with pytest.raises(services.CountedElse):
        services.accept_variance(line=line, reason="broken", **BY)
    line = services.record_count(count=count, lot=lot, counted=7, **BY)
    services.accept_variance(line=line, reason="broken", **BY)
    assert Lot.objects.get().on_hand == 7


def test_what_is_missing_of_promised_pieces_is_set_aside_and_put_before_an_operator(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    services.reserve(
        warehouse_id=world.warehouse.pk, wanted=[(world.dryer.pk, 9)], holder="order:1", now=make.NOW
    )
    count = services.open_count(warehouse=world.warehouse, note="", **BY)
    line = services.record_count(count=count, lot=lot, counted=7, **BY)
    services.accept_variance(line=line, reason="broken", **BY)
    lot.refresh_from_db()
    left = Stock.objects.get(variant=world.dryer).available
    assert (lot.on_hand, lot.quarantined, left) == (9, 2, -2)
    assert Case.objects.get(kind="stock.short").facts["pieces"] == 2
    services.close_count(count=count, **BY)


def test_a_lot_of_another_warehouse_is_not_counted_here(world):
    lot = make.lot(make.warehouse(world.shop, "second"), world.dryer, 10)
    count = services.open_count(warehouse=world.warehouse, note="", **BY)
    with pytest.raises(services.NotOfThisWarehouse):
        services.record_count(count=count, lot=lot, counted=10, **BY)


def test_a_load_is_in_neither_warehouse_and_arrives_as_the_same_lot(world):
    second = make.warehouse(world.shop, "second")
    lot = make.lot(world.warehouse, world.dryer, 10, "A", expires_on=date(2028, 1, 1), inbound_list="QD3105")
    transfer = services.send_transfer(target=second, pieces=[(lot, 6)], reason="north", **BY)
    assert Lot.objects.get(pk=lot.pk).on_hand == 4
    assert not Stock.objects.filter(warehouse=second).exists()
    line = transfer.lines.get()
    services.receive_transfer(transfer=transfer, missing={line.pk: 1}, **BY)
    there = Lot.objects.get(stock__warehouse=second)
    assert (there.code, there.on_hand, there.expires_on, there.inbound_list) == (
        "A",
        5,
        date(2028, 1, 1),
        "QD3105",
    )
    assert Case.objects.get(kind="transfer.missing").facts == {"sku": "HD-1", "lot": "A", "pieces": 1}
    with pytest.raises(services.TransferEnded):
        services.call_back_transfer(transfer=transfer, **BY)


def test_a_load_that_is_called_back_lies_where_it_lay(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    second = make.warehouse(world.shop, "second")
    transfer = services.send_transfer(target=second, pieces=[(lot, 6)], reason="", **BY)
    services.call_back_transfer(transfer=transfer, **BY)
    assert Lot.objects.get().on_hand == 10


def test_what_is_promised_stays_and_another_trade_mode_needs_customs(world):
    lot = make.lot(world.warehouse, world.dryer, 10)
    second = make.warehouse(world.shop, "second")
    services.reserve(
        warehouse_id=world.warehouse.pk, wanted=[(world.dryer.pk, 7)], holder="order:1", now=make.NOW
    )
    with pytest.raises(services.TooFewPieces) as refused:
        services.send_transfer(target=second, pieces=[(lot, 4)], reason="", **BY)
    assert refused.value.pieces == 3
    abroad = make.warehouse(world.shop, "hk", trade_mode="9610")
    with pytest.raises(services.CannotTransfer):
        services.send_transfer(target=abroad, pieces=[(lot, 1)], reason="", **BY)
    with pytest.raises(services.CannotTransfer):
        services.send_transfer(target=world.warehouse, pieces=[(lot, 1)], reason="", **BY)

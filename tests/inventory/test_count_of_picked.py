"""What a count misses of picked pieces is not forgotten, and accepting it waits in everyone's order."""

from __future__ import annotations

import threading
import time
from datetime import date

import pytest
from django.db import transaction

from inventory import services as inventory
from inventory.models import Lot, Movement
from inventory.services.moving import locked, move
from inventory.services.repair import differences
from kernel.models import Case
from tests import make
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world(on_hand=0)


def picked(world, pieces: int, holder: str = "order:1") -> None:
    wanted = [(world.dryer.pk, pieces)]
    inventory.reserve(warehouse_id=world.warehouse.pk, wanted=wanted, holder=holder, now=make.NOW)
    inventory.pick(holder=holder, by="picker", now=make.NOW)


def accepted(world, lot: Lot, counted: int):
    count = inventory.open_count(warehouse=world.warehouse, note="", by="a", now=make.NOW)
    line = inventory.record_count(count=count, lot=lot, counted=counted, by="a", now=make.NOW)
    return count, inventory.accept_variance(line=line, reason="gone", by="b", now=make.NOW)


def balances(lot: Lot) -> tuple[int, int, int]:
    lot.refresh_from_db()
    return lot.on_hand, lot.picked, lot.quarantined


def missing() -> list[dict]:
    return list(Case.objects.filter(kind="stock.picked_missing").values_list("facts", flat=True))


def test_what_is_missing_of_picked_pieces_is_a_case_that_names_the_orders(world):
    lot = make.lot(world.warehouse, world.dryer, 10, "A", expires_on=date(2028, 12, 31))
    picked(world, 7, "order:1")
    picked(world, 3, "order:2")
    count, line = accepted(world, lot, 8)
    assert (line.state, balances(lot)) == ("accepted", (10, 10, 0))
    assert missing() == [{"sku": "HD-1", "lot": "A", "pieces": 2, "orders": ["1", "2"]}]
    inventory.close_count(count=count, by="b", now=make.NOW)


def test_what_lies_free_is_written_off_before_picked_pieces_are_said_to_be_missing(world):
    lot = make.lot(world.warehouse, world.dryer, 10, "A", expires_on=date(2028, 12, 31))
    picked(world, 8)
    accepted(world, lot, 3)
    assert balances(lot) == (8, 8, 0)
    assert [facts["pieces"] for facts in missing()] == [5]
    assert differences() == []


def test_of_a_lot_that_is_picked_whole_nothing_is_written_off_though_another_has_free_pieces(world):
    lot = make.lot(world.warehouse, world.dryer, 10, "A", expires_on=date(2027, 12, 31))
    other = make.lot(world.warehouse, world.dryer, 10, "B", expires_on=date(2028, 12, 31))
    picked(world, 10)
    count, _ = accepted(world, lot, 8)
    assert (balances(lot), balances(other)) == ((10, 10, 0), (10, 0, 0))
    assert [facts["pieces"] for facts in missing()] == [2]
    inventory.close_count(count=count, by="b", now=make.NOW)


def test_free_promised_pieces_that_are_missing_stay_quarantined_and_no_picked_ones_are_named(world):
    lot = make.lot(world.warehouse, world.dryer, 10, "A", expires_on=date(2028, 12, 31))
    wanted = [(world.dryer.pk, 10)]
    inventory.reserve(warehouse_id=world.warehouse.pk, wanted=wanted, holder="order:1", now=make.NOW)
    accepted(world, lot, 8)
    assert balances(lot) == (10, 0, 2)
    assert missing() == []
    assert Case.objects.filter(kind="stock.short", state="open").count() == 1


def test_accepting_a_count_waits_for_who_moves_the_stock_instead_of_dying_with_them(world):
    """Everyone locks the stock, then the lot; whoever took the lot first would be waited for in a circle."""
    lot = make.lot(world.warehouse, world.dryer, 10, "A", expires_on=date(2029, 1, 1))
    count = inventory.open_count(warehouse=world.warehouse, note="", by="a", now=make.NOW)
    line = inventory.record_count(count=count, lot=lot, counted=9, by="a", now=make.NOW)
    holding = threading.Event()

    def receive() -> str:
        with transaction.atomic():
            locked(lot.stock_id)
            holding.set()
            time.sleep(0.5)  # the other one has come to its first lock by then
            move(lot, Movement.Kind.ADJUST, on_hand=1, now=make.NOW)
        return "received"

    def accept() -> str:
        assert holding.wait(5)
        inventory.accept_variance(line=line, reason="x", by="b", now=make.NOW)
        return "accepted"

    first, second = at_once([receive, accept])
    assert (first, type(second)) == ("received", inventory.CountedElse)
    assert balances(lot)[0] == 11

"""Balances are set right while goods move: neither who repairs nor who sells dies of the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from inventory.models import Lot, Movement, Stock
from inventory.services.moving import locked, move
from inventory.services.repair import differences, repair
from tests import make
from tests.races.crowd import at_once, wait_for_a_waiter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.crooked_stock]


@pytest.fixture
def lot() -> Lot:
    """Of the first of two stocks that say twelve pieces where the ledger says ten."""
    make.world(on_hand=10)
    for stock in Stock.objects.all():
        make.crook(stock, on_hand=12)
    return Lot.objects.order_by("stock").first()


def meet(lot: Lot, mend: Callable[[], object]) -> list[object]:
    """Who moves holds one stock, who mends comes and waits, and then both stocks are moved."""
    held = threading.Event()

    def mover() -> str:
        with transaction.atomic():
            locked(lot.stock_id)
            held.set()
            wait_for_a_waiter()
            for one in Lot.objects.order_by("stock"):
                locked(one.stock_id)
                move(one, Movement.Kind.ADJUST, on_hand=1, now=make.NOW)
        return "moved"

    def mender() -> object:
        assert held.wait(timeout=20)
        return mend()

    return at_once([mover, mender])


def test_with_the_ledger_locked_before_the_stocks_one_of_the_two_dies(lot):
    def naive() -> str:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE inventory_movement IN SHARE MODE")
            cursor.execute("SELECT set_config('inventory.repair', 'on', true)")
            Stock.objects.filter(pk=lot.stock_id).update(on_hand=10)
        return "mended"

    results = meet(lot, naive)
    (died,) = (one for one in results if isinstance(one, Exception))
    assert isinstance(died, OperationalError)
    assert str(died).startswith("deadlock detected")


def test_with_the_stocks_locked_first_the_movement_is_written_and_then_the_balance_set_right(lot):
    assert meet(lot, repair) == ["moved", 2]
    assert differences() == []
    assert set(Stock.objects.values_list("on_hand")) == {(11,)}

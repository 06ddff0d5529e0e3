"""Of several parcels WeChat is told one by one (分拆发货), and with the last one that it is the last."""

from __future__ import annotations

import pytest

from kernel.models import Case
from logistics.models import Parcel
from logistics.services import shipping_info, telling
from orders.models import Order
from tests.logistics.telling import asked, bought, info, later, numbers, there

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(carriers, known) -> Order:
    """An order of general trade in three parcels, none of them scanned."""
    made = bought(carriers, known)
    Order.objects.update(trade_mode="0110")  # an import list holds one parcel
    for n in (1, 2, 3):
        Parcel.objects.create(
            storefront=known.shop,
            shipment=made.shipment,
            own_number=f"{made.number}-{n}",
            single=False,
            carrier="YTO",
            waybill=f"YT{n}",
            weight_g=500,
            state="issued",
            asked_at=later(),
            issued_at=later(),
        )
    return made


def scanned(order: Order, n: int, minutes: int = 0) -> None:
    Parcel.objects.filter(waybill=f"YT{n}").update(scanned_at=later(minutes))
    shipping_info.owe(order=order, now=later(minutes))


def finished(carriers, order: Order) -> tuple[list[str], int, int]:
    """The numbers that WeChat shows, its mode, and how often it was told that all has left."""
    seen = there(carriers, order)["shipping"]
    return numbers(carriers, order), seen["delivery_mode"], seen["finish_shipping_count"]


def test_each_parcel_is_told_at_its_first_scan_and_the_last_one_as_the_last(carriers, order):
    scanned(order, 1)
    telling.sweep(now=later())
    assert finished(carriers, order) == (["YT1"], 2, 0)
    row = info(order)
    assert (row.state, row.known_partial, row.late_at is None) == ("told", True, False)
    scanned(order, 2, 5)
    telling.sweep(now=later(5))
    assert finished(carriers, order) == (["YT1", "YT2"], 2, 0)
    scanned(order, 3, 10)
    telling.sweep(now=later(10))
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)
    row = info(order)
    assert (row.state, row.known_partial, row.retold_at, row.late_at) == ("told", False, None, None)
    assert asked(carriers) == ["ship_upload"] * 3
    scanned(order, 3, 15)
    assert telling.sweep(now=later(15)) == 0
    assert not Case.objects.exists()


def test_those_that_were_scanned_meanwhile_are_told_in_one(carriers, order):
    for n in (1, 2, 3):
        scanned(order, n)
    telling.sweep(now=later())
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)
    assert asked(carriers) == ["ship_upload"]


@pytest.mark.parametrize("mode", ["500_before", "500_after"])
@pytest.mark.parametrize("silent", [1, 2, 3])
def test_one_that_leaves_while_another_is_unanswered_is_told_and_none_twice(carriers, order, mode, silent):
    for n in (1, 2, 3):
        if n == silent:
            carriers.control("switches", call="ship_upload", mode=mode)
        scanned(order, n, 10 * n)
        telling.sweep(now=later(10 * n))
    for minutes in (60, 61, 62, 63):
        telling.sweep(now=later(minutes))
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)
    row = info(order)
    assert (row.state, row.known_partial, row.retold_at) == ("told", False, None)
    assert not Case.objects.exists()


def test_who_dies_after_telling_one_leaves_the_next_to_be_told_beside_it(carriers, order):
    scanned(order, 1)
    telling._call(telling._attempt(info(order), later()))  # and the worker is gone
    scanned(order, 2, 5)
    telling.step(info=info(order), now=later(6))
    assert (info(order).state, info(order).known) == ("owed", [["YTO", "YT1"]])
    telling.step(info=info(order), now=later(7))
    assert (info(order).state, finished(carriers, order)) == ("told", (["YT1", "YT2"], 2, 0))
    assert asked(carriers) == ["ship_upload", "ship_order", "ship_upload"]


def test_where_the_last_one_is_cancelled_wechat_is_told_that_no_more_is_to_come(carriers, order):
    for n in (1, 2):
        scanned(order, n)
    telling.sweep(now=later())
    assert finished(carriers, order) == (["YT1", "YT2"], 2, 0)
    Parcel.objects.filter(waybill="YT3").update(state="cancelled")
    shipping_info.owe(order=order, now=later(5))
    telling.sweep(now=later(5))
    assert finished(carriers, order) == (["YT1", "YT2"], 2, 1)
    assert (info(order).known_partial, info(order).retold_at) == (False, None)


def test_told_again_by_an_operator_nothing_is_told_twice(carriers, order):
    scanned(order, 1)
    telling.sweep(now=later())
    shipping_info.tell_again(info=info(order), by="op", now=later(5))
    telling.sweep(now=later(5))
    assert (info(order).state, info(order).known_partial) == ("told", True)
    assert asked(carriers) == ["ship_upload", "ship_order"]
    for n in (2, 3):
        scanned(order, n, 10)
    telling.sweep(now=later(10))
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)

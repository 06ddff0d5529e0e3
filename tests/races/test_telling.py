"""Workers at the same moment tell WeChat of an order once; without the claim they use up its one change."""

from __future__ import annotations

import threading

import pytest

from kernel.models import Case
from logistics.services import changing, telling
from logistics.services.telling import Attempt
from orders.models import Order
from tests.logistics.conftest import carriers, known, wechat
from tests.logistics.telling import asked, bought, info, later, left, numbers, there
from tests.races.crowd import at_once
from wechat.errors import Rejected
from wechat.shipping import ShippingClient

__all__ = ["carriers", "known", "wechat"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(carriers, known) -> Order:
    return bought(carriers, known)


def test_without_the_row_two_who_see_nothing_there_tell_twice_and_use_up_the_change(carriers, order):
    client: ShippingClient = telling.shipping_client(order.storefront_id)
    pause = threading.Barrier(2)

    def naive(waybill: str) -> None:
        made = telling._attempt(left(order, waybill), later())
        assert isinstance(made, Attempt)
        assert client.order(transaction_id=order.transaction_id).numbers == ()
        pause.wait(timeout=20)
        client.upload(made.shipping)

    naive_results = at_once([lambda: naive("SF1"), lambda: naive("SF2")])
    finished = there(carriers, order)["shipping"]["finish_shipping_count"]
    refused = [one for one in naive_results if isinstance(one, Rejected)]
    assert (finished, len(refused)) in ((2, 0), (1, 1))  # refused where the later upload_time came first
    assert asked(carriers).count("ship_upload") == 2


@pytest.mark.parametrize("round", range(3))
def test_many_workers_tell_of_each_order_once(carriers, known, order, round):
    orders = [order, bought(carriers, known), bought(carriers, known)]
    for one in orders:
        left(one, f"SF{one.pk}")
    results = at_once([lambda: telling.sweep(now=later())] * 6)
    assert sum(results) == 3
    assert [info(one).state for one in orders] == ["told"] * 3
    assert [there(carriers, one)["shipping"]["finish_shipping_count"] for one in orders] == [1, 1, 1]
    assert asked(carriers) == ["ship_upload"] * 3


def test_a_row_that_was_claimed_again_is_left_by_the_first(carriers, order):
    row = left(order)
    (first,) = telling._claim(later())
    (second,) = telling._claim(later(6))  # the lease of the first is over
    assert (first.pk, second.pk) == (row.pk, row.pk)
    results = at_once(
        [lambda: telling.step(info=first, now=later(6))] * 2
        + [lambda: telling.step(info=second, now=later(6))]
    )
    assert results == [None, None, None]
    assert (info(order).state, asked(carriers)) == ("told", ["ship_upload"])


def test_two_scans_of_other_waybills_at_once_are_one_change_to_the_later(carriers, order):
    left(order)
    telling.sweep(now=later())
    at_once([lambda: left(order, "SF2"), lambda: left(order, "SF3")])
    for minutes in (1, 2, 3):
        telling.sweep(now=later(minutes))
    assert asked(carriers).count("ship_upload") == 2
    assert there(carriers, order)["shipping"]["finish_shipping_count"] == 2
    assert (info(order).state, numbers(carriers, order)) == ("retold", [info(order).wanted[0][1]])
    assert Case.objects.count() == 0


def test_an_operators_change_and_the_sweep_at_once_make_one_change(carriers, order):
    left(order)
    telling.sweep(now=later())

    def change(waybill: str) -> None:
        changing.change_waybill(info=info(order), carrier="SF", waybill=waybill, by="op", now=later())

    results = at_once([lambda: change("SF8"), lambda: change("SF9"), lambda: telling.sweep(now=later(1))])
    telling.sweep(now=later(2))
    assert sorted(type(one).__name__ for one in results[:2]) in (
        ["NoneType", "WrongState"],
        ["ChangeUsed", "NoneType"],
    )
    assert (info(order).state, asked(carriers).count("ship_upload")) == ("retold", 2)

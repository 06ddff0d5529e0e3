"""What is paid for counts as sold: once, whoever delivers it how often, and no page is thrown away for it."""

from __future__ import annotations

import pytest

from backend import delivery
from backend.subscriptions import SUBSCRIPTIONS
from catalog import queries
from catalog.models import Product
from catalog.services.sold import count_sold
from kernel.models import Delivery, Event
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from orders.services.closing import CANCELLED, begin_closing, finish_closing
from payments.services.settle import settle
from tests import make
from tests.payments.reports import paid, report_of

pytestmark = pytest.mark.django_db
TOLD = ("order.placed", "order.paid", "payment.succeeded", "ledger.entered", "shipment.to_pick")
DELIVERIES = sum(len(SUBSCRIPTIONS[name]) for name in TOLD)


def sold() -> dict[str, int]:
    return dict(Product.objects.values_list("code", "sold_count"))


def pay(order: Order) -> None:
    payment = make.payment(order)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report_of(payment), now=make.NOW)


def test_a_paid_order_counts_once_however_often_events_are_delivered() -> None:
    world = make.world()
    pay(make.order(world.alice, ("HD-1", 2), ("IR-1", 1)))
    before = queries.version(world.shop.pk)
    assert sold() == {"p-hd-1": 0, "p-ir-1": 0}
    assert delivery.drain() == DELIVERIES
    assert sold() == {"p-hd-1": 2, "p-ir-1": 1}
    assert delivery.drain() == 0
    assert sold() == {"p-hd-1": 2, "p-ir-1": 1}
    assert queries.version(world.shop.pk) == before


def test_pieces_of_two_variants_of_one_product_are_added_up() -> None:
    world = make.world()
    world.iron.product = world.dryer.product
    world.iron.save()
    pay(make.order(world.alice, ("HD-1", 2), ("IR-1", 1)))
    delivery.drain()
    assert sold()["p-hd-1"] == 3


def test_a_count_that_fails_is_not_half_counted_and_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make.world()
    pay(make.order(world.alice, ("HD-1", 2)))

    def dies(*args: object) -> None:
        raise ConnectionError("the worker dies before the mark")

    with monkeypatch.context() as broken:
        broken.setattr(delivery, "_done", dies)
        assert delivery.drain() == 0
    assert sold()["p-hd-1"] == 0
    Delivery.objects.update(next_try_at=make.NOW)
    assert delivery.drain() == DELIVERIES
    assert sold()["p-hd-1"] == 2


def test_the_goods_of_another_storefront_are_not_counted() -> None:
    world = make.world()
    count_sold(storefront_id=world.shop.pk + 1, pieces={world.dryer.product_id: 1})
    count_sold(storefront_id=world.shop.pk, pieces={})
    assert sold()["p-hd-1"] == 0


def test_the_pieces_of_a_paid_order_that_is_cancelled_are_sold_no_longer_whichever_came_first() -> None:
    world = make.world()
    kept, ended = make.order(world.alice, ("HD-1", 2)), make.order(world.alice, ("HD-1", 1), ("IR-1", 1))
    for order in (kept, ended):
        paid(order)
    cancel_paid(number=ended.number, by="consumer", now=make.NOW)  # its payment is not counted yet
    delivery.drain()
    assert sold() == {"p-hd-1": 2, "p-ir-1": 0}
    cancel_paid(number=kept.number, by="consumer", now=make.NOW)
    delivery.drain()
    assert sold() == {"p-hd-1": 0, "p-ir-1": 0}


def test_an_order_that_was_never_paid_takes_nothing_away() -> None:
    world = make.world()
    pay(make.order(world.alice, ("HD-1", 2)))
    unpaid = make.order(world.alice, ("HD-1", 1))
    begin_closing(order=unpaid, reason=CANCELLED, now=make.NOW)
    unpaid.refresh_from_db()
    finish_closing(order=unpaid, now=make.NOW)
    assert Event.objects.filter(name="order.cancelled").count() == 1
    delivery.drain()
    assert sold()["p-hd-1"] == 2

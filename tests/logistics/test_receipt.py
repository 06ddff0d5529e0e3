"""Receipt confirms itself the days after delivery, once, unless the goods did not stay delivered."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction

from backend.delivery import drain
from kernel.models import Case, Delivery, Event
from logistics.models import Parcel, Shipment, ShippingInfo
from logistics.services import receipt, shipping_info
from logistics.services.receipt import confirm_receipt
from logistics.services.standing import receipt_due
from orders.models import Order
from orders.services.cancel_paid import end_paid
from tests import make
from tests.logistics import shipping
from tests.stepping import step
from tests.waiting import somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)
DELIVERED = make.NOW + timedelta(days=4)
DUE = DELIVERED + timedelta(days=10)


@pytest.fixture
@step
def delivered(world) -> Shipment:
    shipment = shipping.shipment(world)
    Shipment.objects.update(
        state="delivered",
        handed_over_at=make.NOW,
        delivered_at=DELIVERED,
        receipt_due_at=receipt_due(DELIVERED),
    )
    shipment.refresh_from_db()
    return shipment


def test_it_is_due_ten_days_after_delivery_to_the_second(delivered):
    assert receipt.sweep(now=DUE - timedelta(seconds=1)) == 0
    assert receipt.sweep(now=DUE) == 1
    delivered.refresh_from_db()
    assert (delivered.receipt_at, delivered.receipt_by) == (DUE, "days")
    (event,) = Event.objects.filter(name="shipment.received")
    assert event.facts == {"order": delivered.number, "by": "days", "at": DUE.isoformat()}
    assert receipt.sweep(now=DUE + timedelta(days=1)) == 0


def test_what_the_consumer_confirmed_is_left_as_it_is(delivered):
    at = DELIVERED + timedelta(hours=1)
    confirm_receipt(order=delivered.order, now=at)
    assert receipt.sweep(now=DUE) == 0
    delivered.refresh_from_db()
    assert (delivered.receipt_at, delivered.receipt_by) == (at, "consumer")


def test_what_was_cancelled_all_the_same_confirms_itself_for_nobody(delivered):
    with transaction.atomic():
        end_paid(order=Order.objects.get(), by="op", now=DELIVERED)
    assert receipt.sweep(now=DUE) == 0
    delivered.refresh_from_db()
    assert (delivered.receipt_at, delivered.receipt_due_at) == (None, None)


@pytest.fixture
def at_wechat(delivered) -> ShippingInfo:
    """What WeChat is told of its shipping."""
    info = shipping_info.open_info(order=delivered.order, now=make.NOW)
    assert info is not None
    ShippingInfo.objects.update(state="owed")
    info.refresh_from_db()
    return info


def test_what_was_confirmed_at_wechat_is_confirmed_here_once(delivered, at_wechat):
    at = DELIVERED + timedelta(hours=1)
    with transaction.atomic():
        shipping_info.receive(at_wechat, at + timedelta(minutes=1), at=at)
    drain()
    Delivery.objects.filter(handler="logistics.tasks.follow_receipt").update(
        done_at=None, next_try_at=make.NOW
    )
    drain()
    delivered.refresh_from_db()
    assert (delivered.receipt_at, delivered.receipt_by) == (at, "wechat")
    (event,) = Event.objects.filter(name="shipment.received")
    assert event.facts == {"order": delivered.number, "by": "wechat", "at": at.isoformat()}
    assert confirm_receipt(order=delivered.order, now=DUE).receipt_by == "wechat"


@pytest.mark.parametrize("state", ["customs_hold", "returned"])
def test_what_cannot_have_come_is_not_received_by_what_wechat_says(delivered, at_wechat, state):
    Shipment.objects.update(state=state)
    with transaction.atomic():
        shipping_info.receive(at_wechat, DELIVERED, at=DELIVERED)
    drain()
    delivered.refresh_from_db()
    assert (delivered.receipt_at, Event.objects.filter(name="shipment.received").count()) == (None, 0)


def test_one_that_fails_is_a_case_and_keeps_no_other_waiting(delivered, monkeypatch):
    real = receipt._receive

    def broken(*args, **more):
        raise LookupError("a name of somebody")

    monkeypatch.setattr(receipt, "_receive", broken)
    assert receipt.sweep(now=DUE) == 0
    case = Case.objects.get(kind="receipt.failing")
    assert (case.facts, case.state) == ({"order": delivered.number, "error": "LookupError"}, "open")
    monkeypatch.setattr(receipt, "_receive", real)
    assert receipt.sweep(now=DUE + timedelta(hours=1)) == 1
    case.refresh_from_db()
    assert case.state == "settled"


def test_of_the_consumer_and_the_days_at_the_same_time_one_confirms(delivered, monkeypatch):
    """The first holds the order until the second waits for it: both have passed every look without a lock."""
    begun, go_on = threading.Event(), threading.Event()
    real = receipt._receive

    def slow(*args, **more):
        begun.set()
        assert go_on.wait(20)
        real(*args, **more)

    def consumer():
        try:
            confirm_receipt(order=Order.objects.get(), now=DUE)
        finally:
            connections.close_all()

    monkeypatch.setattr(receipt, "_receive", slow)
    first, second = threading.Thread(target=consumer), threading.Thread(target=consumer)
    first.start()
    assert begun.wait(20)
    second.start()
    for _ in range(2000):
        if somebody_waits():
            break
    else:
        pytest.fail("the second one never waited for the first")
    go_on.set()
    first.join(20)
    second.join(20)
    assert Event.objects.filter(name="shipment.received").count() == 1
    assert Parcel.objects.count() == 0

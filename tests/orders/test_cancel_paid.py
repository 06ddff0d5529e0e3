"""A paid order is cancelled within the hold, once, and what it held comes back; afterwards it is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from compliance.models import AllowanceAccount, PayerCheck
from inventory.models import Stock
from kernel.models import Event
from orders.models import CouponClaim, Order
from orders.services.cancel_paid import HoldOver, cancel_paid, hold_ends_at
from orders.services.closing import NotCancellable
from orders.services.gate import move_gate
from orders.tasks import open_payer_check
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.payments.reports import paid, told

pytestmark = pytest.mark.django_db(transaction=True)
HOLD = timedelta(minutes=30)


@pytest.fixture
def order():
    world = make.world()
    claim = make.coupon(world.alice)
    made = make.order(world.alice, ("HD-1", 2), coupon_claim_id=claim.public_id)
    paid(made)
    made.refresh_from_db()
    return made


def test_within_the_hold_everything_it_held_comes_back_once(order):
    ended = cancel_paid(number=order.number, by="consumer", now=order.paid_at + HOLD)
    assert (ended.state, ended.closed_at) == ("cancelled", order.paid_at + HOLD)
    assert Stock.objects.get(variant__sku="HD-1").reserved == 0
    assert AllowanceAccount.objects.get(measure="value").reserved == 0
    assert CouponClaim.objects.get().order_number == ""
    again = cancel_paid(number=order.number, by="consumer", now=order.paid_at + HOLD)
    assert again.state == "cancelled"
    assert Event.objects.filter(name="order.cancelled").count() == 1
    assert Event.objects.get(name="order.cancelled").facts["by"] == "consumer"
    assert Stock.objects.get(variant__sku="HD-1").reserved == 0


def test_after_the_hold_only_an_operator_ends_it(order):
    late = order.paid_at + HOLD + timedelta(seconds=1)
    with pytest.raises(HoldOver):
        cancel_paid(number=order.number, by="consumer", now=late)
    ended = cancel_paid(number=order.number, by="operator:wang", now=late, within_hold=False)
    assert ended.state == "cancelled"


def test_what_customs_has_nobody_cancels(order):
    assert hold_ends_at(order) == order.paid_at + HOLD
    move_gate(number=order.number, verb="send", now=make.NOW)
    order.refresh_from_db()
    assert hold_ends_at(order) is None
    for within_hold in (True, False):
        with pytest.raises(HoldOver):
            cancel_paid(number=order.number, by="wang", now=make.NOW, within_hold=within_hold)
    assert Order.objects.get().state == "paid"


def test_an_order_that_was_never_paid_ends_otherwise():
    order = make.order(make.world().alice, ("HD-1", 1))
    with pytest.raises(NotCancellable):
        cancel_paid(number=order.number, by="consumer", now=make.NOW)


def test_nobody_asks_whether_the_payer_of_a_cancelled_order_is_the_orderer(order):
    cancel_paid(number=order.number, by="consumer", now=make.NOW)
    open_payer_check(Event.objects.get(name="order.paid"))
    assert PayerCheck.objects.count() == 0


def test_the_open_check_of_who_paid_ends_with_the_order(order):
    delivery.drain()
    assert PayerCheck.objects.get().state == "open"
    cancel_paid(number=order.number, by="consumer", now=order.paid_at)
    delivery.drain()
    assert PayerCheck.objects.get().state == "ended"
    assert Event.objects.get(name="payer.ended").facts["from"] == "open"


def test_a_check_that_was_answered_stays_as_it_was_answered(order):
    delivery.drain()
    PayerCheck.objects.update(state="same")
    cancel_paid(number=order.number, by="consumer", now=order.paid_at)
    delivery.drain()
    assert PayerCheck.objects.get().state == "same"


def test_the_check_ends_when_all_of_the_money_has_gone_back_and_not_before(order):
    delivery.drain()
    PayerCheck.objects.update(state="different", deadline_at=make.NOW + HOLD)
    line = order.lines.get()
    for key, state in (("one", "different"), ("two", "ended")):
        piece = request_refund(
            number=order.number,
            wish=Wish({line.pk: 1}),
            key=key,
            reason="退款",
            asked_by="system",
            now=make.NOW,
        )
        told(piece)
        delivery.drain()
        assert PayerCheck.objects.get().state == state
    assert PayerCheck.objects.get().deadline_at is None

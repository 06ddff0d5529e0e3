"""Refunds at the same moment: never more than was paid, told once whoever tells, and never past customs."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.db.models import Sum

from kernel.models import Case, Event
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import Payment, Refund
from payments.services.refund_gate import MoneyLeaving, let_go, send_to_customs
from payments.services.refund_outcome import Outcome
from payments.services.refund_refusals import TooMuch
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.payments.reports import declared, paid, told
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 2)))


def ask(payment, key, wish=None):
    return request_refund(
        number=payment.order.number,
        wish=wish or Wish(),
        key=key,
        reason="退款",
        asked_by="system",
        now=make.NOW,
    )


def naive_ask(payment: Payment, key: str, pause: threading.Barrier) -> int:
    """What a house without the lock does: look at what is left, then write."""
    gone = Refund.objects.filter(payment=payment).aggregate(sum=Sum("amount_fen"))["sum"] or 0
    left = payment.received_fen - gone
    pause.wait(timeout=20)
    Refund.objects.create(
        storefront_id=payment.storefront_id,
        payment=payment,
        order=payment.order,
        out_refund_no=f"R-{key}",
        kind="stray",
        key=key,
        amount_fen=left,
        other_fen=left,
        reason="退款",
        asked_by="system",
        requested_at=make.NOW,
    )
    return left


def given(payment):
    return Refund.objects.exclude(state="closed").aggregate(sum=Sum("amount_fen"))["sum"]


def test_without_the_lock_two_refunds_give_the_same_money_twice(payment):
    pause = threading.Barrier(2)
    whole = payment.received_fen
    assert at_once([lambda key=key: naive_ask(payment, key, pause) for key in "ab"]) == [whole, whole]
    assert given(payment) == 2 * whole


def test_two_refunds_for_the_rest_are_one(payment):
    results = at_once([lambda key=key: ask(payment, key) for key in "abcd"])
    made = [one for one in results if isinstance(one, Refund)]
    assert len(made) == 1, results
    assert all(isinstance(one, TooMuch) for one in results if one not in made)
    assert given(payment) == payment.received_fen


def test_the_same_wish_at_once_is_one_refund(payment):
    results = at_once([lambda: ask(payment, "one-wish")] * 5)
    assert len({one.pk for one in results}) == 1, results
    assert Refund.objects.count() == 1


def test_pieces_asked_for_at_once_are_never_more_than_were_bought(payment):
    line = payment.order.lines.get()
    results = at_once([lambda key=key: ask(payment, key, Wish({line.pk: 1})) for key in "abcd"])
    assert sum(isinstance(one, Refund) for one in results) == 2, results
    assert given(payment) == payment.received_fen


def test_notification_query_sweep_and_bill_at_once_are_one_success(payment):
    refund = ask(payment, "k")
    sources = ["notification", "notification", "query", "answer", "bill", "query"]
    results = at_once([lambda source=source: told(refund, source=source) for source in sources])
    assert results.count(Outcome.TAKEN) == 1, results
    assert results.count(Outcome.KNOWN) == 5, results
    assert Event.objects.filter(name="refund.succeeded").count() == 1
    assert Case.objects.count() == 0


@pytest.mark.parametrize("round", range(5))
def test_a_list_and_a_refund_never_leave_together(payment, round):
    declared(payment)
    number = payment.order.number
    listed, refund = at_once(
        [lambda: send_to_customs(number=number, now=make.NOW), lambda: ask(payment, "k")]
    )
    gate, state = Order.objects.get().gate, Refund.objects.get().state
    assert isinstance(refund, Refund), refund
    if isinstance(listed, MoneyLeaving):
        assert (gate, state) == ("before_list", "accepted")
    else:
        assert (gate, state) == ("with_customs", "requested")


@pytest.mark.parametrize("round", range(3))
def test_an_order_is_either_cancelled_or_declared(payment, round):
    declared(payment)
    number = payment.order.number
    at_once(
        [
            lambda: send_to_customs(number=number, now=make.NOW),
            lambda: cancel_paid(number=number, by="consumer", now=make.NOW),
        ]
    )
    order = Order.objects.get()
    assert (order.state, order.gate) in (("paid", "with_customs"), ("cancelled", "before_list"))


def test_a_gate_that_opens_to_many_lets_each_refund_go_once(payment):
    declared(payment)
    number = payment.order.number
    send_to_customs(number=number, now=make.NOW)
    ask(payment, "k")
    Order.objects.update(gate="after_release")
    results = at_once([lambda: let_go(number=number, now=make.NOW)] * 4)
    assert sorted(results) == [0, 0, 0, 1], results
    assert Event.objects.filter(name="refund.accepted").count() == 1
    connection.close()

"""One payment whose news cannot be written is a case, and keeps no other from being asked about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case
from orders.services.closing import begin_closing
from payments.models import Payment
from payments.services import close, query
from payments.services.close import StillOpen, close_attempts
from payments.services.query import sweep
from tests import make
from tests.payments.reports import paid, report_of
from tests.stepping import step
from wechat.errors import OrderPaid

pytestmark = pytest.mark.django_db(transaction=True)
LATER = make.NOW + timedelta(minutes=20)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
@step
def other(world):
    """A payment that is settled, and whose transaction WeChat names a second time."""
    return paid(make.order(world.alice, ("IR-1", 1)))


class Poison:
    """WeChat, which calls everything paid, and one number by the transaction of another payment."""

    def __init__(self, poison, other):
        self.poison, self.other = poison, other

    def close(self, number):
        if number == self.poison.out_trade_no:
            raise OrderPaid(call="close", wechat_code="ORDERPAID", request_id="")

    def query_by_out_trade_no(self, number):
        payment = Payment.objects.get(out_trade_no=number)
        whose = self.other.transaction_id if number == self.poison.out_trade_no else f"4200{payment.pk:024}"
        return report_of(payment, transaction_id=whose)


def use(monkeypatch, wechat):
    for module in (query, close):
        monkeypatch.setattr(module, "client_of", lambda mchid: wechat)


def test_the_sweep_goes_on_after_a_payment_that_cannot_be_written(world, other, monkeypatch):
    poison = make.payment(make.order(world.alice, ("HD-1", 1)))
    good = make.payment(make.order(world.alice, ("IR-1", 1)))
    Payment.objects.filter(pk=poison.pk).update(next_query_at=make.NOW - timedelta(hours=1))
    use(monkeypatch, Poison(poison, other))
    assert sweep(now=LATER) == 1
    good.refresh_from_db()
    poison.refresh_from_db()
    assert (good.state, poison.state, poison.transaction_id) == ("succeeded", "prepared", None)
    assert (poison.queries, poison.next_query_at) == (1, LATER + timedelta(seconds=30))
    case = Case.objects.get()
    assert (case.kind, case.key, case.facts["error"]) == (
        "payment.failing",
        poison.event_key,
        "IntegrityError",
    )
    assert case.facts["out_trade_no"] == poison.out_trade_no
    sweep(now=LATER + timedelta(hours=1))
    assert (Case.objects.count(), Case.objects.get().seen) == (1, 2)


def test_an_order_that_closes_ends_once_its_payment_can_be_closed_and_the_case_with_it(
    world, other, monkeypatch
):
    order = make.order(world.alice, ("HD-1", 1))
    poison = make.payment(order)
    begin_closing(order=order, reason="expired", now=make.NOW)
    order.refresh_from_db()
    wechat = Poison(poison, other)
    use(monkeypatch, wechat)
    with pytest.raises(StillOpen):
        close_attempts(order=order, now=LATER)
    order.refresh_from_db()
    assert (order.state, Case.objects.get().kind) == ("closing", "payment.failing")
    wechat.poison = other  # WeChat closes it now
    close_attempts(order=order, now=LATER)
    order.refresh_from_db()
    case = Case.objects.get()
    assert (order.state, case.state, case.settled_by) == ("expired", "settled", "system")


def test_the_case_of_a_payment_that_can_be_asked_about_again_settles_itself(world, other, monkeypatch):
    poison = make.payment(make.order(world.alice, ("HD-1", 1)))
    wechat = Poison(poison, other)
    use(monkeypatch, wechat)
    assert sweep(now=LATER) == 0
    assert Case.objects.get().state == "open"
    wechat.poison = other
    assert sweep(now=LATER + timedelta(hours=1)) == 1
    poison.refresh_from_db()
    case = Case.objects.get()
    assert (poison.state, case.state, case.settled_by, case.note) == (
        "succeeded",
        "settled",
        "system",
        "taken in",
    )

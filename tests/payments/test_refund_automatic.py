"""Money for an order that ended goes back by itself, and its case is settled when it has arrived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend import delivery
from inventory.models import Stock
from kernel.models import Case, Delivery
from orders.models import Order
from orders.services.cancel_paid import cancel_paid, hold_ends_at
from orders.services.closing import NotCancellable, begin_closing, expire_due, finish_closing
from payments.models import Payment, Refund
from payments.services.refunds import Wish, request_refund
from payments.services.settle import Outcome, settle
from payments.tasks import refund_cancelled, refund_stray
from settlement.models import Posting
from tests import make
from tests.payments.reports import paid, report_of, told
from tests.stepping import step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


@pytest.fixture
@step
def order():
    return make.order(make.world().alice, ("HD-1", 2))


def settled(payment, **changes):
    report = report_of(payment, **changes)
    return settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)


def test_a_cancelled_order_refunds_all_that_was_paid_once(order):
    payment = paid(order)
    cancel_paid(number=order.number, by="consumer", now=make.NOW)
    delivery.drain()
    refund = Refund.objects.get()
    assert (refund.kind, refund.state, refund.amount_fen) == ("cancellation", "accepted", payment.amount_fen)
    assert (refund.asked_by, refund.tax_fen, refund.lines.get().quantity) == ("consumer", order.tax_fen, 2)
    refund_cancelled(type("E", (), {"key": order.event_key, "facts": {}}))  # delivered again
    assert Refund.objects.count() == 1


def test_a_part_that_went_back_before_is_not_paid_twice(order):
    payment = paid(order)
    part = request_refund(
        number=order.number,
        wish=Wish({order.lines.get().pk: 1}),
        key="one",
        reason="少发一件",
        asked_by="operator:wang",
        now=make.NOW,
    )
    told(part)
    cancel_paid(number=order.number, by="consumer", now=make.NOW)
    delivery.drain()
    rest = Refund.objects.get(kind="cancellation")
    assert part.amount_fen + rest.amount_fen == payment.amount_fen


def test_an_order_whose_money_is_back_already_is_cancelled_without_another_refund(order):
    payment = paid(order)
    facts = {"number": order.number, "reason": "退款", "asked_by": "operator:wang", "now": make.NOW}
    told(request_refund(wish=Wish(), key="before", **facts))
    cancel_paid(number=order.number, by="consumer", now=make.NOW)
    delivery.drain()
    assert Refund.objects.get().amount_fen == payment.received_fen
    assert not Delivery.objects.filter(done_at=None).exists()


def test_the_cancellation_that_was_told_before_asks_for_no_refund_in_place_of_one_that_was_closed(order):
    paid(order)
    cancel_paid(number=order.number, by="consumer", now=make.NOW)
    delivery.drain()
    told(Refund.objects.get(), status="CLOSED", success_time=None)
    Delivery.objects.filter(handler="payments.tasks.refund_cancelled").update(
        done_at=None, next_try_at=make.NOW
    )
    delivery.drain()
    assert (Refund.objects.get().state, Case.objects.get().kind) == ("closed", "refund.closed")
    assert not Delivery.objects.filter(done_at=None).exists()


def test_goodwill_that_still_waited_is_part_of_what_goes_back(order):
    payment = paid(order)
    facts = {"reason": "致歉", "asked_by": "operator:wang", "now": make.NOW}
    waiting = request_refund(number=order.number, wish=Wish(goodwill_fen=500), key="sorry", **facts)
    cancel_paid(number=order.number, by="consumer", now=make.NOW)
    delivery.drain()
    waiting.refresh_from_db()
    assert waiting.state == "closed"
    assert Refund.objects.get(kind="cancellation").amount_fen == payment.amount_fen


def test_an_order_cancelled_without_payment_refunds_nothing(order):
    begin_closing(order=order, reason="cancelled", now=make.NOW)
    order.refresh_from_db()
    finish_closing(order=order, now=make.NOW)
    refund_cancelled(type("E", (), {"key": order.event_key, "facts": {}}))
    assert Refund.objects.count() == 0


def test_a_payment_while_it_is_being_cancelled_ends_as_a_refund(order):
    payment = make.payment(order)
    begin_closing(order=order, reason="cancelled", now=make.NOW)
    settled(payment)
    order.refresh_from_db()
    assert (order.state, order.paid_at) == ("cancelled", make.NOW)
    assert Stock.objects.get(variant__sku="HD-1").reserved == 0
    delivery.drain()
    assert Refund.objects.get().amount_fen == payment.amount_fen
    assert not Case.objects.filter(kind__startswith="order.").exists()


def expiring(order):
    expire_due(now=order.expires_at + timedelta(seconds=1))
    order.refresh_from_db()
    assert (order.state, order.closing_reason) == ("closing", "expired")


def test_a_payment_of_an_order_that_was_cancelled_while_it_expired_ends_as_a_refund(order):
    payment = make.payment(order)
    expiring(order)
    begin_closing(order=order, reason="cancelled", now=make.NOW)
    settled(payment)
    order.refresh_from_db()
    assert (order.state, order.paid_at) == ("cancelled", make.NOW)
    delivery.drain()
    assert Refund.objects.get().amount_fen == payment.amount_fen


def test_an_order_that_was_cancelled_while_it_expired_ends_as_cancelled(order):
    expiring(order)
    begin_closing(order=order, reason="cancelled", now=make.NOW)
    begin_closing(order=order, reason="expired", now=make.NOW)
    finish_closing(order=order, now=make.NOW)
    order.refresh_from_db()
    assert (order.state, order.closing_reason) == ("cancelled", "cancelled")


def test_a_cancellation_that_comes_after_the_expiry_changes_nothing_of_it(order):
    expiring(order)
    finish_closing(order=order, now=make.NOW)
    assert order.state == "closing"  # as who cancels has read it
    with pytest.raises(NotCancellable) as told:
        begin_closing(order=order, reason="cancelled", now=make.NOW)
    order = Order.objects.get()
    assert (told.value.state, order.state, order.closing_reason) == ("expired", "expired", "expired")


def test_a_late_payment_goes_back_and_its_case_settles_with_it(order):
    payment = make.payment(order)
    expire_due(now=order.expires_at + timedelta(seconds=1))
    finish_closing(order=Order.objects.get(), now=make.NOW)
    settled(payment)
    case = Case.objects.get()
    assert (case.kind, case.facts["sent_back"]) == ("payment.late", True)
    delivery.drain()
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount_fen, refund.other_fen) == (
        "stray",
        payment.amount_fen,
        payment.amount_fen,
    )
    told(refund)
    case.refresh_from_db()
    assert (case.state, case.settled_by, case.note) == (
        "settled",
        "system",
        f"{refund.out_refund_no} succeeded",
    )


@pytest.mark.parametrize(
    ("wrong", "reason", "back"),
    [
        ({"total_fen": 7}, "amount", 7),
        ({"appid": "wx_of_another"}, "appid", None),
        ({"currency": "USD"}, "currency", 0),
    ],
)
def test_what_does_not_fit_goes_back_as_it_was_received(order, wrong, reason, back):
    payment = make.payment(order)
    settled(payment, **wrong)
    payment.refresh_from_db()
    assert (payment.state, payment.stray_reason) == ("stray", reason)
    delivery.drain()
    amounts = list(Refund.objects.values_list("amount_fen", flat=True))
    assert amounts == ([] if back == 0 else [back or payment.amount_fen])
    assert Case.objects.get(kind=f"payment.{reason}").facts["sent_back"] is (back != 0)
    assert Order.objects.get().state == "placed"


def test_a_stray_payment_goes_back_also_while_customs_has_another_one(order):
    first = paid(order)
    Order.objects.update(gate="with_customs")
    second = Payment.objects.create(
        **{
            field.name: getattr(first, field.name)
            for field in Payment._meta.concrete_fields
            if field.name not in ("id", "out_trade_no", "transaction_id", "state")
        },
        out_trade_no="T-second",
        state="closed",
    )
    settled(second, transaction_id="4200" + "9" * 24)
    delivery.drain()
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.state, refund.amount_fen) == (second.pk, "accepted", second.amount_fen)
    event = type("E", (), {"key": second.event_key, "facts": {"reason": "twice"}})
    refund_stray(event)
    assert Refund.objects.count() == 1


def test_a_payment_of_nothing_is_a_case_and_nothing_goes_back(order):
    payment = make.payment(order)
    settled(payment, total_fen=0)
    delivery.drain()
    assert not Delivery.objects.filter(done_at=None).exists()
    assert (Refund.objects.count(), Posting.objects.count()) == (0, 0)
    case = Case.objects.get()
    assert (case.kind, case.facts["sent_back"]) == ("payment.amount", False)


@pytest.mark.parametrize("wrong", [{"total_fen": 1}, {"currency": "USD"}])
def test_a_payment_told_otherwise_than_before_stays_and_is_a_case(order, wrong):
    payment = paid(order)
    before = Payment.objects.values().get()
    told = {"transaction_id": payment.transaction_id}
    assert settled(payment, **told) is Outcome.KNOWN
    assert not Case.objects.exists()
    assert settled(payment, **told, **wrong) is Outcome.KNOWN
    case = Case.objects.get()
    assert (case.kind, case.key) == ("payment.contradiction", f"transaction:{payment.transaction_id}")
    assert (case.facts["order"], case.facts["sent_back"]) == (order.number, False)
    assert Payment.objects.values().get() == before


def test_a_stray_in_another_currency_told_again_is_no_contradiction(order):
    payment = make.payment(order)
    assert [settled(payment, currency="USD") for _ in range(2)] == [Outcome.STRAY, Outcome.KNOWN]
    assert [case.kind for case in Case.objects.all()] == ["payment.currency"]


@pytest.mark.parametrize(
    "told",
    [make.NOW + timedelta(days=365), make.NOW - timedelta(seconds=61), datetime(2001, 1, 1, tzinfo=UTC)],
)
def test_a_payment_told_to_be_of_the_future_or_older_than_its_number_was_paid_now(order, told):
    payment = make.payment(order)
    settled(payment, success_time=told)
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.paid_at, payment.succeeded_at) == (make.NOW, make.NOW)
    assert hold_ends_at(order) == make.NOW + timedelta(minutes=30)


def test_a_payment_was_made_when_wechat_says_though_its_clock_be_a_minute_behind(order):
    at = make.NOW - timedelta(minutes=1)
    payment = make.payment(order)
    settled(payment, success_time=at)
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.paid_at, payment.succeeded_at) == (at, at)


def test_a_stray_told_to_be_older_than_its_number_came_now(order):
    payment = make.payment(order)
    settled(payment, total_fen=700, success_time=datetime(2015, 1, 1, tzinfo=UTC))
    payment.refresh_from_db()
    assert (payment.state, payment.succeeded_at) == ("stray", make.NOW)

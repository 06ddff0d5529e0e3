"""From prepay to paid, and every way in which the road may fork: unknown, closed, late, twice, wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance.models import AllowanceAccount, Disclosure
from customers import queries as customers
from inventory.models import Stock
from kernel.errors import Upstream
from kernel.models import Case, Event
from orders.services.closing import begin_closing, expire_due
from payments.models import Payment
from payments.services.close import StillOpen, close_attempts
from payments.services.query import query, sweep
from payments.services.settle import Outcome, settle
from payments.services.start import NotPayable, start_payment
from storefronts import queries as storefronts
from tests import make
from tests.payments.reports import report_of
from tests.stand_in import storefront_in
from tests.stepping import step

# Outside calls refuse to run inside a transaction, so the tests' own must not be open either.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def order(world):
    return make.order(world.alice, ("HD-1", 1), now=make.present())


def start(order, world, now=None):
    return start_payment(order=order, openid=customers.openid(world.alice), now=now or make.present())


def test_the_client_gets_parameters_signed_by_the_merchant(wechat, world, order):
    client = start(order, world)
    assert client["package"].startswith("prepay_id=")
    wechat.control("pay", client=client)  # the stand-in checks paySign with the merchant's public key
    payment = Payment.objects.get()
    assert (payment.state, payment.amount_fen) == ("prepared", order.total_fen)
    assert query(payment=payment, now=make.present()) is Outcome.SETTLED
    order.refresh_from_db()
    assert order.state == "paid"
    assert order.transaction_id == Payment.objects.get().transaction_id
    names = Event.objects.filter(key=order.event_key).order_by("seq").values_list("name", flat=True)
    assert list(names) == ["order.placed", "order.paid"]
    assert Stock.objects.get(variant=world.dryer).reserved == 1


def test_starting_twice_is_one_attempt_and_one_number(wechat, world, order):
    first, second = start(order, world), start(order, world)
    assert first["package"] == second["package"]
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("mode", ["500", "500_after", "wrong_signature"])
def test_an_unknown_answer_is_asked_again_under_the_same_number(wechat, world, order, mode):
    wechat.control("switches", call="prepay", mode=mode, times=1)
    with pytest.raises(Upstream) as failure:
        start(order, world)
    assert failure.value.permanent is False
    number = Payment.objects.get().out_trade_no
    start(order, world)
    assert [p.out_trade_no for p in Payment.objects.all()] == [number]
    told = Disclosure.objects.order_by("id").values_list("recipient_kind", "order_number", "fields")
    assert list(told) == [("payment", order.number, ["openid", "order_number", "amount"])] * 2
    start(order, world)  # WeChat is not asked again, and so is told nothing
    assert Disclosure.objects.count() == 2


def test_a_lost_notification_is_found_by_the_sweep(wechat, world, order):
    start(order, world)
    wechat.control("pay", out_trade_no=Payment.objects.get().out_trade_no)
    assert sweep(now=make.present()) == 0  # too early to ask
    assert sweep(now=make.present() + timedelta(seconds=31)) == 1
    order.refresh_from_db()
    assert order.state == "paid"


def test_an_unpaid_order_expires_only_after_wechat_has_closed_it(wechat, world, order):
    start(order, world)
    later = order.expires_at + timedelta(seconds=1)
    assert expire_due(now=later) == 1
    order.refresh_from_db()
    assert order.state == "closing"
    assert Stock.objects.get(variant=world.dryer).reserved == 1
    wechat.control("switches", call="close", mode="500", times=1)
    with pytest.raises(Upstream):
        close_attempts(order=order, now=later)
    assert Stock.objects.get(variant=world.dryer).reserved == 1
    close_attempts(order=order, now=later)
    close_attempts(order=order, now=later)  # a second delivery changes nothing
    order.refresh_from_db()
    assert order.state == "expired"
    assert Payment.objects.get().state == "closed"
    assert Stock.objects.get(variant=world.dryer).reserved == 0
    assert AllowanceAccount.objects.get().reserved == 0


def test_what_is_paid_while_the_consumer_cancels_is_paid_and_cancelled(wechat, world, order):
    start(order, world)
    begin_closing(order=order, reason="cancelled", now=make.present())
    wechat.control("pay", out_trade_no=Payment.objects.get().out_trade_no)
    close_attempts(order=order, now=make.present())
    order.refresh_from_db()
    assert (order.state, order.transaction_id) == ("cancelled", Payment.objects.get().transaction_id)
    assert Stock.objects.get(variant=world.dryer).reserved == 0
    assert Case.objects.count() == 0


def test_an_order_that_ended_takes_no_payment_and_starts_none(wechat, world, order):
    start(order, world)
    begin_closing(order=order, reason="cancelled", now=make.present())
    close_attempts(order=order, now=make.present())
    order.refresh_from_db()
    assert order.state == "cancelled"
    with pytest.raises(NotPayable):
        start(order, world)
    payment = Payment.objects.get()
    wechat.control("pay", out_trade_no=payment.out_trade_no, force=True)
    assert query(payment=payment, now=make.present()) is Outcome.STRAY
    payment.refresh_from_db()
    assert (payment.state, payment.stray_reason, payment.received_fen) == (
        "stray",
        "late",
        order.total_fen,
    )
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert Case.objects.get().kind == "payment.late"


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"total_fen": 1}, "payment.amount"),
        ({"appid": "wx_of_someone_else"}, "payment.appid"),
        ({"currency": "USD"}, "payment.currency"),
        ({"mchid": "1900000000"}, "payment.unknown"),
        ({"out_trade_no": "NEVER-GIVEN-OUT"}, "payment.unknown"),
    ],
)
def test_money_that_does_not_fit_pays_nothing_and_is_never_lost(world, order, wechat, wrong, kind):
    start(order, world)
    payment = Payment.objects.get()
    report = report_of(payment, **wrong)
    merchant = payment.mchid
    assert settle(storefront_id=world.shop.pk, mchid=merchant, report=report, now=make.NOW) is Outcome.STRAY
    order.refresh_from_db()
    assert order.state == "placed"
    case = Case.objects.get()
    assert (case.kind, case.facts["total_fen"]) == (kind, report.total_fen)


def test_a_second_payment_of_a_paid_order_is_put_before_an_operator(world, order, wechat):
    start(order, world)
    payment = Payment.objects.get()
    first = report_of(payment)
    facts = {"storefront_id": world.shop.pk, "mchid": payment.mchid, "now": make.NOW}
    assert settle(report=first, **facts) is Outcome.SETTLED
    assert settle(report=first, **facts) is Outcome.KNOWN
    assert settle(report=report_of(payment, transaction_id="4" * 28), **facts) is Outcome.STRAY
    assert Case.objects.get().facts["transaction_id"] == "4" * 28


def test_a_retry_tells_wechat_the_same_also_after_the_shop_was_renamed(wechat, world, order):
    wechat.control("switches", call="prepay", mode="500_after", times=1)
    with pytest.raises(Upstream):
        start(order, world)
    world.shop.name_zh = "改名后的店"
    world.shop.save()
    storefronts.forget_kept()
    assert start(order, world)["package"].startswith("prepay_id=")
    assert Payment.objects.count() == 1


def test_what_wechat_neither_closes_nor_calls_paid_is_tried_again(wechat, world, order):
    start(order, world)
    begin_closing(order=order, reason="expired", now=make.present())
    wechat.control("switches", call="close", mode="error", code="ORDERPAID", status=400, times=1)
    with pytest.raises(StillOpen):
        close_attempts(order=order, now=make.present())
    order.refresh_from_db()
    assert order.state == "closing"
    close_attempts(order=order, now=make.present())
    order.refresh_from_db()
    assert order.state == "expired"


def test_what_was_refunded_behind_our_back_is_a_case(world, order, wechat):
    start(order, world)
    payment = Payment.objects.get()
    report = report_of(payment, trade_state="REFUND")
    outcome = settle(storefront_id=world.shop.pk, mchid=payment.mchid, report=report, now=make.NOW)
    assert outcome is Outcome.STRAY
    order.refresh_from_db()
    assert (order.state, Case.objects.get().kind) == ("placed", "payment.refunded")


def test_two_storefronts_keep_their_merchants_and_keys_apart(wechat, world, order):
    other = storefront_in(wechat, 1)
    ours, theirs = storefronts.merchant_of(world.shop.pk), storefronts.merchant_of(other.pk)
    assert ours.mchid != theirs.mchid
    assert ours.apiv3_key != theirs.apiv3_key
    assert ours.private_key.private_numbers() != theirs.private_key.private_numbers()
    start(order, world)
    assert Payment.objects.get().mchid == ours.mchid

"""By buttons operators give back all that is left, and record what WeChat Pay would not and our bank did."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from kernel.clock import shanghai_day
from kernel.money import yuan
from orders.models import Order, OrderLine
from orders.services.gate import move_gate
from payments.models import Payment, Refund
from payments.services import refund_verbs
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.operators import rows
from tests.operators.test_refund_pages import WISH, finance, page, seen, step  # noqa: F401  (a fixture)
from tests.payments.reports import paid, refund_report_of, told
from wechat.errors import OutcomeUnknown

pytestmark = pytest.mark.django_db(transaction=True)
TRANSFER = {"reference": "ICBC-77", "day": shanghai_day(make.present()).isoformat()}


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def order(world):
    """Two hair dryers, 8.00 of freight, paid."""
    made = make.order(world.alice, ("HD-1", 2), now=make.present())
    OrderLine.objects.filter(order=made).update(freight_fen=800)
    Order.objects.filter(pk=made.pk).update(freight_fen=800, total_fen=made.total_fen + 800)
    made.refresh_from_db()
    paid(made, success_time=make.present())
    return made


def back(order, wish, key="before"):
    facts = {"key": key, "reason": "退款", "asked_by": "system", "now": make.present()}
    return request_refund(number=order.number, wish=wish, **facts)


def test_freight_that_was_withheld_goes_back_by_one_button_seen_to_the_fen(finance, order):  # noqa: F811
    first = back(order, Wish({order.lines.get().pk: 2}, freight=False))
    told(first)
    at = step(order, "refund-all")
    assert at in finance.get(page(order)).content.decode()
    html = finance.post(at, WISH).content.decode()
    assert (seen(html), Refund.objects.count()) == ("800", 1)
    assert yuan(800) in html
    assert finance.post(at, WISH | {"seen_fen": "799"}).status_code == 200
    assert Refund.objects.count() == 1
    for _ in range(2):
        assert finance.post(at, WISH | {"seen_fen": "800"}).status_code == 302
    last = Refund.objects.latest("id")
    assert (last.amount_fen, last.freight_fen, last.state) == (800, 800, "accepted")
    assert first.amount_fen + last.amount_fen == order.total_fen


def test_what_waits_is_part_of_all_that_is_left_and_stays_as_it_is_until_confirmed(finance, order):  # noqa: F811
    waiting = back(order, Wish(goodwill_fen=500))
    html = finance.post(step(order, "refund-all"), WISH).content.decode()
    waiting.refresh_from_db()
    assert (seen(html), waiting.state) == (str(order.total_fen), "requested")
    finance.post(step(order, "refund-all"), WISH | {"seen_fen": seen(html)})
    waiting.refresh_from_db()
    assert (waiting.state, Refund.objects.latest("id").amount_fen) == ("closed", order.total_fen)


def test_what_our_bank_paid_in_place_of_a_closed_refund_is_recorded_on_its_page(
    finance,  # noqa: F811
    order,
    monkeypatch,
):
    refund = back(order, Wish())
    at = step(refund, "paid-instead")
    assert at not in finance.get(page(refund)).content.decode()
    told(refund, status="CLOSED", success_time=None)
    assert at in finance.get(page(refund)).content.decode()

    def silent(client, number):
        raise OutcomeUnknown(call="refund_query", reason="time-out")

    monkeypatch.setattr(refund_verbs, "query", silent)
    assert "please try again" in finance.post(at, {"note": "n", **TRANSFER}).content.decode()
    assert Refund.objects.count() == 1
    report = refund_report_of(refund, status="CLOSED", success_time=None)
    monkeypatch.setattr(refund_verbs, "query", lambda client, number: report)
    assert finance.post(at, {"note": "n", **TRANSFER}).status_code == 302
    made = Refund.objects.latest("id")
    assert (made.state, made.transfer_reference, made.amount_fen) == (
        "succeeded",
        "ICBC-77",
        order.total_fen,
    )
    html = finance.get(page(made)).content.decode()
    assert "ICBC-77" in html


def test_where_wechat_still_refunds_there_is_no_transfer_on_the_orders_page(finance, order):  # noqa: F811
    at = step(order, "refund-transferred")
    assert at not in finance.get(page(order)).content.decode()
    assert finance.post(at, WISH | TRANSFER).status_code == 403
    Payment.objects.update(succeeded_at=make.present() - timedelta(days=370))
    assert at in finance.get(page(order)).content.decode()
    assert finance.get(at).status_code == 200


def test_transfers_are_recorded_by_those_who_keep_the_accounts(client, world, order):
    payment = Payment.objects.get()
    closed, owed = back(order, Wish({order.lines.get().pk: 1})), back(order, Wish(), "owed")
    told(closed, status="CLOSED", success_time=None)
    Refund.objects.filter(pk=owed.pk).update(
        state="succeeded", redirected_to="merchant", succeeded_at=make.NOW, refund_id="5030"
    )
    Payment.objects.update(succeeded_at=make.present() - timedelta(days=370))
    doors = [
        (order, "refund-transferred"),
        (closed, "paid-instead"),
        (owed, "transfer-made"),
        (payment, "stray-transferred"),
    ]
    for role, status in (("customer_service", 403), ("finance", 200)):
        client.force_login(rows.operator(role, world.shop, role), backend=rows.BACKEND)
        for row, name in doors:
            if row is payment:
                Payment.objects.update(state="stray", stray_reason="late")
            assert client.get(step(row, name)).status_code == status, (role, name)
            Payment.objects.update(state="succeeded", stray_reason="")


def test_a_payment_of_more_than_a_year_is_given_back_by_transfer_on_the_orders_page(finance, order):  # noqa: F811
    Payment.objects.update(succeeded_at=make.present() - timedelta(days=370))
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.present())
    wish = {**WISH, f"pieces_{order.lines.get().pk}": 1}
    refused = finance.post(step(order, "refund-pieces"), wish).content.decode()
    assert "more than a year old" in refused
    at = step(order, "refund-transferred")
    html = finance.post(at, wish | TRANSFER).content.decode()
    assert re.search(r"paid by transfer", html)
    assert Refund.objects.count() == 0
    assert finance.post(at, wish | TRANSFER | {"seen_fen": seen(html)}).status_code == 302
    made = Refund.objects.get()
    assert (made.redirected_to, made.state, made.freight_fen) == ("transfer", "succeeded", 0)
    assert (str(made.amount_fen), made.transfer_reference) == (seen(html), "ICBC-77")


def test_money_that_no_order_could_take_is_recorded_as_paid_by_transfer_on_its_page(finance, order):  # noqa: F811
    payment = Payment.objects.get()
    at = step(payment, "stray-transferred")
    assert at not in finance.get(page(payment)).content.decode()
    Payment.objects.update(
        state="stray", stray_reason="late", succeeded_at=make.present() - timedelta(days=370)
    )
    assert at in finance.get(page(payment)).content.decode()
    assert finance.post(at, {"note": "n", **TRANSFER}).status_code == 302
    made = Refund.objects.get()
    assert (made.kind, made.redirected_to, made.amount_fen) == ("stray", "transfer", payment.received_fen)
    refused = finance.post(at, {"note": "n", **TRANSFER}).content.decode()
    assert "recorded already: ICBC-77" in refused


def released(order):
    Payment.objects.update(succeeded_at=make.present() - timedelta(days=370))
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.present())


def test_another_number_in_a_form_that_was_sent_before_is_refused_on_the_page(finance, order):  # noqa: F811
    released(order)
    at = step(order, "refund-transferred")
    form = {**WISH, "goodwill": "5.00", "seen_fen": "500", **TRANSFER}
    assert finance.post(at, form).status_code == 302
    html = finance.post(at, form | {"reference": "ICBC-78"}).content.decode()
    assert "recorded already: ICBC-77" in html
    assert list(Refund.objects.values_list("transfer_reference", "amount_fen")) == [("ICBC-77", 500)]
    assert finance.post(at, form).status_code == 302
    assert Refund.objects.count() == 1


def test_freight_that_stayed_is_paid_by_transfer_as_freight_and_not_as_goodwill(finance, order):  # noqa: F811
    told(back(order, Wish({order.lines.get().pk: 2}, freight=False)))
    released(order)
    at = step(order, "refund-all-transferred")
    assert at in finance.get(page(order)).content.decode()
    html = finance.post(at, WISH | TRANSFER).content.decode()
    assert (seen(html), Refund.objects.count()) == ("800", 1)
    assert finance.post(at, WISH | TRANSFER | {"seen_fen": "800"}).status_code == 302
    made = Refund.objects.latest("id")
    assert (made.freight_fen, made.other_fen, made.amount_fen) == (800, 0, 800)
    assert (made.redirected_to, made.transfer_reference, made.state) == ("transfer", "ICBC-77", "succeeded")


def test_where_wechat_still_refunds_all_that_is_left_is_not_recorded_as_a_transfer(finance, order):  # noqa: F811
    at = step(order, "refund-all-transferred")
    assert at not in finance.get(page(order)).content.decode()
    assert finance.post(at, WISH | TRANSFER).status_code == 403

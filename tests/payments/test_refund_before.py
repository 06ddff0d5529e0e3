"""A refund that is told before its payment is looked up again once the payment is known, and in the cap."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from kernel.cases import open_case
from kernel.models import Case, Delivery
from orders.services.closing import begin_closing, finish_closing
from payments.models import Refund
from payments.services import refund_before
from payments.services.refund_outcome import Outcome, take_in
from payments.services.refunds import refundable_fen
from payments.services.settle import settle
from tests import make
from tests.payments.reports import refund_report_of, report_of
from tests.stepping import step
from wechat.errors import OutcomeUnknown, ResourceNotExist

pytestmark = pytest.mark.django_db(transaction=True)
TRANSACTION = "4200001234202611200000000001"  # as `report_of` names it


@pytest.fixture
@step
def payment():
    return make.payment(make.order(make.world().alice, ("HD-1", 1)))


@pytest.fixture
def told(payment, monkeypatch):
    """A refund of 500 fen that was told before the payment, which WeChat goes on telling when asked."""
    ghost = Refund(pk=77, payment=payment, out_refund_no="WX-1", amount_fen=500)
    report = refund_report_of(ghost, transaction_id=TRANSACTION, total_fen=payment.amount_fen)
    facts = {"storefront_id": payment.storefront_id, "mchid": payment.mchid, "source": "notification"}
    assert take_in(report=report, now=make.NOW, **facts) is Outcome.CASE
    monkeypatch.setattr(refund_before, "query", lambda client, number: report)
    return Case.objects.get(kind="refund.unknown")


def settled(payment):
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report_of(payment), now=make.NOW)
    payment.refresh_from_db()


def test_it_is_booked_once_the_payment_is_settled(payment, told):
    assert (told.facts["booked"], Refund.objects.count()) == (False, 0)
    settled(payment)
    delivery.drain()
    booked = Refund.objects.get()
    assert (booked.out_refund_no, booked.state, booked.amount_fen) == ("WX-1", "succeeded", 500)
    assert refundable_fen(payment) == payment.received_fen - 500
    before, after = Case.objects.filter(kind="refund.unknown").order_by("id")
    assert (before.pk, before.state, before.settled_by) == (told.pk, "settled", "system")
    assert (after.state, after.facts["booked"]) == ("open", True)
    delivery.drain()
    refund_before.look_back(out_trade_no=payment.out_trade_no, now=make.NOW)
    assert Refund.objects.count() == 1


def test_it_is_booked_also_where_no_order_could_take_the_money(payment, told):
    begin_closing(order=payment.order, reason="expired", now=make.NOW)
    payment.order.refresh_from_db()
    finish_closing(order=payment.order, now=make.NOW)
    settled(payment)
    assert refund_before.look_back(out_trade_no=payment.out_trade_no, now=make.NOW) == 1
    booked = Refund.objects.get()
    assert (payment.state, booked.kind, booked.amount_fen) == ("stray", "stray", 500)


def test_it_is_asked_about_until_wechat_answers(payment, told, monkeypatch):
    def silent(client, number):
        raise OutcomeUnknown(call="refund_query", reason="time-out")

    monkeypatch.setattr(refund_before, "query", silent)
    settled(payment)
    delivery.drain()
    waiting = Delivery.objects.get(done_at=None)
    assert (waiting.handler, Refund.objects.count()) == ("payments.tasks.look_back", 0)


def test_what_wechat_does_not_stand_by_is_left_to_an_operator(payment, told, monkeypatch):
    def never(client, number):
        raise ResourceNotExist(call="refund_query", wechat_code="RESOURCE_NOT_EXISTS", request_id="")

    monkeypatch.setattr(refund_before, "query", never)
    settled(payment)
    assert refund_before.look_back(out_trade_no=payment.out_trade_no, now=make.NOW) == 0
    told.refresh_from_db()
    assert (told.state, told.seen, Refund.objects.count()) == ("open", 1, 0)


def test_a_payment_that_could_not_be_written_and_now_is_settles_its_case(payment):
    facts = {"storefront_id": payment.storefront_id, "title": "t", "facts": {}, "now": make.NOW}
    open_case(kind="payment.failing", key=payment.event_key, **facts)
    settled(payment)
    delivery.drain()
    assert (Case.objects.get().state, Case.objects.get().settled_by) == ("settled", "system")


@pytest.mark.parametrize("number", ["退款.1", "WX.2", "R" * 65])
def test_a_number_that_wechat_takes_no_question_about_stays_its_case_and_stops_no_other(
    payment, told, monkeypatch, number
):
    really = refund_before.query

    def asked(client, name):
        if name == number:
            raise ValueError("out_refund_no")
        return really(client, name)

    monkeypatch.setattr(refund_before, "query", asked)
    open_unknown(payment, number, make.NOW - timedelta(minutes=1))
    settled(payment)
    assert refund_before.look_back(out_trade_no=payment.out_trade_no, now=make.NOW) == 1
    assert Refund.objects.get().out_refund_no == "WX-1"
    assert Case.objects.get(key=f"refund:{number}"[:80]).state == "open"


def test_one_that_wechat_does_not_answer_about_stops_no_other_and_is_asked_about_again(
    payment, told, monkeypatch
):
    really = refund_before.query

    def asked(client, name):
        if name == "WX-0":
            raise OutcomeUnknown(call="refund_query", reason="time-out")
        return really(client, name)

    monkeypatch.setattr(refund_before, "query", asked)
    open_unknown(payment, "WX-0", make.NOW - timedelta(minutes=1))
    settled(payment)
    with pytest.raises(OutcomeUnknown):
        refund_before.look_back(out_trade_no=payment.out_trade_no, now=make.NOW)
    assert Refund.objects.get().out_refund_no == "WX-1"


def open_unknown(payment, number, at):
    """Another refund of the payment, told before it and before the others."""
    open_case(
        storefront_id=payment.storefront_id,
        kind="refund.unknown",
        key=f"refund:{number}"[:80],
        title="t",
        facts={"out_trade_no": payment.out_trade_no, "out_refund_no": number, "booked": False},
        now=at,
    )

"""What WeChat says of a refund is taken once, where it fits what we asked for; everything else is a case."""

from __future__ import annotations

import pytest

from kernel.models import Case, Event
from payments.models import Refund
from payments.services.refund_outcome import Outcome, take_in
from payments.services.refunds import Wish, refundable_fen, request_refund
from tests import make
from tests.payments.reports import paid, refund_report_of, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


@pytest.fixture
def refund(payment):
    return request_refund(
        number=payment.order.number, wish=Wish(), key="k", reason="退款", asked_by="system", now=make.NOW
    )


def state(refund):
    refund.refresh_from_db()
    return refund.state


def test_a_success_is_taken_once_whoever_tells_it(refund):
    assert told(refund, status="PROCESSING", success_time=None, source="answer") is Outcome.TAKEN
    assert told(refund) is Outcome.TAKEN
    assert [told(refund, source=source) for source in ("query", "bill")] == [Outcome.KNOWN] * 2
    assert told(refund, status="PROCESSING") is Outcome.KNOWN  # old news
    assert (state(refund), refund.succeeded_at, refund.channel) == ("succeeded", make.NOW, "ORIGINAL")
    event = Event.objects.get(name="refund.succeeded")
    assert event.key == f"refund:{refund.out_refund_no}"
    assert (event.facts["amount_fen"], event.facts["kind"]) == (refund.amount_fen, "lines")
    assert (event.facts["order"], event.facts["source"]) == (refund.order.number, "notification")
    assert Case.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"refund_fen": 1}, "refund_fen"),
        ({"total_fen": 1}, "total_fen"),
        ({"transaction_id": "4" * 28}, "transaction_id"),
        ({"mchid": "1900000000"}, "mchid"),
        ({"currency": "USD"}, "currency"),
        ({"out_trade_no": "ANOTHER"}, "out_trade_no"),
    ],
)
def test_a_report_that_does_not_fit_moves_nothing_and_is_a_case(refund, wrong, named):
    assert told(refund, **wrong) is Outcome.CASE
    assert state(refund) == "accepted"
    case = Case.objects.get()
    assert (case.kind, case.facts["wrong"]) == ("refund.mismatch", named)


def test_an_abnormal_refund_is_a_case_until_it_comes_right(refund):
    told(refund, status="ABNORMAL", success_time=None)
    assert told(refund, status="ABNORMAL", success_time=None) is Outcome.KNOWN
    assert (state(refund), Case.objects.get().kind) == ("abnormal", "refund.abnormal")
    told(refund)
    case = Case.objects.get()
    assert (state(refund), case.state, case.settled_by) == ("succeeded", "settled", "system")


def test_a_closed_refund_moved_nothing_and_another_may_be_asked_for(refund, payment):
    told(refund, status="CLOSED", success_time=None)
    assert (state(refund), Case.objects.get().kind) == ("closed", "refund.closed")
    assert refundable_fen(payment) == payment.received_fen
    again = request_refund(
        number=payment.order.number, wish=Wish(), key="k2", reason="退款", asked_by="system", now=make.NOW
    )
    assert again.out_refund_no != refund.out_refund_no
    assert again.amount_fen == payment.received_fen


def test_what_cannot_follow_is_a_case(refund):
    told(refund)
    assert told(refund, status="CLOSED") is Outcome.CASE
    assert (state(refund), Case.objects.get().kind) == ("succeeded", "refund.contradiction")


def test_a_status_of_next_year_changes_nothing(refund):
    assert told(refund, status="PAUSED") is Outcome.KNOWN
    assert (state(refund), Case.objects.count()) == ("accepted", 0)


def test_a_refund_that_wechat_made_itself_is_booked_and_put_before_an_operator(payment):
    ghost = Refund(
        pk=77, storefront_id=payment.storefront_id, payment=payment, out_refund_no="WX-1", amount_fen=500
    )
    assert told(ghost) is Outcome.CASE
    assert told(ghost) is Outcome.KNOWN
    booked = Refund.objects.get()
    assert (booked.state, booked.asked_by, booked.other_fen) == ("succeeded", "wechat", 500)
    assert refundable_fen(payment) == payment.received_fen - 500
    assert (Case.objects.get().kind, Case.objects.get().facts["booked"]) == ("refund.unknown", True)


def test_a_refund_of_a_payment_that_is_not_ours_is_a_case_alone(payment, refund):
    report = refund_report_of(refund, out_refund_no="WX-2", out_trade_no="NEVER-OURS")
    facts = {"storefront_id": payment.storefront_id, "mchid": payment.mchid, "source": "bill"}
    assert take_in(report=report, now=make.NOW, **facts) is Outcome.CASE
    assert Refund.objects.count() == 1
    assert Case.objects.get().facts["booked"] is False

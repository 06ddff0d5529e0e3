"""What WeChat says of a refund is taken once, where it fits what we asked for; everything else is a case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case, Event
from kernel.states import WrongState
from orders.models import Order
from orders.services.gate import move_gate
from payments.models import Payment, Refund
from payments.services.refund_gate import withdraw
from payments.services.refund_outcome import Outcome, take_in
from payments.services.refund_refusals import TooMuch
from payments.services.refund_verbs import ask_again
from payments.services.refunds import Wish, refundable_fen, request_refund
from payments.services.settle import Outcome as Settled
from payments.services.settle import settle
from settlement.models import Entry, Posting
from settlement.queries import not_entered
from settlement.tasks import enter_paid, enter_refunded
from tests import make
from tests.payments.reports import paid, refund_report_of, report_of, told
from tests.stepping import step

pytestmark = pytest.mark.django_db


@pytest.fixture
@step
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


@pytest.fixture
@step
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


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"currency": "USD"}, "currency"),
        ({"total_fen": 10**12}, "total_fen"),
        ({"refund_fen": 10_910}, "refund_fen"),
        ({"refund_fen": 0}, "refund_fen"),
        ({"mchid": "1900000000"}, "mchid"),
        ({"transaction_id": "4" * 28}, "transaction_id"),
        ({"refund_id": "another's"}, "refund_id"),
    ],
)
def test_a_refund_that_wechat_made_itself_and_that_does_not_fit_is_booked_nowhere(payment, changes, wrong):
    ask = {"number": payment.order.number, "reason": "退款", "asked_by": "system", "now": make.NOW}
    Order.objects.update(gate="after_release")
    told(request_refund(wish=Wish(goodwill_fen=1), key="k", **ask), refund_id="another's")
    before = refundable_fen(payment)
    ghost = Refund(pk=77, storefront_id=payment.storefront_id, payment=payment, out_refund_no="WX-1")
    assert told(ghost, **{"refund_fen": 1, **changes}) is Outcome.CASE
    assert (Refund.objects.count(), refundable_fen(payment)) == (1, before)
    case = Case.objects.get()
    assert (case.kind, case.facts["booked"], case.facts["wrong"]) == ("refund.unknown", False, wrong)


def test_what_went_back_behind_our_back_is_never_more_than_was_paid(payment):
    for number, fen in (("WX-1", payment.received_fen - 1), ("WX-2", 2), ("WX-3", 1)):
        by_hand(payment, number, fen)
    assert list(Refund.objects.order_by("id").values_list("out_refund_no", flat=True)) == ["WX-1", "WX-3"]
    assert refundable_fen(payment) == 0


def test_the_number_of_another_storefronts_refund_moves_neither(refund):
    other = make.storefront("other")
    make.stock(make.warehouse(other), make.variant(other, "HD-1", 10_000))
    theirs = paid(make.order(make.buyer(other, make.BOB), ("HD-1", 1)))
    report = refund_report_of(Refund(pk=78, payment=theirs, amount_fen=1), out_refund_no=refund.out_refund_no)
    facts = {"storefront_id": theirs.storefront_id, "mchid": theirs.mchid, "source": "notification"}
    assert take_in(report=report, now=make.NOW, **facts) is Outcome.CASE
    assert (state(refund), refundable_fen(theirs)) == ("accepted", theirs.received_fen)
    case = Case.objects.get()
    assert (case.kind, case.storefront_id, case.facts["wrong"]) == (
        "refund.unknown",
        theirs.storefront_id,
        "out_refund_no",
    )


def test_a_refund_of_a_payment_that_is_not_ours_is_a_case_alone(payment, refund):
    report = refund_report_of(refund, out_refund_no="WX-2", out_trade_no="NEVER-OURS")
    facts = {"storefront_id": payment.storefront_id, "mchid": payment.mchid, "source": "bill"}
    assert take_in(report=report, now=make.NOW, **facts) is Outcome.CASE
    assert Refund.objects.count() == 1
    assert Case.objects.get().facts["booked"] is False


def goodwill(payment, key, fen=1):
    return request_refund(
        number=payment.order.number,
        wish=Wish(goodwill_fen=fen),
        key=key,
        reason="退款",
        asked_by="system",
        now=make.NOW,
    )


@pytest.mark.parametrize("status", ["PROCESSING", "SUCCESS", "CLOSED"])
def test_one_refund_id_told_of_two_refunds_is_a_case_that_names_both_and_moves_nothing(payment, status):
    Order.objects.update(gate="after_release")
    first, second = goodwill(payment, "a"), goodwill(payment, "b")
    told(first, refund_id="5030")
    assert told(second, refund_id="5030", status=status) is Outcome.CASE
    assert (state(second), second.refund_id) == ("accepted", None)
    assert refundable_fen(payment) == payment.received_fen - 2
    case = Case.objects.get()
    assert (case.kind, case.key, case.facts["refund_fen"]) == ("refund.same_id", second.event_key, 1)
    assert (case.facts["out_refund_no"], case.facts["borne_by"], case.facts["refund_id"]) == (
        second.out_refund_no,
        first.out_refund_no,
        "5030",
    )
    assert told(second) is Outcome.TAKEN
    case.refresh_from_db()
    assert (state(second), case.state) == ("succeeded", "settled")


def test_a_refund_id_that_one_of_ours_has_is_named_with_the_number_that_we_never_gave_out(payment):
    Order.objects.update(gate="after_release")
    ours = goodwill(payment, "a")
    told(ours, refund_id="5030")
    ghost = Refund(pk=77, storefront_id=payment.storefront_id, payment=payment, out_refund_no="WX-1")
    assert told(ghost, refund_fen=1, refund_id="5030") is Outcome.CASE
    facts = Case.objects.get(kind="refund.unknown").facts
    assert (facts["out_refund_no"], facts["borne_by"]) == ("WX-1", ours.out_refund_no)


@pytest.mark.parametrize("off", [timedelta(days=365), timedelta(seconds=1), timedelta(days=-365)])
@pytest.mark.parametrize("source", ["notification", "query", "bill"])
def test_a_refund_told_to_have_gone_in_the_future_or_before_its_payment_came_has_gone_now(
    refund, payment, off, source
):
    Payment.objects.update(succeeded_at=make.NOW - timedelta(hours=2))
    told(refund, success_time=make.NOW + off, source=source)
    assert (state(refund), refund.succeeded_at) == ("succeeded", make.NOW)


def test_a_refund_has_gone_when_wechat_says_where_that_can_be(refund, payment):
    came = make.NOW - timedelta(hours=2)
    Payment.objects.update(succeeded_at=came)
    told(refund, success_time=came)
    assert (state(refund), refund.succeeded_at) == ("succeeded", came)


@pytest.mark.parametrize("source", ["notification", "bill"])
def test_a_refund_by_a_channel_that_nobody_knows_has_gone_all_the_same(refund, source):
    told(refund, channel="OTHER_BANKCARD_INTERNATIONAL", source=source)
    assert (state(refund), refund.channel) == ("succeeded", "OTHER_BANKCARD_INTERNATIONAL")


def balances():
    found = {}
    for account, amount in Posting.objects.values_list("account", "amount_fen"):
        found[account] = found.get(account, 0) + amount
    return {account: fen for account, fen in found.items() if fen}


def entered():
    """What the worker enters of the payments and refunds that there are."""
    for name, enter in (
        ("payment.succeeded", enter_paid),
        ("payment.stray", enter_paid),
        ("refund.succeeded", enter_refunded),
    ):
        for event in Event.objects.filter(name=name).order_by("id"):
            enter(event)


def second(order):
    """Another attempt to pay an order that is paid."""
    first = Payment.objects.get(order=order)
    Payment.objects.filter(pk=first.pk).update(out_trade_no="T1")  # `make` gives one number an order
    made = make.payment(order)
    made.out_trade_no = "T2"
    made.save()
    first.save()
    return made


def by_hand(payment, number, amount):
    """A refund that someone made in WeChat's console."""
    ghost = Refund(
        pk=payment.pk * 10 + int(number[-1]),
        storefront_id=payment.storefront_id,
        payment=payment,
        out_refund_no=number,
        amount_fen=amount,
    )
    return told(ghost)


def test_a_strays_money_sent_back_by_hand_is_the_strays_and_its_case_ends_when_all_is_back(payment):
    stray = second(payment.order)
    report = report_of(stray, transaction_id="4200777", total_fen=stray.amount_fen)
    assert (
        settle(storefront_id=stray.storefront_id, mchid=stray.mchid, report=report, now=make.NOW)
        is Settled.STRAY
    )
    stray.refresh_from_db()
    case = Case.objects.get(kind="payment.twice")

    assert by_hand(stray, "WX-1", 500) is Outcome.CASE
    booked = Refund.objects.get(out_refund_no="WX-1")
    assert (booked.kind, booked.state, booked.other_fen) == ("stray", "succeeded", 500)
    case.refresh_from_db()
    assert case.state == "open"

    by_hand(stray, "WX-2", stray.received_fen - 500)
    case.refresh_from_db()
    assert (case.state, case.settled_by, case.note) == ("settled", "system", "WX-2 succeeded")
    entered()
    order = payment.order
    assert balances() == {
        "wechat": order.total_fen,
        "sales": order.discount_fen - order.goods_fen,
        "tax": -order.tax_fen,
    }


def test_money_of_another_currency_that_went_back_is_not_taken_for_fen(payment):
    stray = second(payment.order)
    report = report_of(stray, transaction_id="4200777", currency="HKD")
    settle(storefront_id=stray.storefront_id, mchid=stray.mchid, report=report, now=make.NOW)
    stray.refresh_from_db()
    by_hand(stray, "WX-1", stray.received_fen)
    entered()
    assert not Entry.objects.filter(kind="refund").exists()
    assert not_entered(storefront_id=stray.storefront_id) == []
    assert Case.objects.get(kind="payment.currency").state == "settled"


def test_a_closed_refund_that_succeeded_after_all_is_booked_with_a_case(refund, payment):
    told(refund, status="CLOSED", success_time=None)
    assert told(refund) is Outcome.CASE
    assert told(refund) is Outcome.KNOWN
    assert (state(refund), refundable_fen(payment)) == ("succeeded", 0)
    cases = {case.kind: case for case in Case.objects.all()}
    assert (cases["refund.closed"].state, cases["refund.contradiction"].state) == ("settled", "open")
    facts = cases["refund.contradiction"].facts
    assert (facts["state"], facts["booked"], facts["refund_fen"]) == ("closed", True, refund.amount_fen)
    assert (facts["asked_again"], facts["too_much_fen"]) == ("", 0)
    assert Event.objects.get(name="refund.succeeded").facts["verb"] == "overturn"
    entered()
    assert balances() == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("wechat_knows_nothing")
def test_what_was_asked_again_in_its_place_and_has_left_is_told_with_what_is_too_much(refund, payment):
    told(refund, status="CLOSED", success_time=None)
    again = ask_again(refund=refund, by="operator:fang", note="n", now=make.NOW)
    Refund.objects.filter(pk=again.pk).update(tries=1)  # it may have arrived
    assert told(refund) is Outcome.CASE
    assert state(again) == "accepted"
    assert refundable_fen(payment) == -payment.received_fen
    facts = Case.objects.get(kind="refund.contradiction").facts
    assert facts["asked_again"] == again.out_refund_no
    assert facts["too_much_fen"] == payment.received_fen
    with pytest.raises(TooMuch):
        request_refund(
            number=payment.order.number,
            wish=Wish(goodwill_fen=1),
            key="more",
            reason="退款",
            asked_by="system",
            now=make.NOW,
        )
    with pytest.raises(WrongState):
        ask_again(refund=refund, by="operator:fang", note="n", now=make.NOW)


@pytest.mark.usefixtures("wechat_knows_nothing")
def test_what_was_asked_again_and_still_waits_for_customs_is_taken_back(refund, payment):
    told(refund, status="CLOSED", success_time=None)
    move_gate(number=payment.order.number, verb="send", now=make.NOW)
    again = ask_again(refund=refund, by="operator:fang", note="n", now=make.NOW)
    assert again.state == "requested"
    told(refund)
    assert (state(again), refundable_fen(payment)) == ("closed", 0)
    assert Case.objects.get(kind="refund.contradiction").facts["too_much_fen"] == 0


def test_a_refund_that_was_withdrawn_never_left_whatever_is_told_of_it(payment):
    move_gate(number=payment.order.number, verb="send", now=make.NOW)
    waiting = request_refund(
        number=payment.order.number, wish=Wish(), key="k", reason="退款", asked_by="system", now=make.NOW
    )
    withdraw(refund=waiting, by="fang", note="n", now=make.NOW)
    assert told(waiting) is Outcome.CASE
    assert (state(waiting), Case.objects.get().facts["wrong"]) == ("closed", "state")

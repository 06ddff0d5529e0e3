"""A refund that counted as closed and goes on at WeChat is back in cap and sweep, and goes out once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kernel.models import Case, Event
from payments.models import Payment, Refund
from payments.services import refund_verbs, send_refund
from payments.services.refund_outcome import Outcome
from payments.services.refund_refusals import TooMuch
from payments.services.refund_verbs import RefundLives, ask_again
from payments.services.refunds import Wish, refund_stray, refundable_fen, request_refund
from payments.states import REFUND
from tests import make
from tests.payments.reports import paid, refund_report_of, told
from tests.stepping import step
from wechat.errors import OutcomeUnknown, ResourceNotExist
from wechat.pay.refunds import RefundReport

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
@step
def payment() -> Payment:
    return paid(make.order(make.world().alice, ("HD-1", 2)))


@pytest.fixture
def refund(payment: Payment) -> Refund:
    return ask(payment, "k", Wish({payment.order.lines.get().pk: 1}))


@pytest.fixture
def wechat_has(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Number → status, of the refunds that WeChat has: what is sent is PROCESSING there."""
    has: dict[str, str] = {}

    def report(number: str) -> RefundReport:
        row = Refund.objects.select_related("payment").get(out_refund_no=number)
        return refund_report_of(row, status=has[number], success_time=None)

    def create(client: Any, *, out_refund_no: str, **facts: Any) -> RefundReport:
        has[out_refund_no] = "PROCESSING"
        return report(out_refund_no)

    def query(client: Any, number: str) -> RefundReport:
        if number not in has:
            raise ResourceNotExist(call="refund_query", wechat_code="RESOURCE_NOT_EXISTS", request_id="")
        return report(number)

    monkeypatch.setattr(send_refund, "create", create)
    for module in (send_refund, refund_verbs):
        monkeypatch.setattr(module, "query", query)
    return has


def ask(payment: Payment, key: str, wish: Wish) -> Refund:
    return request_refund(
        number=payment.order.number, wish=wish, key=key, reason="退款", asked_by="system", now=make.NOW
    )


def refused(refund: Refund) -> Refund:
    """Closed in this house, as a refusal that was said twice closes it; WeChat has told nothing of it."""
    REFUND.move(refund, "close", now=make.NOW, facts={"refusal": "RULE_LIMIT"})
    return refund


def again(refund: Refund) -> Refund:
    refund.refresh_from_db()
    return ask_again(refund=refund, by="operator:fang", note="n", now=make.NOW)


def state(refund: Refund) -> str:
    refund.refresh_from_db()
    return refund.state


@pytest.mark.parametrize(("status", "after"), [("PROCESSING", "processing"), ("ABNORMAL", "abnormal")])
def test_what_wechat_goes_on_with_after_it_was_closed_here_is_in_the_cap_and_asked_about(
    payment: Payment, refund: Refund, wechat_has: dict[str, str], status: str, after: str
) -> None:
    refused(refund)
    assert refundable_fen(payment) == payment.received_fen
    assert told(refund, status=status, success_time=None) is Outcome.CASE
    assert state(refund) == after
    assert refundable_fen(payment) == (payment.received_fen or 0) - refund.amount_fen
    facts = Case.objects.get(kind="refund.contradiction").facts
    assert (facts["state"], facts["status"], facts["booked"]) == ("closed", status, False)
    assert told(refund, status=status, success_time=None) is Outcome.KNOWN
    wechat_has[refund.out_refund_no] = "CLOSED"
    assert send_refund.sweep(now=make.NOW) == 1
    assert state(refund) == "closed"


def test_old_word_of_a_refund_that_wechat_closed_itself_changes_nothing(refund: Refund) -> None:
    told(refund, status="CLOSED", success_time=None)
    assert told(refund, status="PROCESSING", success_time=None) is Outcome.KNOWN
    assert state(refund) == "closed"


@pytest.mark.parametrize("status", ["PROCESSING", "SUCCESS", "ABNORMAL"])
def test_wechat_is_asked_what_became_of_the_old_one_before_another_is_asked_for(
    refund: Refund, wechat_has: dict[str, str], status: str
) -> None:
    refused(refund)
    wechat_has[refund.out_refund_no] = status
    with pytest.raises(RefundLives) as lives:
        again(refund)
    assert lives.value.told == status
    assert Refund.objects.count() == 1
    assert state(refund) == {"SUCCESS": "succeeded"}.get(status, status.lower())


def test_while_wechat_does_not_answer_nothing_is_asked_for_anew(
    refund: Refund, wechat_has: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(client: Any, number: str) -> RefundReport:
        raise OutcomeUnknown(call="refund_query", reason="time-out")

    refused(refund)
    monkeypatch.setattr(refund_verbs, "query", silent)
    with pytest.raises(OutcomeUnknown):
        again(refund)
    assert (state(refund), Refund.objects.count()) == ("closed", 1)


@pytest.mark.parametrize("status", ["SUCCESS", "PROCESSING"])
def test_what_was_asked_again_and_never_sent_is_taken_back_down_the_whole_chain(
    payment: Payment, refund: Refund, wechat_has: dict[str, str], status: str
) -> None:
    second = again(refused(refund))
    third = again(refused(second))
    assert (third.state, third.tries) == ("accepted", 0)
    told(refund, status=status, success_time=make.NOW if status == "SUCCESS" else None)
    assert (state(second), state(third), third.accepted_at) == ("closed", "closed", None)
    send_refund.sweep(now=make.NOW + 3 * MINUTE)
    assert third.out_refund_no not in wechat_has
    assert refundable_fen(payment) == (payment.received_fen or 0) - refund.amount_fen
    facts = Case.objects.get(kind="refund.contradiction").facts
    assert (facts["asked_again"], facts["too_much_fen"]) == ("", 0)
    event = Event.objects.get(name="refund.closed", key=third.event_key)
    assert (event.facts["verb"], event.facts["from"]) == ("withdraw", "accepted")


@pytest.mark.parametrize("rest_is_sent", [True, False])
def test_what_was_sent_stays_and_what_was_not_is_taken_back_so_far_as_it_is_too_much(
    payment: Payment, refund: Refund, wechat_has: dict[str, str], rest_is_sent: bool
) -> None:
    told(refund, status="CLOSED", success_time=None)
    second = again(refund)
    send_refund.sweep(now=make.NOW + 2 * MINUTE)
    rest = ask(payment, "rest", Wish())
    if rest_is_sent:
        send_refund.sweep(now=make.NOW + 4 * MINUTE)
    told(refund)
    after = "processing" if rest_is_sent else "closed"
    assert (state(refund), state(second), state(rest)) == ("succeeded", "processing", after)
    facts = Case.objects.get(kind="refund.contradiction").facts
    assert facts["asked_again"] == second.out_refund_no
    assert (facts["taken_back"], facts["too_much_fen"]) == (
        ("", refund.amount_fen) if rest_is_sent else (rest.out_refund_no, 0)
    )


def test_another_wish_that_was_never_sent_does_not_leave_after_all_the_money_is_back(
    payment: Payment, wechat_has: dict[str, str]
) -> None:
    first = refused(ask(payment, "first", Wish()))
    second = ask(payment, "second", Wish())
    assert (second.amount_fen, state(second)) == (payment.received_fen, "accepted")
    told(first)
    assert (state(first), state(second), refundable_fen(payment)) == ("succeeded", "closed", 0)
    assert Case.objects.get(kind="refund.contradiction").facts["taken_back"] == second.out_refund_no
    send_refund.sweep(now=make.NOW + 3 * MINUTE)
    assert wechat_has == {}


def test_what_still_fits_beside_it_is_not_taken_back(payment: Payment, refund: Refund) -> None:
    refused(refund)
    other = ask(payment, "other", Wish({payment.order.lines.get().pk: 1}))
    told(refund)
    assert (state(other), refundable_fen(payment)) == ("accepted", 0)


def test_the_last_pieces_after_goodwill_give_back_what_is_left(payment: Payment) -> None:
    payment.order.gate = "after_release"
    payment.order.save(update_fields=["gate"])
    line = payment.order.lines.get()
    ask(payment, "goodwill", Wish(goodwill_fen=100))
    first = ask(payment, "first", Wish({line.pk: 1}))
    last = ask(payment, "last", Wish({line.pk: 1}))
    whole = payment.received_fen or 0
    assert (first.amount_fen, last.amount_fen) == (whole // 2, whole - whole // 2 - 100)
    assert (last.whole, refundable_fen(payment)) == (False, 0)


def test_pieces_that_are_not_the_last_are_never_less_than_their_share(payment: Payment) -> None:
    payment.order.gate = "after_release"
    payment.order.save(update_fields=["gate"])
    line = payment.order.lines.get()
    goodwill = (payment.received_fen or 0) // 2 + 1
    ask(payment, "goodwill", Wish(goodwill_fen=goodwill))
    with pytest.raises(TooMuch) as much:
        ask(payment, "first", Wish({line.pk: 1}))
    assert much.value.left_fen == (payment.received_fen or 0) - goodwill


@pytest.mark.usefixtures("wechat_has")
def test_all_that_was_left_is_asked_again_as_all_that_is_left(payment: Payment) -> None:
    payment.order.gate = "after_release"
    payment.order.save(update_fields=["gate"])
    line = payment.order.lines.get()
    ask(payment, "goodwill", Wish(goodwill_fen=100))
    ask(payment, "goods", Wish({line.pk: 1}, freight=False))
    rest = ask(payment, "rest", Wish())
    assert (rest.whole, refundable_fen(payment)) == (True, 0)
    made = again(refused(rest))
    assert (made.amount_fen, made.freight_fen, made.whole) == (rest.amount_fen, rest.freight_fen, True)


@pytest.mark.usefixtures("wechat_has")
def test_a_strays_closed_refund_is_asked_again_only_where_wechat_has_none(payment: Payment) -> None:
    Payment.objects.filter(pk=payment.pk).update(state="stray", stray_reason="late")
    refund = refused(refund_stray(out_trade_no=payment.out_trade_no, reason="退款", now=make.NOW))
    made = again(refund)
    assert (made.key, made.amount_fen) == (f"again:{refund.out_refund_no}", payment.received_fen)

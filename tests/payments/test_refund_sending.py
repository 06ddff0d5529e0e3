"""A refund reaches WeChat under one number whatever fails on the way, and whoever dies between two steps."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import requests
from django.db import transaction

from backend import delivery
from kernel.models import Case, Event
from orders.services.gate import move_gate
from payments.models import Payment, Refund
from payments.services import refund_gate, refunds, send_refund
from payments.services.query import query
from payments.services.refunds import Wish, refundable_fen, request_refund
from payments.services.send_refund import sweep
from payments.services.settle import Outcome
from tests import make
from tests.payments.test_paying import start
from tests.stepping import step
from wechat.pay import refunds as wechat_refunds

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """The worker dies here: no handler of ours runs."""


@pytest.fixture
@step
def order(world):
    return make.order(world.alice, ("HD-1", 2), now=make.present())


@pytest.fixture
def paid(wechat, world, order):
    start(order, world)
    payment = Payment.objects.get()
    wechat.control("pay", out_trade_no=payment.out_trade_no)
    assert query(payment=payment, now=make.present()) is Outcome.SETTLED
    return payment


@pytest.fixture
def refund(paid, order):
    return ask(order)


def ask(order, key="k", wish=None):
    return request_refund(
        number=order.number,
        wish=wish or Wish(),
        key=key,
        reason="退款",
        asked_by="system",
        now=make.present(),
    )


def go_on(after=timedelta(seconds=1)):
    return sweep(now=make.present() + after)


def state(refund):
    refund.refresh_from_db()
    return refund.state


def made(wechat):
    """How often WeChat was asked to refund and said yes."""
    return sum(1 for call in wechat_calls(wechat, "refund") if call["status"] == 200)


def wechat_calls(wechat, name):
    log = requests.get(f"{wechat.url}/sandbox/log", timeout=9).json()["calls"]
    return [call for call in log if call["call"] == name]


def until_succeeded(refund):
    return until(refund, "succeeded")


def until(refund, wanted):
    """Let hours pass and sweep, until the refund stands where it should."""
    for hours in range(1, 60, 2):
        if state(refund) == wanted:
            return refund
        go_on(timedelta(hours=hours))
        time.sleep(0.05)  # the stand-in carries it out a moment after it took it
    raise AssertionError(f"it never was {wanted}")


def test_an_accepted_refund_leaves_by_its_event_and_succeeds_by_the_sweep(wechat, refund, paid):
    delivery.drain()
    assert state(refund) == "processing"
    assert refund.refund_id.startswith("5030")
    assert go_on() == 0  # it was asked about just now
    until_succeeded(refund)
    assert made(wechat) == 1
    assert Event.objects.filter(name="refund.succeeded").count() == 1
    assert query(payment=paid, now=make.present()) is Outcome.KNOWN  # REFUND at WeChat, and ours
    assert Case.objects.count() == 0


@pytest.mark.parametrize("mode", ["500_before", "500_after", "wrong_signature", "unsigned"])
def test_an_unknown_answer_is_asked_about_and_the_number_stays(wechat, refund, mode):
    number = refund.out_refund_no
    wechat.control("switches", call="refund", mode=mode, times=1)
    assert go_on() == 1
    assert (state(refund), refund.trouble) == ("accepted", "UNKNOWN")
    assert go_on() == 0  # not before its time
    until_succeeded(refund)
    assert refund.out_refund_no == number
    assert Refund.objects.count() == 1
    assert Case.objects.count() == 0


def test_too_many_calls_are_answered_by_patience_with_the_same_refund(wechat, refund):
    wechat.control("switches", call="refund", mode="error", code="FREQUENCY_LIMITED", status=429, times=2)
    go_on()
    assert (state(refund), refund.trouble) == ("accepted", "FREQUENCY_LIMITED")
    go_on(timedelta(minutes=2))
    until_succeeded(refund)
    numbers = {call["code"] for call in wechat_calls(wechat, "refund")}
    assert numbers == {"FREQUENCY_LIMITED", None}
    assert (Refund.objects.count(), Case.objects.count()) == (1, 0)


def test_an_empty_account_is_a_case_and_the_refund_goes_out_when_there_is_money(wechat, refund):
    wechat.control("switches", call="refund", mode="error", code="NOT_ENOUGH", status=403, times=1)
    go_on()
    case = Case.objects.get()
    assert (state(refund), case.kind, case.state) == ("accepted", "refund.not_enough", "open")
    assert go_on(timedelta(minutes=29)) == 0
    until_succeeded(refund)
    case.refresh_from_db()
    assert case.state == "settled"


@pytest.mark.parametrize("code", ["NO_AUTH", "SIGN_ERROR"])
def test_what_is_our_own_fault_waits_for_us(wechat, refund, code):
    wechat.control("switches", call="refund", mode="error", code=code, status=403, times=1)
    go_on()
    assert (state(refund), refund.trouble, Case.objects.get().kind) == ("accepted", code, "refund.blocked")
    until_succeeded(refund)
    assert Case.objects.get().state == "settled"


def test_a_refusal_counts_once_it_was_said_twice(wechat, refund, order):
    facts = {"call": "refund", "mode": "error", "code": "USER_ACCOUNT_ABNORMAL", "status": 403}
    wechat.control("switches", **facts, times=2)
    go_on()
    assert (state(refund), Case.objects.count()) == ("accepted", 0)
    go_on(timedelta(minutes=2))
    assert (state(refund), Case.objects.get().kind) == ("closed", "refund.refused")
    assert Case.objects.get().facts["code"] == "USER_ACCOUNT_ABNORMAL"
    assert ask(order, key="again").state == "accepted"


def test_a_refusal_of_what_is_there_already_is_not_its_end(wechat, refund):
    wechat.control("switches", call="refund", mode="500_after", times=1)
    go_on()
    wechat.control("switches", call="refund_query", mode="error", code="RESOURCE_NOT_EXISTS", status=404)
    wechat.control("switches", call="refund", mode="error", code="INVALID_REQUEST", status=400)
    go_on(timedelta(minutes=2))
    assert state(refund) in ("processing", "succeeded")
    assert Case.objects.count() == 0


def test_an_abnormal_refund_is_asked_about_until_it_comes_right(wechat, refund, paid):
    wechat.control("switches", call="refund_outcome", mode="abnormal")
    until(refund, "abnormal")
    assert Case.objects.get().kind == "refund.abnormal"
    facts = {"mchid": paid.mchid, "out_refund_no": refund.out_refund_no, "status": "SUCCESS"}
    wechat.control("refund", **facts)
    sweep(now=make.present() + timedelta(days=2))
    assert (state(refund), Case.objects.get().state) == ("succeeded", "settled")


def test_what_is_on_its_way_for_days_is_put_before_an_operator(wechat, refund):
    wechat.control("switches", call="refund_outcome", mode="stuck")
    go_on()
    sweep(now=make.present() + timedelta(days=3, minutes=1))
    assert (state(refund), Case.objects.get().kind) == ("processing", "refund.slow")


def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_is_tried_again(
    wechat, world, paid, order, monkeypatch
):
    poisoned = ask(order, wish=Wish(goodwill_fen=100))
    move_gate(number=order.number, verb="send", now=make.present())
    move_gate(number=order.number, verb="release", now=make.present())
    refund_gate.let_go(number=order.number, now=make.present())
    other = ask(order, key="k2", wish=Wish({order.lines.get().pk: 1}))
    really = send_refund._ask

    def poison(client, refund, passing):
        if refund.pk == poisoned.pk:
            raise ZeroDivisionError
        return really(client, refund, passing)

    monkeypatch.setattr(send_refund, "_ask", poison)
    at = make.present() + timedelta(minutes=2)
    assert sweep(now=at) == 2
    assert (state(poisoned), state(other)) == ("accepted", "processing")
    case = Case.objects.get()
    assert (case.kind, case.key, case.facts["error"]) == (
        "refund.failing",
        poisoned.event_key,
        "ZeroDivisionError",
    )
    assert (poisoned.next_try_at, poisoned.tries) == (at + timedelta(minutes=1), 1)
    sweep(now=at + timedelta(minutes=1))
    poisoned.refresh_from_db()
    assert (poisoned.next_try_at, poisoned.tries) == (at + timedelta(minutes=3), 2)
    monkeypatch.setattr(send_refund, "_ask", really)
    wechat.control("advance", seconds=90)  # two refunds of one payment are a minute apart
    until_succeeded(poisoned)
    case.refresh_from_db()
    assert case.state == "settled"


def test_what_is_due_at_once_is_sent_a_minute_apart_all_the_same(wechat, paid, order):
    line = order.lines.get()
    first, second = (ask(order, key, Wish({line.pk: 1})) for key in "ab")
    at = make.present() + timedelta(minutes=5)  # nobody worked for a while: both are due
    assert sweep(now=at) == 2
    assert (state(first), state(second)) == ("processing", "accepted")
    assert (second.tries, second.trouble, second.sent_at) == (0, "", None)
    assert (second.next_try_at, second.held_until) == (first.sent_at + timedelta(minutes=1), None)
    assert len(wechat_calls(wechat, "refund")) == 1
    wechat.control("advance", seconds=61)
    sweep(now=second.next_try_at)
    assert state(second) in ("processing", "succeeded")
    assert [call["code"] for call in wechat_calls(wechat, "refund")] == [None, None]


def test_what_waits_for_customs_is_not_sent(wechat, paid, order):
    move_gate(number=order.number, verb="send", now=make.present())
    refund = ask(order)
    delivery.drain()
    sweep(now=make.present() + timedelta(hours=2))
    assert state(refund) == "requested"
    assert wechat_calls(wechat, "refund") == []
    move_gate(number=order.number, verb="reject", now=make.present())
    delivery.drain()
    assert state(refund) == "processing"


def killed_before_the_call(monkeypatch):
    monkeypatch.setattr(send_refund, "create", dies)


def killed_after_the_call(monkeypatch):
    def sent(*args, **facts):
        wechat_refunds.create(*args, **facts)
        raise Killed

    monkeypatch.setattr(send_refund, "create", sent)


def killed_before_commit(monkeypatch):
    whole = send_refund.take_in

    def taken(**facts):
        with transaction.atomic():
            whole(**facts)
            raise Killed

    monkeypatch.setattr(send_refund, "take_in", taken)


def killed_after_commit(monkeypatch):
    whole = send_refund.take_in

    def taken(**facts):
        whole(**facts)
        raise Killed

    monkeypatch.setattr(send_refund, "take_in", taken)


def dies(*args, **facts):
    raise Killed


@pytest.mark.parametrize(
    ("kill", "left"),
    [
        (killed_before_the_call, "accepted"),
        (killed_after_the_call, "accepted"),
        (killed_before_commit, "accepted"),
        (killed_after_commit, "processing"),
    ],
)
@pytest.mark.parametrize("by", ["event", "sweep"])
def test_whoever_dies_at_any_step_leaves_a_refund_that_is_made_once(wechat, refund, kill, left, by):
    with pytest.MonkeyPatch.context() as patch:
        kill(patch)
        with pytest.raises(Killed):
            delivery.drain() if by == "event" else go_on()
    assert state(refund) == left
    assert go_on(timedelta(seconds=30)) == 0  # the dead one's lease is still running
    until_succeeded(refund)
    assert made(wechat) == 1
    assert Event.objects.filter(name="refund.succeeded").count() == 1
    assert (Refund.objects.count(), Case.objects.count()) == (1, 0)


def test_a_refund_that_was_killed_while_it_was_asked_for_was_never_asked_for(paid, order, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(refunds, "accept", dies)
        with pytest.raises(Killed):
            ask(order)
    assert (Refund.objects.count(), Event.objects.filter(name="refund.requested").count()) == (0, 0)
    assert ask(order).state == "accepted"


def test_a_question_that_is_refused_ends_no_refund_that_wechat_may_have_made(wechat, refund, paid):
    wechat.control("switches", call="refund", mode="500_after")
    send_refund.sweep(now=make.present() + timedelta(seconds=1))
    for turn in (1, 2, 3):
        wechat.control("switches", call="refund_query", mode="error", code="INVALID_REQUEST", status=400)
        send_refund.sweep(now=make.present() + timedelta(minutes=30 * turn))
    assert state(refund) == "accepted"
    paid.refresh_from_db()
    assert refundable_fen(paid) == (paid.received_fen or 0) - refund.amount_fen
    until_succeeded(refund)
    assert len(wechat_calls(wechat, "refund")) == 1

"""One at a time works on a refund: a sweeper that was slow, and two operators with two cards, pay once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from kernel.gateways import CONNECT_SECONDS, READ_SECONDS
from payments.models import Payment, Refund
from payments.services import refund_hold, refund_verbs, send_refund
from payments.services.refund_hold import LEASE, hold
from payments.services.refund_limits import turn_of
from payments.services.refund_outcome import Outcome
from payments.services.refund_verbs import RefundHeld, ask_again, to_bank_card
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.payments.reports import paid, refund_report_of, told
from tests.races.crowd import at_once
from wechat.errors import OutcomeUnknown, Rejected, ResourceNotExist
from wechat.pay.refunds import BankCard, RefundReport

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)
CARD = BankCard("ICBC_DEBIT", "6222020200112233", "王爱丽")


@pytest.fixture
def payment() -> Payment:
    return paid(make.order(make.world().alice, ("HD-1", 2)))


@pytest.fixture
def refund(payment: Payment) -> Refund:
    return request_refund(
        number=payment.order.number,
        wish=Wish({payment.order.lines.get().pk: 1}),
        key="k",
        reason="退款",
        asked_by="system",
        now=make.NOW,
    )


class WeChat:
    """Refuses every refund until it is `mended`, then takes each number once; `waits` stops a query."""

    def __init__(self) -> None:
        self.mended, self.given = False, dict[str, int]()
        self.asked, self.waits = threading.Event(), dict[str, threading.Event]()

    def create(self, client: Any, *, out_refund_no: str, refund_fen: int, **facts: Any) -> RefundReport:
        if not self.mended:
            raise Rejected(call="refund", wechat_code="RULE_LIMIT", request_id="")
        self.given[out_refund_no] = refund_fen
        return self.report(out_refund_no)

    def query(self, client: Any, number: str) -> RefundReport:
        if gate := self.waits.pop(number, None):
            self.asked.set()
            assert gate.wait(20)
        if number not in self.given:
            raise ResourceNotExist(call="refund_query", wechat_code="RESOURCE_NOT_EXISTS", request_id="")
        return self.report(number)

    def report(self, number: str) -> RefundReport:
        return refund_report_of(Refund.objects.select_related("payment").get(out_refund_no=number))


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> WeChat:
    wechat = WeChat()
    monkeypatch.setattr(send_refund, "create", wechat.create)
    for module in (send_refund, refund_verbs):
        monkeypatch.setattr(module, "query", wechat.query)
    return wechat


def slow_sweeper_and_quick_operator(refund: Refund, wechat: WeChat) -> Refund:
    """A sweeper asks about the refund, and hears the answer only after another has closed it, an operator
    has asked for it anew and that has gone out."""
    send_refund.sweep(now=make.NOW)  # refused once
    slow = make.NOW + 5 * MINUTE
    wechat.waits[refund.out_refund_no] = heard = threading.Event()

    def quick() -> Refund:
        assert wechat.asked.wait(20)
        later = slow + 2 * LEASE
        send_refund.sweep(now=later)  # refused twice
        refund.refresh_from_db()
        assert refund.state == "closed"
        made = ask_again(refund=refund, by="operator:fang", note="n", now=later)
        wechat.mended = True
        send_refund.sweep(now=later + 2 * MINUTE)
        heard.set()
        return made

    _, made = at_once([lambda: send_refund.sweep(now=slow), quick])
    assert isinstance(made, Refund), made
    return made


def test_a_sweeper_that_trusts_what_it_read_pays_a_refund_twice(
    refund: Refund, wechat: WeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_refund, "renew", lambda refund, at, **changes: True)
    made = slow_sweeper_and_quick_operator(refund, wechat)
    assert wechat.given == {
        refund.out_refund_no: refund.amount_fen,
        made.out_refund_no: refund.amount_fen,
    }


def test_a_sweeper_whose_hold_ran_out_sends_nothing_and_writes_nothing(
    refund: Refund, wechat: WeChat
) -> None:
    made = slow_sweeper_and_quick_operator(refund, wechat)
    assert wechat.given == {made.out_refund_no: refund.amount_fen}
    refund.refresh_from_db()
    assert (refund.state, refund.held_until) == ("closed", None)
    made.refresh_from_db()
    assert (made.state, made.held_until) == ("succeeded", None)


def test_a_hold_outlasts_all_calls_of_one_try_however_many_refunds_are_due() -> None:
    asks_sends_and_looks = 3
    assert timedelta(seconds=asks_sends_and_looks * (CONNECT_SECONDS + READ_SECONDS)) < LEASE


def test_each_refund_of_a_sweep_is_held_from_the_moment_of_its_turn(
    refund: Refund, wechat: WeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 100.0, 101.0])  # made, its turn, before it is sent
    monkeypatch.setattr(send_refund, "monotonic", lambda: next(moments, 102.0))
    seen = []

    def create(client: Any, **facts: Any) -> RefundReport:
        seen.append(Refund.objects.get(pk=refund.pk).held_until)
        return refund_report_of(refund)

    monkeypatch.setattr(send_refund, "create", create)
    send_refund.sweep(now=make.NOW)
    assert seen == [make.NOW + timedelta(seconds=101) + LEASE]


def test_what_one_holds_no_other_takes_before_it_runs_out(refund: Refund) -> None:
    assert hold(refund, at=make.NOW)
    other = Refund.objects.get(pk=refund.pk)
    assert send_refund.sweep(now=make.NOW) == 0
    assert not hold(other, at=make.NOW + LEASE - timedelta(seconds=1))
    assert hold(other, at=make.NOW + LEASE)
    assert not refund_hold.renew(refund, at=make.NOW + LEASE)
    refund_hold.release(refund, trouble="late word")
    other.refresh_from_db()
    assert (other.trouble, other.held_until) == ("", make.NOW + 2 * LEASE)


def both_at_once(refund: Refund, wechat: WeChat, monkeypatch: pytest.MonkeyPatch) -> list[Refund]:
    """Two workers send two refunds of one payment, due at the same moment; each waits, where it can, until
    the other has looked as well. Which of them stay to be sent."""
    other = request_refund(
        number=refund.order.number,
        wish=Wish({refund.order.lines.get().pk: 1}),
        key="k2",
        reason="退款",
        asked_by="system",
        now=make.NOW,
    )
    wechat.mended, looked = True, threading.Barrier(2)

    def kept(row: Refund, **facts: Any) -> bool:
        with contextlib.suppress(threading.BrokenBarrierError):
            looked.wait(2)
        return refund_hold.renew(row, **facts)

    monkeypatch.setattr(send_refund, "renew", kept)
    due = make.NOW + 2 * MINUTE
    numbers = [refund.out_refund_no, other.out_refund_no]
    results = at_once(
        [lambda number=number: send_refund.send_refund(out_refund_no=number, now=due) for number in numbers]
    )
    assert results == [True, True]
    return list(Refund.objects.filter(state="accepted"))


def test_without_the_payments_lock_two_refunds_of_it_are_sent_within_a_minute(
    refund: Refund, wechat: WeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(row: Refund, passing: Callable[[], datetime]) -> None:
        at = passing()
        assert turn_of(row, at=at) == at
        assert send_refund.renew(row, at=at, sent_at=at)

    monkeypatch.setattr(send_refund, "_take_turn", unlocked)
    assert both_at_once(refund, wechat, monkeypatch) == []
    assert len(wechat.given) == 2


def test_of_two_refunds_of_a_payment_that_are_sent_at_once_one_waits_for_its_minute(
    refund: Refund, wechat: WeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    (left,) = both_at_once(refund, wechat, monkeypatch)
    (sent,) = Refund.objects.exclude(pk=left.pk)
    assert sent.sent_at is not None
    assert list(wechat.given) == [sent.out_refund_no]
    assert (left.next_try_at, left.tries, left.held_until) == (sent.sent_at + MINUTE, 0, None)


def two_cards(
    refund: Refund, monkeypatch: pytest.MonkeyPatch, together: int
) -> tuple[list[str], list[object]]:
    """One operator names the consumer's card and another, while that is asked, the merchant's, whose answer
    is lost; WeChat takes the first alone. `together` reach WeChat before the first is answered."""
    under_way, second_done, taken = threading.Barrier(together), threading.Event(), []

    def apply(client: Any, *, card: BankCard | None, **facts: Any) -> RefundReport:
        under_way.wait(20)
        if card is None:
            raise OutcomeUnknown(call="refund_abnormal", reason="time-out")
        asking.set()
        assert second_done.wait(20)
        taken.append("consumer")
        return refund_report_of(refund, status="PROCESSING", success_time=None)

    asking = threading.Event()
    abnormal = refund_report_of(refund, status="ABNORMAL", success_time=None)
    monkeypatch.setattr(refund_verbs, "apply_abnormal", apply)
    monkeypatch.setattr(refund_verbs, "query", lambda client, number: abnormal)

    def redirect(card: BankCard | None) -> Outcome:
        return to_bank_card(refund=refund, card=card, by="fang", note="n", now=make.NOW)

    def second() -> Outcome:
        try:
            if together == 1:
                assert asking.wait(20)
            return redirect(None)
        finally:
            second_done.set()

    results = at_once([lambda: redirect(CARD), second])
    told(refund, channel="OTHER_BANKCARD")
    refund.refresh_from_db()
    return taken, results


@pytest.fixture
def abnormal(refund: Refund) -> Refund:
    told(refund, status="ABNORMAL", success_time=None)
    refund.refresh_from_db()
    return refund


def test_without_the_hold_two_operators_send_one_refund_to_two_cards(
    abnormal: Refund, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refund_verbs, "hold", lambda refund, at: True)
    monkeypatch.setattr(refund_verbs, "renew", lambda refund, at: True)
    _, results = two_cards(abnormal, monkeypatch, together=2)
    assert isinstance(results[1], OutcomeUnknown), results  # both were under way


def test_while_one_card_is_asked_for_another_has_to_wait_and_nothing_is_owed(
    abnormal: Refund, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, results = two_cards(abnormal, monkeypatch, together=1)
    assert results[0] is Outcome.TAKEN, results
    assert isinstance(results[1], RefundHeld), results
    assert taken == ["consumer"]
    assert (abnormal.state, abnormal.redirected_to, abnormal.owed) == ("succeeded", "consumer", False)

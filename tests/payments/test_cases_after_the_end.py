"""A case that is opened while its end is being written is not left behind, and holds no order for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend import delivery
from kernel.cases import open_case
from kernel.models import Case
from orders.services.gate import move_gate
from payments.models import Payment, Refund
from payments.services import query, refund_gate, send_refund
from payments.services.refund_limits import APART, slot, turn_of
from payments.services.refunds import Wish, request_refund
from payments.services.settle import settle
from tests import make
from tests.payments.reports import paid, refund_report_of, report_of, told
from tests.stepping import step
from wechat.errors import NotEnough, Rejected, ResourceNotExist

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]
LATER = make.NOW + timedelta(hours=2)
LONG = make.NOW + timedelta(days=8)
AHEAD = make.NOW + timedelta(days=3650)


@pytest.fixture
@step
def payment() -> Payment:
    return paid(make.order(make.world().alice, ("HD-1", 2)))


def ask(payment: Payment, wish: Wish | None = None, key: str = "k") -> Refund:
    return request_refund(
        number=payment.order.number,
        wish=wish or Wish(goodwill_fen=300),
        key=key,
        reason="退款",
        asked_by="system",
        now=make.NOW,
    )


def sent(payment: Payment, *, state: str = "processing") -> Refund:
    """A refund of all of it that WeChat has."""
    refund = ask(payment, Wish())
    if state != "accepted":
        told(refund, status=state.upper(), success_time=None)
    refund.refresh_from_db()
    return refund


def opened() -> list[str]:
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


@pytest.mark.parametrize(("first", "state"), [("gate", "accepted"), ("operator", "closed")])
def test_what_another_let_go_or_took_back_while_the_sweep_looked_waits_no_more(
    payment: Payment, monkeypatch: pytest.MonkeyPatch, first: str, state: str
) -> None:
    refund = ask(payment)
    really = refund_gate.let_go

    def late(*, number: str, now: Any) -> int:
        if first == "gate":
            for verb in ("send", "release"):
                move_gate(number=number, verb=verb, now=now)
            really(number=number, now=now)
        else:
            refund_gate.withdraw(refund=refund, by="fang", note="", now=now)
        return really(number=number, now=now)

    monkeypatch.setattr(send_refund, "let_go", late)
    send_refund.sweep(now=LONG)
    refund.refresh_from_db()
    assert (refund.state, opened()) == (state, [])


def test_what_waits_for_days_is_still_a_case_and_the_gate_ends_it(payment: Payment) -> None:
    refund = ask(payment)
    send_refund.sweep(now=LONG)
    assert opened() == ["refund.waiting"]
    for verb in ("send", "release"):
        move_gate(number=payment.order.number, verb=verb, now=make.NOW)
    delivery.drain()
    refund.refresh_from_db()
    assert (refund.state, opened()) == ("accepted", [])


def test_a_case_of_waiting_that_was_left_behind_ends_with_the_refund(payment: Payment) -> None:
    refund = sent(payment)
    open_case(
        storefront_id=refund.storefront_id,
        kind="refund.waiting",
        key=refund.event_key,
        title="t",
        facts={},
        now=LATER,
    )
    told(refund)
    assert opened() == []


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ZeroDivisionError(), "refund.failing"),
        (ResourceNotExist(call="refund_query", wechat_code="RESOURCE_NOT_EXISTS"), "refund.vanished"),
    ],
)
@pytest.mark.parametrize("status", ["SUCCESS", "CLOSED", None])
def test_what_a_try_met_while_the_end_was_told_is_no_case(
    payment: Payment, monkeypatch: pytest.MonkeyPatch, failure: Exception, kind: str, status: str | None
) -> None:
    refund = sent(payment)

    def asked(client: object, number: str) -> None:
        if status:
            told(refund, status=status)
        raise failure

    monkeypatch.setattr(send_refund, "query", asked)
    send_refund.sweep(now=LATER)
    assert opened() == {"SUCCESS": [], "CLOSED": ["refund.closed"], None: [kind]}[status]


@pytest.mark.parametrize(("code", "kind"), [("NOT_ENOUGH", "not_enough"), ("NO_AUTH", "blocked")])
@pytest.mark.parametrize("heard", [True, False])
def test_what_wechat_refused_while_it_told_that_it_has_the_refund_is_no_case(
    payment: Payment, monkeypatch: pytest.MonkeyPatch, code: str, kind: str, heard: bool
) -> None:
    refund = sent(payment, state="accepted")

    def refused(*args: Any, **facts: Any) -> None:
        if heard:
            told(refund)
        raise (NotEnough if code == "NOT_ENOUGH" else Rejected)(call="refund", wechat_code=code)

    def unseen(client: object, number: str) -> None:
        raise ResourceNotExist(call="refund_query", wechat_code="RESOURCE_NOT_EXISTS")

    monkeypatch.setattr(send_refund, "create", refused)
    monkeypatch.setattr(send_refund, "query", unseen)
    send_refund.sweep(now=LATER)
    assert opened() == ([] if heard else [f"refund.{kind}"])


@pytest.mark.parametrize("heard", [True, False])
def test_a_payment_that_was_settled_while_its_query_failed_is_no_case(
    monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))

    class WeChat:
        def query_by_out_trade_no(self, number: str) -> None:
            if heard:
                report = report_of(payment)
                settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=LATER)
                delivery.drain()
            raise ZeroDivisionError

    monkeypatch.setattr(query, "client_of", lambda mchid: WeChat())
    query.sweep(now=LATER)
    payment.refresh_from_db()
    assert (payment.state, opened()) == (("succeeded", []) if heard else ("prepared", ["payment.failing"]))


def test_what_a_clock_ten_years_ahead_sent_keeps_no_other_refund_of_the_payment_waiting(
    payment: Payment,
) -> None:
    first = ask(payment, Wish({payment.order.lines.get().pk: 1}), key="first")
    Refund.objects.filter(pk=first.pk).update(sent_at=AHEAD, next_try_at=AHEAD)
    second = ask(payment, Wish({payment.order.lines.get().pk: 1}), key="second")
    assert second.next_try_at == make.NOW
    assert turn_of(second, at=LATER) == LATER
    Refund.objects.filter(pk=first.pk).update(sent_at=LATER + timedelta(seconds=30))  # another machine's
    assert turn_of(second, at=LATER) == LATER + timedelta(seconds=30) + APART
    assert slot(payment, now=LATER) == LATER + timedelta(seconds=30) + APART


def test_a_refund_that_a_clock_ten_years_ahead_held_is_taken_up_again(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = sent(payment)
    Refund.objects.filter(pk=refund.pk).update(next_try_at=AHEAD, held_until=AHEAD, tries=1)
    monkeypatch.setattr(send_refund, "query", lambda client, number: refund_report_of(refund))
    assert send_refund.sweep(now=LATER) == 1
    refund.refresh_from_db()
    assert (refund.state, refund.held_until) == ("succeeded", None)


def test_a_hold_and_a_wait_of_now_still_keep_others_away(payment: Payment) -> None:
    refund = sent(payment)
    Refund.objects.filter(pk=refund.pk).update(next_try_at=LATER, held_until=LATER + timedelta(seconds=60))
    assert send_refund.sweep(now=LATER) == 0
    Refund.objects.filter(pk=refund.pk).update(next_try_at=LATER + timedelta(hours=6), held_until=None)
    assert send_refund.sweep(now=LATER) == 0

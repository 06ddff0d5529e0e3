"""A case about a refund ends with what it told of, however the refund ends: it holds no order for ever."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from backend import delivery
from kernel.cases import open_case
from kernel.models import Case
from orders.models import Order
from orders.services.gate import move_gate
from payments.models import Payment, Refund
from payments.services import refund_verbs, send_refund
from payments.services.refund_gate import withdraw
from payments.services.refund_outcome import Outcome
from payments.services.refund_transfer import Transfer
from payments.services.refund_verbs import pay_instead
from payments.services.refunds import Wish, refundable_fen, request_refund
from tests import make
from tests.payments.reports import paid, refund_report_of, told
from tests.stepping import step
from wechat.errors import Rejected, ResourceNotExist
from wechat.pay.refunds import RefundReport

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]
MET = ("abnormal", "not_enough", "blocked", "slow", "vanished", "failing")
LATER = make.NOW + timedelta(hours=2)


@pytest.fixture
@step
def payment() -> Payment:
    return paid(make.order(make.world().alice, ("HD-1", 2)))


@pytest.fixture
def order(payment: Payment) -> Order:
    return payment.order


def ask(order: Order, wish: Wish | None = None, key: str = "k", **changes: Any) -> Refund:
    facts = {"reason": "退款", "asked_by": "system", "now": make.NOW, **changes}
    return request_refund(number=order.number, wish=wish or Wish(), key=key, **facts)


def met(refund: Refund, *kinds: str) -> None:
    """Cases of what it met on its way."""
    for kind in kinds:
        open_case(
            storefront_id=refund.storefront_id,
            kind=f"refund.{kind}",
            key=refund.event_key,
            title="t",
            facts={"order": refund.order.number},
            now=make.NOW,
        )


def opened() -> list[str]:
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


def test_a_refund_that_wechat_closes_leaves_one_case_and_none_once_our_bank_has_paid(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = ask(order)
    told(refund, status="ABNORMAL", success_time=None)
    met(refund, *MET, "same_id")
    refund.refresh_from_db()
    told(refund, status="CLOSED", success_time=None)
    assert opened() == ["refund.closed", "refund.same_id"]
    refund.refresh_from_db()
    report = refund_report_of(refund, status="CLOSED", success_time=None)
    monkeypatch.setattr(refund_verbs, "query", lambda client, number: report)
    met(refund, "abnormal", "slow")  # of before its end was a word about them
    day = date(2026, 11, 21)
    at = make.NOW + timedelta(days=2)
    pay_instead(refund=refund, reference="ICBC-1", on=day, by="fang", note="", now=at)
    assert opened() == ["refund.same_id"]


def test_a_refund_that_wechat_refuses_for_good_leaves_that_case_alone(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = ask(order)
    met(refund, "not_enough", "blocked", "slow", "failing")

    def refuse(*args: Any, **facts: Any) -> RefundReport:
        raise Rejected(call="refund", wechat_code="USER_ACCOUNT_ABNORMAL")

    def unknown(client: object, number: str) -> RefundReport:
        raise ResourceNotExist(call="refund_query", wechat_code="RESOURCE_NOT_EXISTS")

    monkeypatch.setattr(send_refund, "create", refuse)
    monkeypatch.setattr(send_refund, "query", unknown)
    for hours in (1, 5):
        send_refund.sweep(now=make.NOW + timedelta(hours=hours))
    refund.refresh_from_db()
    assert (refund.state, opened()) == ("closed", ["refund.refused"])


def failed_once(monkeypatch: pytest.MonkeyPatch, name: str, at: Any) -> None:
    def fails(*args: Any, **facts: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(send_refund, name, fails)
        send_refund.sweep(now=at)
    assert opened() == ["refund.failing"]


def test_what_failed_while_it_waited_is_over_once_it_is_withdrawn(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = ask(order, Wish(goodwill_fen=300))
    failed_once(monkeypatch, "let_go", LATER)
    withdraw(refund=refund, by="fang", note="", now=LATER)
    assert opened() == []


def test_what_failed_while_it_waited_is_over_once_somebody_looks_at_it_again_or_the_gate_lets_it_go(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(order, Wish(goodwill_fen=300))
    failed_once(monkeypatch, "let_go", LATER)
    send_refund.sweep(now=LATER + timedelta(hours=2))
    assert (Refund.objects.get().state, opened()) == ("requested", [])
    failed_once(monkeypatch, "let_go", LATER + timedelta(hours=5))
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=LATER)
    delivery.drain()
    assert (Refund.objects.get().state, opened()) == ("accepted", [])


def test_what_failed_on_its_way_is_over_with_the_first_word_of_wechat(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = ask(order)
    failed_once(monkeypatch, "_ask", LATER)
    refund.refresh_from_db()
    told(refund, status="PROCESSING", success_time=None)
    assert opened() == []
    failed_once(monkeypatch, "_ask", LATER + timedelta(hours=5))
    report = refund_report_of(refund, status="PROCESSING", success_time=None)
    monkeypatch.setattr(send_refund, "query", lambda client, number: report)
    send_refund.sweep(now=LATER + timedelta(hours=10))
    assert opened() == []


def test_a_success_told_of_what_our_bank_paid_is_a_case(order: Order) -> None:
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    transfer = Transfer("ICBC-1", date(2026, 11, 21), "fang")
    late = make.NOW + timedelta(days=366)
    refund = ask(order, Wish(goodwill_fen=500), transfer=transfer, now=late)
    assert told(refund) is Outcome.CASE
    case = Case.objects.get(state="open")
    assert (case.kind, case.facts["wrong"]) == ("refund.mismatch", "state")
    refund.refresh_from_db()
    assert (refund.state, refund.refund_id) == ("succeeded", None)


def test_a_refund_of_wechats_own_whose_status_nobody_knows_is_a_case_until_one_is_told_that_we_know(
    payment: Payment,
) -> None:
    ghost = Refund(
        pk=77, storefront_id=payment.storefront_id, payment=payment, out_refund_no="WX-1", amount_fen=500
    )
    assert told(ghost, status="REVOKED") is Outcome.CASE
    assert (Refund.objects.count(), refundable_fen(payment)) == (0, payment.received_fen)
    case = Case.objects.get()
    assert (case.kind, case.facts["booked"], case.facts["wrong"]) == ("refund.unknown", False, "status")
    told(ghost)
    assert (Refund.objects.get().state, refundable_fen(payment)) == (
        "succeeded",
        (payment.received_fen or 0) - 500,
    )
    case.refresh_from_db()
    assert case.state == "settled"

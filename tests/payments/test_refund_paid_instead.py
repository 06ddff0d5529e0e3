"""What WeChat Pay does not give back our own bank pays: recorded once, within the cap, and in the books."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from backend import delivery
from kernel.models import Case, Event
from kernel.states import WrongState
from orders.models import Order, OrderLine
from orders.services.gate import move_gate
from payments.models import Complaint, Payment, PaymentDeclaration, Refund
from payments.services import refund_verbs
from payments.services.complaint_answers import approve_refund
from payments.services.declarable import declarable
from payments.services.refund_gate import withdraw
from payments.services.refund_refusals import StillRefunded, TooManyRefunds, TooMuch, TooOld, WishChanged
from payments.services.refund_transfer import AlreadyTransferred, BadTransfer, BeforeTheList, NotYet, Transfer
from payments.services.refund_verbs import AnotherAmount, AskedAgain, RefundLives, ask_again, pay_instead
from payments.services.refunds import Wish, refundable_fen, request_refund
from payments.states import REFUND
from settlement.models import Entry
from settlement.queries import not_entered
from tests import make
from tests.payments.complaining import heard
from tests.payments.reports import paid, refund_report_of, told
from tests.settlement.bill_days import balances
from tests.stepping import step
from wechat.errors import OutcomeUnknown, RateLimited, Rejected
from wechat.pay.refunds import RefundReport

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]
ON = date(2026, 11, 21)
LATER = make.NOW + timedelta(days=2)
YEAR = timedelta(days=366)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers that WeChat was asked about, each of which it has closed."""
    numbers: list[str] = []

    def query(client: object, number: str) -> RefundReport:
        numbers.append(number)
        row = Refund.objects.get(out_refund_no=number)
        return refund_report_of(row, status="CLOSED", success_time=None)

    monkeypatch.setattr(refund_verbs, "query", query)
    return numbers


@pytest.fixture
@step
def order() -> Order:
    return make.order(make.world().alice, ("HD-1", 3), ("IR-1", 2))


@pytest.fixture
@step
def payment(order: Order) -> Payment:
    return paid(order)


def ask(order: Order, wish: Wish | None = None, key: str = "k", **changes: Any) -> Refund:
    facts = {"reason": "不想要了", "asked_by": "operator:wang", "now": make.NOW, **changes}
    return request_refund(number=order.number, wish=wish or Wish(), key=key, **facts)


def closed(refund: Refund) -> Refund:
    told(refund, status="CLOSED", success_time=None)
    delivery.drain()
    refund.refresh_from_db()
    assert refund.state == "closed"
    return refund


def instead(refund: Refund, **changes: Any) -> Refund:
    facts = {"reference": "ICBC-77", "on": ON, "by": "fang", "note": "n", "now": LATER, **changes}
    return pay_instead(refund=refund, **facts)


def released(order: Order) -> None:
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)


def test_what_a_closed_refund_did_not_give_back_is_paid_by_our_bank_and_stands_in_the_books(
    order: Order, payment: Payment
) -> None:
    released(order)
    refund = closed(ask(order, Wish({order.lines.get(sku="HD-1").pk: 2})))
    assert Case.objects.get(state="open").kind == "refund.closed"
    before = balances()
    made = instead(refund)
    assert (made.state, made.amount_fen, made.refund_id) == ("succeeded", refund.amount_fen, None)
    assert (made.redirected_to, made.transfer_reference, made.owed) == ("transfer", "ICBC-77", False)
    assert dict(made.lines.values_list("line__sku", "quantity")) == {"HD-1": 2}
    assert refundable_fen(payment) == order.total_fen - refund.amount_fen
    case = Case.objects.get(kind="refund.closed")
    assert (case.state, case.settled_by, case.note) == ("settled", "fang", "ICBC-77 n")
    assert not_entered(storefront_id=order.storefront_id) == [made.out_refund_no] * 2
    delivery.drain()
    assert not_entered(storefront_id=order.storefront_id) == []
    after = balances()
    changed = {name: fen - before.get(name, 0) for name, fen in after.items() if fen != before.get(name, 0)}
    goods = made.goods_fen - made.discount_fen
    assert changed == {"sales": goods, "tax": made.tax_fen, "bank": -made.amount_fen}
    assert {one.day for one in Entry.objects.filter(refund=made)} == {ON}
    names = Event.objects.filter(key=made.event_key).order_by("seq").values_list("name", flat=True)
    assert list(names) == ["refund.requested", "refund.succeeded", "refund.transferred"]


@pytest.mark.parametrize(
    ("status", "after"),
    [("SUCCESS", "succeeded"), ("PROCESSING", "processing"), ("ABNORMAL", "abnormal")],
)
def test_what_wechat_goes_on_with_meanwhile_is_taken_in_and_not_paid_by_our_bank_too(
    order: Order, payment: Payment, monkeypatch: pytest.MonkeyPatch, status: str, after: str
) -> None:
    refund = ask(order)
    REFUND.move(refund, "close", now=make.NOW, facts={"refusal": "RULE_LIMIT"})
    report = refund_report_of(refund, status=status)
    monkeypatch.setattr(refund_verbs, "query", lambda client, number: report)
    with pytest.raises(RefundLives) as lives:
        instead(refund)
    refund.refresh_from_db()
    assert (lives.value.told, refund.state, Refund.objects.count()) == (status, after, 1)
    assert refundable_fen(payment) == 0


@pytest.mark.parametrize(
    "failure",
    [
        OutcomeUnknown(call="refund_query", reason="time-out"),
        RateLimited(call="refund_query", wechat_code="FREQUENCY_LIMITED"),
        Rejected(call="refund_query", wechat_code="SIGN_ERROR"),
    ],
)
def test_where_wechat_does_not_say_what_became_of_it_nothing_is_written(
    order: Order, payment: Payment, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def query(client: object, number: str) -> RefundReport:
        raise failure

    refund = closed(ask(order))
    before = list(Event.objects.values_list("id", flat=True))
    monkeypatch.setattr(refund_verbs, "query", query)
    with pytest.raises(type(failure)):
        instead(refund)
    assert (Refund.objects.count(), refundable_fen(payment)) == (1, order.total_fen)
    assert Case.objects.get().state == "open"
    assert list(Event.objects.values_list("id", flat=True)) == before


def test_what_was_withdrawn_before_it_left_is_not_asked_about(
    order: Order, payment: Payment, asked: list[str]
) -> None:
    move_gate(number=order.number, verb="send", now=make.NOW)
    refund = ask(order)
    withdraw(refund=refund, by="fang", note="n", now=make.NOW)
    move_gate(number=order.number, verb="release", now=make.NOW)
    with pytest.raises(StillRefunded):  # WeChat never refused it: nothing is paid past it within the year
        instead(refund)
    assert instead(refund, now=make.NOW + YEAR).state == "succeeded"
    assert asked == []


def test_it_is_recorded_once_and_nothing_else_is_asked_for_in_its_place(
    order: Order, payment: Payment
) -> None:
    refund = closed(ask(order))
    made = instead(refund)
    with pytest.raises(AlreadyTransferred) as again:
        instead(refund, reference="ICBC-78")
    assert again.value.reference == "ICBC-77"
    with pytest.raises(TooMuch):
        ask(order, key="more")
    assert list(Refund.objects.exclude(state="closed")) == [made]


def test_what_was_asked_for_again_is_not_paid_by_transfer_too(order: Order, payment: Payment) -> None:
    refund = closed(ask(order))
    another = ask(order, key=f"again:{refund.out_refund_no}")
    with pytest.raises(AskedAgain) as caught:
        instead(refund)
    assert caught.value.number == another.out_refund_no


def test_a_refund_that_lives_is_not_paid_by_transfer(order: Order, payment: Payment) -> None:
    with pytest.raises(WrongState):
        instead(ask(order))
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"reference": " "}, {"on": date(2026, 11, 19)}, {"on": date(2026, 11, 23)}]
)
def test_a_transfer_without_number_or_of_an_impossible_day_changes_nothing(
    order: Order, payment: Payment, wrong: dict[str, Any]
) -> None:
    refund = closed(ask(order))
    with pytest.raises(BadTransfer):
        instead(refund, **wrong)
    assert (Refund.objects.count(), refundable_fen(payment)) == (1, order.total_fen)
    assert Case.objects.get().state == "open"


def test_what_comes_to_another_amount_by_now_is_not_taken_for_what_was_paid(
    order: Order, payment: Payment
) -> None:
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    Order.objects.filter(pk=order.pk).update(state="cancelled")
    refund = closed(ask(order))
    told(ask(order, Wish(goodwill_fen=500), "sorry"))
    with pytest.raises(AnotherAmount) as caught:
        instead(refund)
    assert caught.value.amount_fen == order.total_fen - 500
    assert Refund.objects.count() == 2


def test_while_customs_decides_nothing_is_paid_by_transfer(order: Order, payment: Payment) -> None:
    refund = closed(ask(order))
    move_gate(number=order.number, verb="send", now=make.NOW)
    with pytest.raises(NotYet):
        instead(refund)
    move_gate(number=order.number, verb="release", now=make.NOW)
    assert instead(refund).state == "succeeded"


def test_when_wechat_gives_the_closed_one_back_after_all_the_case_says_what_is_too_much(
    order: Order, payment: Payment
) -> None:
    refund = closed(ask(order))
    made = instead(refund)
    told(refund)
    case = Case.objects.get(kind="refund.contradiction")
    assert case.facts["too_much_fen"] == order.total_fen
    assert made.out_refund_no in case.facts["asked_again"]
    delivery.drain()
    refund.refresh_from_db()
    assert refund.state == "succeeded"
    assert balances()["bank"] == -order.total_fen


@pytest.mark.parametrize("state", ["before_list", "after_release", "cancelled"])
def test_a_part_is_paid_by_our_bank_only_where_customs_is_told_no_sum_any_more(
    order: Order, payment: Payment, state: str
) -> None:
    if state == "after_release":
        released(order)
    refund = closed(ask(order, Wish({order.lines.get(sku="HD-1").pk: 2})))
    if state == "cancelled":
        Order.objects.filter(pk=order.pk).update(state="cancelled")
        refund = closed(ask(order, Wish(goodwill_fen=refund.amount_fen), "g"))
    if state != "before_list":
        assert (instead(refund).state, refundable_fen(payment)) == (
            "succeeded",
            order.total_fen - refund.amount_fen,
        )
        return
    with pytest.raises(BeforeTheList):
        instead(refund)
    with pytest.raises(BeforeTheList):  # over a year, where WeChat refunds nothing
        wish = Wish({order.lines.get(sku="HD-1").pk: 3, order.lines.get(sku="IR-1").pk: 1})
        ask(order, wish, "t", transfer=Transfer("ICBC-1", ON, "fang"), now=make.NOW + YEAR)
    assert (list(Refund.objects.all()), refundable_fen(payment)) == ([refund], order.total_fen)
    assert declarable(payment, order).order_fen == order.total_fen


def test_the_rest_of_an_order_is_paid_by_our_bank_before_the_list_only_once_the_first_part_is_back(
    order: Order, payment: Payment
) -> None:
    rest = closed(ask(order))
    part = ask(order, Wish({order.lines.get(sku="HD-1").pk: 2}), "part")
    transfer = Transfer("ICBC-1", ON, "fang")
    late = make.NOW + YEAR
    with pytest.raises(BeforeTheList):  # on its way, and it may yet be closed
        ask(order, key="t", transfer=transfer, now=late)
    told(part)
    made = ask(order, key="t", transfer=transfer, now=late)
    assert made.amount_fen == rest.amount_fen - part.amount_fen
    delivery.drain()
    order.refresh_from_db()
    assert order.state == "cancelled"


def test_what_wechat_still_refunds_our_bank_does_not_pay(order: Order, payment: Payment) -> None:
    released(order)
    transfer = Transfer("ICBC-1", ON, "fang")
    for now in (LATER, make.NOW + timedelta(days=365)):
        with pytest.raises(StillRefunded):
            ask(order, transfer=transfer, now=now)
    assert Refund.objects.count() == 0
    assert ask(order, transfer=transfer, now=make.NOW + YEAR).state == "succeeded"


def test_all_of_an_order_paid_back_by_transfer_before_the_list_ends_it(
    order: Order, payment: Payment
) -> None:
    delivery.drain()
    instead(closed(ask(order)))
    delivery.drain()
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert set(PaymentDeclaration.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_what_a_complaint_was_promised_has_come_by_transfer(order: Order, payment: Payment) -> None:
    approve_refund(complaint=heard(payment), amount_fen=None, by="ann", now=make.NOW)
    promised = Complaint.objects.get().refund
    assert promised is not None
    made = instead(closed(promised))
    delivery.drain()
    assert Complaint.objects.get().refund == made


def test_wechats_limits_of_age_and_number_do_not_hold_for_our_bank(order: Order, payment: Payment) -> None:
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    transfer = Transfer("ICBC-1", ON, "fang")
    for number in range(50):
        ask(order, Wish(goodwill_fen=1), f"g{number}")
    with pytest.raises(TooManyRefunds):
        ask(order, Wish(goodwill_fen=1), "g50")
    assert ask(order, Wish(goodwill_fen=1), "g50", transfer=transfer, now=LATER).state == "succeeded"
    with pytest.raises(TooOld):
        Refund.objects.filter(key="g0").update(state="closed", accepted_at=None)
        ask(order, key="late", now=make.NOW + YEAR)
    transfer = Transfer("ICBC-2", ON, "fang")
    late = ask(order, key="late", transfer=transfer, now=make.NOW + YEAR)
    assert (late.state, late.amount_fen) == ("succeeded", order.total_fen - 50)


def test_the_same_key_with_freight_after_it_was_withheld_is_another_wish(
    order: Order, payment: Payment
) -> None:
    line = order.lines.get(sku="HD-1")
    OrderLine.objects.filter(pk=line.pk).update(freight_fen=300)
    without = Wish({line.pk: 1}, freight=False)
    first = ask(order, without)
    assert ask(order, without) == first
    with pytest.raises(WishChanged):
        ask(order, Wish({line.pk: 1}))
    second = ask(order, Wish({line.pk: 1}), "with")
    with pytest.raises(WishChanged):
        ask(order, without, "with")
    assert (first.freight_fen, second.freight_fen) == (0, 200)


def test_a_refund_without_freight_is_asked_again_without(
    order: Order, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = order.lines.get(sku="HD-1")
    OrderLine.objects.filter(pk=line.pk).update(freight_fen=300)
    monkeypatch.setattr("payments.services.refund_verbs._ended_at_wechat", lambda *_: None, raising=False)
    refund = closed(ask(order, Wish({line.pk: 1}, freight=False)))
    again = ask_again(refund=refund, by="fang", note="n", now=make.NOW)
    assert (again.freight_stays, again.amount_fen) == (True, refund.amount_fen)

"""Money that no order could take goes back once: by WeChat Pay, or where that is too late by our bank."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from backend import delivery
from kernel.models import Case, Delivery
from kernel.states import WrongState
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import Payment, Refund
from payments.services.refund_refusals import RefundClosed, StillRefunded
from payments.services.refund_transfer import AlreadyTransferred, Transfer
from payments.services.refund_verbs import AskedAgain, ask_again, pay_stray
from payments.services.refunds import Wish, refund_stray, refundable_fen, request_refund
from payments.services.settle import settle
from settlement.queries import not_entered
from tests import make
from tests.payments.reports import paid, report_of, told
from tests.settlement.bill_days import balances
from tests.stepping import step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]
YEAR = timedelta(days=366)
ON = date(2026, 11, 20)


@pytest.fixture
@step
def order() -> Order:
    return make.order(make.world().alice, ("HD-1", 2))


def strayed(order: Order, **changes: Any) -> Payment:
    """A payment that no order can take: another amount than the order's."""
    payment = make.payment(order, at=changes.get("success_time", make.NOW))
    report = report_of(payment, total_fen=700, **changes)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)
    payment.refresh_from_db()
    assert (payment.state, payment.stray_reason) == ("stray", "amount")
    return payment


def by_bank(payment: Payment, **changes: Any) -> Refund:
    facts = {"reference": "ICBC-9", "on": ON, "by": "fang", "note": "n", "now": make.NOW, **changes}
    return pay_stray(payment=payment, **facts)


def state(case: Case) -> str:
    case.refresh_from_db()
    return case.state


def test_a_stray_told_after_more_than_a_year_is_a_case_and_goes_back_by_our_bank(order: Order) -> None:
    payment = strayed(order, success_time=make.NOW - YEAR)
    delivery.drain()
    assert not Delivery.objects.filter(done_at=None).exists()
    assert Refund.objects.count() == 0
    case, strange = Case.objects.get(kind="refund.by_bank"), Case.objects.get(kind="payment.amount")
    assert (case.key, case.facts["order"]) == (payment.event_key, order.number)
    assert (case.facts["amount_fen"], case.facts["code"]) == (700, "refund_too_old")
    made = by_bank(payment)
    assert (made.kind, made.state, made.amount_fen, made.redirected_to) == (
        "stray",
        "succeeded",
        700,
        "transfer",
    )
    assert (state(case), state(strange), strange.note) == ("settled", "settled", "ICBC-9")
    delivery.drain()
    assert not_entered(storefront_id=order.storefront_id) == []
    assert balances() == {"wechat": 700, "bank": -700}
    with pytest.raises(AlreadyTransferred):
        by_bank(payment, reference="ICBC-10")
    assert refundable_fen(payment) == 0


def test_a_stray_that_wechat_still_refunds_is_not_sent_back_by_our_bank(order: Order) -> None:
    payment = strayed(order)
    with pytest.raises(StillRefunded):
        by_bank(payment)
    assert Refund.objects.count() == 0


def test_what_wechat_is_sending_back_our_bank_does_not_send_too(order: Order) -> None:
    payment = strayed(order)
    delivery.drain()
    refund = Refund.objects.get()
    with pytest.raises(AskedAgain) as lives:
        by_bank(payment)
    assert lives.value.number == refund.out_refund_no
    told(refund, status="CLOSED", success_time=None)
    with pytest.raises(RefundClosed) as closed:
        by_bank(payment)
    assert closed.value.number == refund.out_refund_no
    assert Refund.objects.count() == 1


def test_money_that_an_order_took_is_no_stray(order: Order) -> None:
    with pytest.raises(WrongState):
        by_bank(paid(order))


@pytest.mark.usefixtures("wechat_knows_nothing")
def test_a_closed_refund_of_a_stray_is_not_taken_for_one_that_is_on_its_way(order: Order) -> None:
    payment = strayed(order)
    delivery.drain()
    refund = Refund.objects.get()
    told(refund, status="CLOSED", success_time=None)
    with pytest.raises(RefundClosed) as closed:
        refund_stray(out_trade_no=payment.out_trade_no, reason="退款", now=make.NOW)
    assert closed.value.number == refund.out_refund_no
    Delivery.objects.filter(handler="payments.tasks.refund_stray").update(done_at=None, next_try_at=make.NOW)
    delivery.drain()  # told again, it is no failure
    assert not Delivery.objects.filter(done_at=None).exists()
    refund.refresh_from_db()
    made = ask_again(refund=refund, by="operator:fang", note="n", now=make.NOW)
    assert (made.state, made.amount_fen) == ("accepted", 700)


def test_an_order_cancelled_more_than_a_year_after_it_was_paid_is_a_case_until_our_bank_has_paid(
    order: Order,
) -> None:
    payment = paid(order)
    Payment.objects.update(succeeded_at=make.NOW - YEAR)
    cancel_paid(number=order.number, by="operator:wang", now=make.NOW, within_hold=False)
    delivery.drain()
    assert not Delivery.objects.filter(done_at=None).exists()
    case = Case.objects.get(kind="refund.by_bank")
    assert (case.key, case.facts["amount_fen"]) == (payment.event_key, order.total_fen)
    facts: dict[str, Any] = {"number": order.number, "reason": "退款", "asked_by": "operator:wang"}
    transfer = Transfer("ICBC-1", ON, "fang")
    request_refund(wish=Wish(goodwill_fen=1), key="a", transfer=transfer, now=make.NOW, **facts)
    assert state(case) == "open"
    transfer = Transfer("ICBC-2", ON, "fang")
    request_refund(wish=Wish(), key="b", transfer=transfer, now=make.NOW, **facts)
    assert (state(case), case.note, case.settled_by) == ("settled", "ICBC-2", "fang")

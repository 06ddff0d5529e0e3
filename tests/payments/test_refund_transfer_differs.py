"""A transfer that is told is recorded, or it is refused: no other one is answered in its place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from orders.models import Order
from orders.services.gate import move_gate
from payments.models import Refund
from payments.services.refund_refusals import WishChanged
from payments.services.refund_transfer import BESIDE, AlreadyTransferred, Transfer
from payments.services.refunds import Wish, refund_stray, request_refund
from tests import make
from tests.payments.reports import paid
from tests.stepping import step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]
ON = date(2026, 11, 21)
LATE = make.NOW + timedelta(days=366)
SORRY = Wish(goodwill_fen=500)


@pytest.fixture
@step
def order() -> Order:
    made = make.order(make.world().alice, ("HD-1", 3))
    paid(made)
    for verb in ("send", "release"):
        move_gate(number=made.number, verb=verb, now=make.NOW)
    return made


def ask(order: Order, key: str, transfer: Transfer | None, wish: Wish = SORRY, **changes: Any) -> Refund:
    facts = {"reason": "补偿", "asked_by": "operator:fritz", "now": LATE, **changes}
    return request_refund(number=order.number, wish=wish, key=key, transfer=transfer, **facts)


def references() -> list[tuple[str, int]]:
    return list(Refund.objects.order_by("id").values_list("transfer_reference", "amount_fen"))


@pytest.mark.parametrize(
    "other",
    [Transfer("B2", ON, "fritz"), Transfer("B1", ON + timedelta(days=1), "fritz")],
    ids=["number", "day"],
)
def test_another_transfer_under_the_same_key_is_refused_and_the_same_one_is_the_same_refund(
    order: Order, other: Transfer
) -> None:
    made = ask(order, "form", Transfer("B1", ON, "fritz"))
    assert ask(order, "form", Transfer(" B1 ", ON, "fang"), now=LATE + timedelta(hours=1)) == made
    with pytest.raises(AlreadyTransferred) as refused:
        ask(order, "form", other)
    assert (refused.value.reference, references()) == ("B1", [("B1", 500)])


def test_a_transfer_under_the_key_of_a_refund_that_wechat_has_is_refused(order: Order) -> None:
    asked = ask(order, "form", None, now=make.NOW)
    with pytest.raises(WishChanged) as refused:
        ask(order, "form", Transfer("B1", ON, "fritz"))
    assert (refused.value.number, references()) == (asked.out_refund_no, [("", 500)])


@pytest.mark.parametrize("other", [Transfer("B2", ON, "fritz"), Transfer("B1", ON, "fritz")])
def test_money_that_no_order_could_take_has_the_transfer_that_was_told_of_it(
    order: Order, other: Transfer
) -> None:
    payment = order.payments.get()
    type(payment).objects.update(state="stray", stray_reason="late")
    facts: dict[str, Any] = {"out_trade_no": payment.out_trade_no, "reason": "退款", "now": LATE}
    made = refund_stray(transfer=Transfer("B1", ON, "fritz"), **facts)
    if other.reference == "B1":
        assert refund_stray(transfer=other, **facts) == made
        return
    with pytest.raises(AlreadyTransferred):
        refund_stray(transfer=other, **facts)
    assert references() == [("B1", payment.received_fen)]


def test_one_number_of_the_bank_is_booked_once_for_a_payment_whoever_tells_of_it(order: Order) -> None:
    ask(order, "one", Transfer("B1", ON, "fritz"))
    with pytest.raises(AlreadyTransferred) as refused:
        ask(order, "two", Transfer(" B1", ON, "fang"))
    assert refused.value.reference == "B1"
    assert references() == [("B1", 500)]
    assert ask(order, "two", Transfer("B2", ON, "fang")).amount_fen == 500


def test_pieces_and_goodwill_of_one_form_are_one_transfer_and_nothing_is_added_to_it_later(
    order: Order,
) -> None:
    transfer = Transfer("B1", ON, "fritz")
    pieces = Wish({order.lines.get().pk: 1})
    ask(order, "form", transfer, pieces)
    ask(order, f"form{BESIDE}", transfer)
    assert [reference for reference, _ in references()] == ["B1", "B1"]
    ask(order, "other", Transfer("B2", ON, "fritz"), pieces)
    with pytest.raises(AlreadyTransferred):
        ask(order, f"other{BESIDE}", Transfer("B2", ON, "fritz"), now=LATE + timedelta(minutes=1))
    assert [reference for reference, _ in references()] == ["B1", "B1", "B2"]

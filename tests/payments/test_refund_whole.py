"""When all goes back nothing of it stays behind: not what waited, not what was spared, not what was held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from backend import delivery
from compliance.models import AllowanceAccount
from inventory.models import Movement, Stock
from kernel.models import Case, Event
from orders.models import CouponClaim, Order, OrderLine
from orders.services.cancel_paid import cancel_paid
from orders.services.gate import move_gate
from payments.models import Complaint, Payment, PaymentDeclaration, Refund
from payments.services import refund_follow, refund_gate, send_refund
from payments.services.complaint_answers import approve_refund
from payments.services.refunds import Wish, refundable_fen, request_refund
from payments.tasks import refund_cancelled
from tests import make
from tests.payments.complaining import heard
from tests.payments.reports import paid, told
from tests.settlement.bill_days import balances
from tests.stepping import step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]
DAY = timedelta(days=1)


@pytest.fixture
@step
def order() -> Order:
    world = make.world()
    claim = make.coupon(world.alice)
    return make.order(world.alice, ("HD-1", 3), ("IR-1", 2), coupon_claim_id=claim.public_id)


@pytest.fixture
@step
def payment(order: Order) -> Payment:
    found = paid(order)
    delivery.drain()
    return found


def ask(order: Order, wish: Wish | None = None, key: str = "k") -> Refund:
    facts: dict[str, Any] = {"reason": "不想要了", "asked_by": "operator:wang", "now": make.NOW}
    return request_refund(number=order.number, wish=wish or Wish(), key=key, **facts)


def arrive(refund: Refund) -> None:
    told(refund)
    delivery.drain()


def test_goodwill_that_waits_before_the_list_goes_with_all_that_is_left(
    order: Order, payment: Payment
) -> None:
    waiting = ask(order, Wish(goodwill_fen=500), "sorry")
    whole = ask(order)
    waiting.refresh_from_db()
    assert (waiting.state, whole.state) == ("closed", "accepted")
    assert (whole.amount_fen, whole.discount_fen) == (order.total_fen, order.discount_fen)
    arrive(whole)
    assert (balances(), refundable_fen(payment)) == ({}, 0)


def test_goodwill_that_waits_before_the_list_goes_with_the_last_pieces(
    order: Order, payment: Payment
) -> None:
    waiting = ask(order, Wish(goodwill_fen=500), "sorry")
    pieces = {line.pk: line.quantity for line in order.lines.all()}
    last = ask(order, Wish(pieces), "last")
    waiting.refresh_from_db()
    assert (waiting.state, last.amount_fen) == ("closed", order.total_fen)
    assert last.discount_fen == order.discount_fen
    arrive(last)
    assert (balances(), refundable_fen(payment)) == ({}, 0)


def test_pieces_that_wait_for_customs_are_part_of_all_that_is_left(order: Order, payment: Payment) -> None:
    move_gate(number=order.number, verb="send", now=make.NOW)
    pieces = ask(order, Wish({order.lines.get(sku="HD-1").pk: 2}), "pieces")
    whole = ask(order)
    pieces.refresh_from_db()
    assert (pieces.state, whole.state, whole.amount_fen) == ("closed", "requested", order.total_fen)
    assert sorted(whole.lines.values_list("line__sku", "quantity")) == [("HD-1", 3), ("IR-1", 2)]


def test_the_whole_that_a_complaint_gives_back_leaves_no_goodwill_behind_when_the_order_is_cancelled(
    order: Order, payment: Payment
) -> None:
    waiting = ask(order, Wish(goodwill_fen=500), "sorry")
    approve_refund(complaint=heard(payment), amount_fen=None, by="ann", now=make.NOW)
    whole = Refund.objects.exclude(pk=waiting.pk).get()
    cancel_paid(number=order.number, by="operator:wang", now=make.NOW, within_hold=False)
    delivery.drain()
    arrive(whole)
    assert (whole.amount_fen, Refund.objects.exclude(state="closed").count()) == (order.total_fen, 1)
    assert balances() == {}


def test_what_a_complaint_was_promised_comes_with_the_whole(order: Order, payment: Payment) -> None:
    approve_refund(complaint=heard(payment), amount_fen=500, by="ann", now=make.NOW)
    promised = Complaint.objects.get().refund
    assert promised is not None
    assert promised.state == "requested"
    whole = ask(order)
    assert Event.objects.get(name="refund.requested", key=whole.event_key).facts["instead_of"] == [
        promised.out_refund_no
    ]
    delivery.drain()
    assert Complaint.objects.get().refund == whole


def test_goodwill_that_was_taken_off_and_then_never_left_is_given_with_the_rest(
    order: Order, payment: Payment
) -> None:
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    goodwill = ask(order, Wish(goodwill_fen=500), "sorry")
    whole = ask(order, key="whole")
    assert whole.amount_fen == order.total_fen - 500
    arrive(whole)
    told(goodwill, status="CLOSED", success_time=None)
    assert (balances(), refundable_fen(payment)) == ({"goodwill": -500, "wechat": 500}, 500)
    rest = ask(order, key="rest")
    assert (rest.amount_fen, rest.other_fen, rest.lines.count()) == (500, 500, 0)
    arrive(rest)
    assert (balances(), refundable_fen(payment)) == ({}, 0)


def test_a_refund_that_waits_for_a_week_is_put_before_an_operator_until_it_leaves(
    order: Order, payment: Payment
) -> None:
    goodwill = ask(order, Wish(goodwill_fen=500), "sorry")
    send_refund.sweep(now=make.NOW + 7 * DAY - timedelta(minutes=1))
    assert not Case.objects.filter(key=goodwill.event_key).exists()
    send_refund.sweep(now=make.NOW + 8 * DAY)
    case = Case.objects.get(key=goodwill.event_key)
    assert (case.kind, case.state, case.facts["order"]) == ("refund.waiting", "open", order.number)
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    assert refund_gate.let_go(number=order.number, now=make.NOW) == 1
    case.refresh_from_db()
    assert (case.state, case.note) == ("settled", f"{goodwill.out_refund_no} is accepted")


def test_the_case_of_one_that_waits_ends_when_it_is_withdrawn(order: Order, payment: Payment) -> None:
    goodwill = ask(order, Wish(goodwill_fen=500), "sorry")
    send_refund.sweep(now=make.NOW + 7 * DAY)
    refund_gate.withdraw(refund=goodwill, by="wang", note="n", now=make.NOW)
    assert Case.objects.get(key=goodwill.event_key).state == "settled"


def test_an_order_that_all_went_back_of_before_the_list_ends_and_holds_nothing(
    order: Order, payment: Payment
) -> None:
    assert Stock.objects.get(variant__sku="HD-1").reserved == 3
    assert AllowanceAccount.objects.get(measure="value").reserved == order.goods_fen
    whole = ask(order)
    delivery.drain()
    order.refresh_from_db()
    assert order.state == "paid"  # the money may still come back to us
    arrive(whole)
    order.refresh_from_db()
    assert (order.state, order.closing_reason) == ("cancelled", "cancelled")
    assert [one.reserved for one in Stock.objects.all()] == [0, 0]
    assert {one.reserved for one in AllowanceAccount.objects.all()} == {0}
    assert CouponClaim.objects.get().order_number == ""
    assert set(PaymentDeclaration.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert Event.objects.get(name="order.cancelled").facts["by"] == "system"
    assert Refund.objects.count() == 1


def test_an_order_that_went_back_piece_by_piece_ends_with_the_last_one(
    order: Order, payment: Payment
) -> None:
    first = ask(order, Wish({order.lines.get(sku="HD-1").pk: 3}), "a")
    last = ask(order, Wish({order.lines.get(sku="IR-1").pk: 2}), "b")
    for refund, state in ((first, "paid"), (last, "cancelled")):
        arrive(refund)
        order.refresh_from_db()
        assert order.state == state
    arrive(last)
    assert Event.objects.filter(name="order.cancelled").count() == 1


@pytest.mark.parametrize("verbs", [["send"], ["send", "release"]])
def test_an_order_whose_list_customs_has_had_does_not_end_by_a_refund(
    order: Order, payment: Payment, verbs: list[str]
) -> None:
    whole = ask(order)  # left before the list; its end is told after it
    for verb in verbs:
        move_gate(number=order.number, verb=verb, now=make.NOW)
    arrive(whole)
    order.refresh_from_db()
    assert (order.state, Stock.objects.get(variant__sku="HD-1").reserved) == ("paid", 3)


def test_the_end_of_an_order_asks_for_nothing_after_fifty_refunds(order: Order, payment: Payment) -> None:
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    for number in range(49):
        ask(order, Wish(goodwill_fen=1), f"g{number}")
    ask(order)
    Order.objects.filter(pk=order.pk).update(state="cancelled")
    refund_cancelled(Event(key=order.event_key, facts={"by": "system"}))
    assert Refund.objects.count() == 50


def freight(order: Order) -> int:
    """8.00 of freight, as the order was paid with it."""
    line = order.lines.get(sku="HD-1")
    OrderLine.objects.filter(pk=line.pk).update(freight_fen=800)
    Order.objects.filter(pk=order.pk).update(freight_fen=800, total_fen=F("total_fen") + 800)
    Payment.objects.update(amount_fen=F("amount_fen") + 800, received_fen=F("received_fen") + 800)
    return 800


def test_an_order_of_which_every_piece_went_back_without_freight_ends_and_its_freight_follows(
    order: Order, payment: Payment
) -> None:
    kept = freight(order)
    first = ask(order, Wish({order.lines.get(sku="HD-1").pk: 3}, freight=False), "a")
    last = ask(order, Wish({order.lines.get(sku="IR-1").pk: 2}, freight=False), "b")
    arrive(first)
    arrive(last)
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert [one.reserved for one in Stock.objects.all()] == [0, 0]
    assert {one.reserved for one in AllowanceAccount.objects.all()} == {0}
    assert set(PaymentDeclaration.objects.values_list("state", flat=True)) == {"withdrawn"}
    rest = Refund.objects.latest("id")
    assert (rest.key, rest.kind, rest.amount_fen, rest.freight_fen) == (
        "cancelled",
        "cancellation",
        kept,
        kept,
    )
    arrive(rest)
    assert refundable_fen(Payment.objects.get()) == 0
    arrive(last)
    assert Event.objects.filter(name="order.cancelled").count() == 1


def test_no_list_goes_of_an_order_whose_every_piece_went_back(order: Order, payment: Payment) -> None:
    freight(order)
    pieces = {line.pk: line.quantity for line in order.lines.all()}
    told(ask(order, Wish(pieces, freight=False)))
    with pytest.raises(refund_gate.NothingLeft):  # before anyone has heard of it
        refund_gate.send_to_customs(number=order.number, now=make.NOW)


def test_the_stock_of_pieces_that_went_back_before_the_list_can_be_sold_again(
    order: Order, payment: Payment
) -> None:
    def reserved() -> dict[str, int]:
        return dict(Stock.objects.values_list("variant__sku", "reserved"))

    dryer, iron = order.lines.get(sku="HD-1").pk, order.lines.get(sku="IR-1").pk
    part = ask(order, Wish({dryer: 1, iron: 2}), "a")
    delivery.drain()
    assert reserved() == {"HD-1": 3, "IR-1": 2}  # the money may still come back to us
    arrive(part)
    assert reserved() == {"HD-1": 2, "IR-1": 0}
    arrive(part)
    assert refund_follow.follow(number=order.number, now=make.NOW) is False
    assert reserved() == {"HD-1": 2, "IR-1": 0}
    freed = Movement.objects.filter(kind="release").values_list("stock__variant__sku", "reserved")
    assert sorted(freed) == [("HD-1", -1), ("IR-1", -2)]
    assert [event.facts for event in Event.objects.filter(name="order.lessened")] == [{"pieces": 3}]
    arrive(ask(order, key="rest"))
    order.refresh_from_db()
    assert (order.state, reserved()) == ("cancelled", {"HD-1": 0, "IR-1": 0})


def test_goodwill_before_the_list_frees_no_stock(order: Order, payment: Payment) -> None:
    goodwill = ask(order, Wish(goodwill_fen=500))
    Refund.objects.filter(pk=goodwill.pk).update(state="accepted", accepted_at=make.NOW)
    arrive(goodwill)
    assert Stock.objects.get(variant__sku="HD-1").reserved == 3


@pytest.mark.parametrize(
    ("verbs", "left"), [(["send"], 3), (["send", "release"], 3), (["send", "reject"], 1)]
)
def test_what_customs_has_the_list_of_stays_held_until_the_list_comes_back(
    order: Order, payment: Payment, verbs: list[str], left: int
) -> None:
    part = ask(order, Wish({order.lines.get(sku="HD-1").pk: 2}), "a")
    move_gate(number=order.number, verb=verbs[0], now=make.NOW)
    arrive(part)
    for verb in verbs[1:]:
        move_gate(number=order.number, verb=verb, now=make.NOW)
    delivery.drain()
    assert Stock.objects.get(variant__sku="HD-1").reserved == left


def test_an_order_whose_money_went_back_while_customs_had_its_list_ends_when_the_list_comes_back(
    order: Order, payment: Payment
) -> None:
    whole = ask(order)
    move_gate(number=order.number, verb="send", now=make.NOW)
    arrive(whole)
    move_gate(number=order.number, verb="reject", now=make.NOW)
    delivery.drain()
    order.refresh_from_db()
    assert (order.state, Stock.objects.get(variant__sku="HD-1").reserved) == ("cancelled", 0)

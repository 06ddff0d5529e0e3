"""A refund is asked for once per wish, never above what is left, and waits where customs decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Event
from kernel.states import WrongState
from orders.services.gate import move_gate
from payments.models import Refund
from payments.services.refund_gate import MoneyLeaving, let_go, send_to_customs, withdraw
from payments.services.refund_refusals import (
    BadReason,
    NotPaid,
    TooManyPieces,
    TooManyRefunds,
    TooMuch,
    TooOld,
    WishChanged,
)
from payments.services.refund_writing import facts_of
from payments.services.refunds import Wish, refundable_fen, request_refund
from tests import make
from tests.payments.reports import declared, paid, told
from tests.stepping import step

# A refusal ends its transaction, and each test goes on after one.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def order():
    return make.order(make.world().alice, ("HD-1", 3), ("IR-1", 2))


@pytest.fixture
@step
def payment(order):
    return paid(order)


def ask(order, wish=None, key="k", **changes):
    facts = {"reason": "不想要了", "asked_by": "operator:wang", "now": make.NOW} | changes
    return request_refund(number=order.number, wish=wish or Wish(), key=key, **facts)


def test_the_whole_payment_goes_back_with_all_its_parts(order, payment):
    refund = ask(order)
    assert (refund.state, refund.kind, refund.amount_fen) == ("accepted", "lines", order.total_fen)
    assert (refund.goods_fen, refund.freight_fen, refund.tax_fen) == (
        order.goods_fen,
        order.freight_fen,
        order.tax_fen,
    )
    assert sorted(refund.lines.values_list("line__sku", "quantity")) == [("HD-1", 3), ("IR-1", 2)]
    names = list(Event.objects.filter(key=refund.event_key).order_by("seq").values_list("name", flat=True))
    assert names == ["refund.requested", "refund.accepted"]
    assert refundable_fen(payment) == 0


def test_pieces_go_back_one_by_one_until_nothing_is_left(order, payment):
    lines = {line.sku: line for line in order.lines.all()}
    first = ask(order, Wish({lines["HD-1"].pk: 1}), "a")
    second = ask(order, Wish({lines["HD-1"].pk: 1, lines["IR-1"].pk: 2}), "b")
    last = ask(order, key="c")
    assert first.amount_fen + second.amount_fen + last.amount_fen == order.total_fen
    assert first.goods_fen == 10_000
    assert list(last.lines.values_list("line__sku", "quantity")) == [("HD-1", 1)]
    with pytest.raises(TooMuch) as caught:
        ask(order, key="d")
    assert caught.value.left_fen == 0


def test_refunds_of_one_payment_leave_a_minute_apart(order, payment):
    line = order.lines.get(sku="HD-1")
    first, second = (ask(order, Wish({line.pk: 1}), key) for key in "ab")
    assert first.next_try_at == make.NOW
    assert second.next_try_at == make.NOW + timedelta(seconds=60)


def test_what_one_release_lets_go_leaves_a_minute_apart_each(order, payment):
    move_gate(number=order.number, verb="send", now=make.NOW)
    waiting = [ask(order, Wish(goodwill_fen=100), f"g{number}") for number in range(4)]
    move_gate(number=order.number, verb="release", now=make.NOW)
    assert let_go(number=order.number, now=make.NOW) == 4
    one_more = ask(order, Wish(goodwill_fen=100), "g4")
    rows = Refund.objects.filter(pk__in=[*(one.pk for one in waiting), one_more.pk]).order_by("id")
    assert [int((one.next_try_at - make.NOW).total_seconds()) for one in rows] == [0, 60, 120, 180, 240]


def test_a_refund_is_a_minute_after_what_was_sent_and_waits_for_no_later_question(order, payment):
    line = order.lines.get(sku="HD-1")
    first = ask(order, Wish({line.pk: 1}), "a")
    later = make.NOW + timedelta(hours=3)  # asked about again in an hour; it was sent half a minute ago
    Refund.objects.filter(pk=first.pk).update(
        sent_at=later - timedelta(seconds=30), next_try_at=later + timedelta(hours=1)
    )
    second = ask(order, Wish({line.pk: 1}), "b", now=later)
    assert second.next_try_at == later + timedelta(seconds=30)


def test_the_same_wish_twice_is_one_refund_and_another_wish_needs_another_key(order, payment):
    line = order.lines.get(sku="HD-1")
    wish = Wish({line.pk: 1})
    assert ask(order, wish).pk == ask(order, wish).pk
    assert Refund.objects.count() == 1
    for other in (Wish({line.pk: 2}), Wish(goodwill_fen=100)):
        with pytest.raises(WishChanged):
            ask(order, other)


def test_more_pieces_than_were_bought_do_not_go_back(order, payment):
    line = order.lines.get(sku="HD-1")
    ask(order, Wish({line.pk: 2}), "a")
    with pytest.raises(TooManyPieces) as caught:
        ask(order, Wish({line.pk: 2}), "b")
    assert (caught.value.sku, caught.value.left) == ("HD-1", 1)


def test_a_line_of_another_order_does_not_go_back(order, payment):
    with pytest.raises(TooManyPieces):
        ask(order, Wish({order.lines.latest("pk").pk + 1000: 1}))


def test_goodwill_waits_for_release_and_is_part_of_the_cap(order, payment):
    goodwill = ask(order, Wish(goodwill_fen=500), "sorry")
    assert (goodwill.state, goodwill.other_fen, goodwill.goods_fen) == ("requested", 500, 0)
    assert refundable_fen(payment) == order.total_fen - 500
    with pytest.raises(TooMuch) as caught:
        ask(order, Wish(goodwill_fen=order.total_fen - 499), "more")
    assert caught.value.left_fen == order.total_fen - 500
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    assert let_go(number=order.number, now=make.NOW) == 1
    assert let_go(number=order.number, now=make.NOW) == 0
    goodwill.refresh_from_db()
    assert goodwill.state == "accepted"


def test_what_goodwill_gave_before_is_taken_off_the_whole(order, payment):
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    ask(order, Wish(goodwill_fen=500), "sorry")
    rest = ask(order, key="all")
    assert rest.amount_fen == order.total_fen - 500
    assert (rest.discount_fen, rest.spared_fen) == (order.discount_fen, 500)
    assert facts_of(rest)["spared_fen"] == 500
    assert refundable_fen(payment) == 0


def test_with_customs_nothing_leaves_and_what_waits_leaves_by_the_decision(order, payment):
    move_gate(number=order.number, verb="send", now=make.NOW)
    refund = ask(order)
    assert refund.state == "requested"
    assert let_go(number=order.number, now=make.NOW) == 0
    move_gate(number=order.number, verb="reject", now=make.NOW)
    assert let_go(number=order.number, now=make.NOW) == 1
    refund.refresh_from_db()
    assert (refund.state, refund.accepted_at) == ("accepted", make.NOW)


def test_no_list_is_sent_while_money_is_leaving(order, payment):
    refund = ask(order, Wish({order.lines.get(sku="HD-1").pk: 1}))
    with pytest.raises(MoneyLeaving) as caught:
        send_to_customs(number=order.number, now=make.NOW)
    assert caught.value.numbers == [refund.out_refund_no]
    told(refund)
    declared(payment)
    assert send_to_customs(number=order.number, now=make.NOW).gate == "with_customs"


def test_a_wish_that_waits_can_be_taken_back_and_one_that_left_cannot(order, payment):
    move_gate(number=order.number, verb="send", now=make.NOW)
    refund = ask(order)
    withdraw(refund=refund, by="wang", note="n", now=make.NOW)
    refund.refresh_from_db()
    assert refund.state == "closed"
    assert refundable_fen(payment) == order.total_fen
    move_gate(number=order.number, verb="reject", now=make.NOW)
    again = ask(order, key="again")
    assert again.lines.count() == 2
    with pytest.raises(WrongState):
        withdraw(refund=again, by="wang", note="n", now=make.NOW)


def test_an_unpaid_order_gives_nothing_back(order):
    make.payment(order)
    with pytest.raises(NotPaid):
        ask(order)


def test_wechats_own_limits_are_told_before_anything_is_written(order, payment):
    with pytest.raises(TooOld):
        ask(order, now=make.NOW + timedelta(days=366))
    with pytest.raises(BadReason):
        ask(order, reason="🙂")
    for verb in ("send", "release"):
        move_gate(number=order.number, verb=verb, now=make.NOW)
    for number in range(50):
        ask(order, Wish(goodwill_fen=1), f"g{number}")
    with pytest.raises(TooManyRefunds):
        ask(order, Wish(goodwill_fen=1), "g50")
    assert Refund.objects.count() == 50

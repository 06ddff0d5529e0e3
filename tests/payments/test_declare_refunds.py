"""A refund before the list is followed by an amendment to what is left; nothing is lost, killed anywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from kernel.models import Case, Event
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from orders.services.gate import move_gate
from payments.models import Payment, PaymentDeclaration, Refund
from payments.services import declare, declare_outcome
from payments.services.declare import is_declared
from payments.services.declare_change import follow_refund
from payments.services.refunds import Wish, request_refund
from payments.services.send_refund import sweep as sweep_refunds
from tests import make
from tests.payments.declaring import after_hold, calls, family, go_on, paid, register, row
from wechat.pay.customs_v2 import CustomsV2

pytestmark = pytest.mark.django_db(transaction=True)


STEPS = ("before the call", "after the call", "before the commit", "after the commit")


class Killed(BaseException):
    """The worker dies here: no handler of ours runs."""


@pytest.fixture(params=["v2", "v3"])
def shop(request, world):
    family(world, request.param)
    register(world)
    return world


def give_back(payment: Payment) -> Refund:
    """One piece goes back, as far as WeChat's success; what hears of it has heard."""
    line = payment.order.lines.get()
    refund = request_refund(
        number=payment.order.number,
        wish=Wish(pieces={line.pk: 1}),
        key="k",
        reason="少发一件",
        asked_by="system",
        now=make.present(),
    )
    for hours in range(1, 40, 2):
        sweep_refunds(now=make.present() + timedelta(hours=hours))
        refund.refresh_from_db()
        if refund.state == "succeeded":
            delivery.drain(now=make.present() + timedelta(hours=hours))
            return refund
    raise AssertionError("it never succeeded")


def sums_agree(payment: Payment) -> bool:
    found, order = row(payment), Order.objects.get(pk=payment.order_id)
    back = sum(one.amount_fen for one in Refund.objects.filter(payment=payment, state="succeeded"))
    freight = sum(one.freight_fen for one in Refund.objects.filter(payment=payment, state="succeeded"))
    tax = sum(one.tax_fen for one in Refund.objects.filter(payment=payment, state="succeeded"))
    return (found.order_fen, found.transport_fen, found.product_fen, found.duty_fen) == (
        payment.amount_fen - back,
        order.freight_fen - freight,
        payment.amount_fen - back - (order.freight_fen - freight),
        order.tax_fen - tax,
    )


def test_an_amendment_whose_answer_was_lost_is_not_told_to_customs_once_more(wechat, shop):
    payment = paid(wechat, shop)
    at = go_on(2)
    wechat.control("advance", seconds=60)  # by whose clock it says when a declaration was changed
    give_back(payment)
    wechat.control("switches", call="customs_amend", mode="500_after")
    at = go_on(1, at)
    assert row(payment).state == "amending"
    go_on(1, at)
    assert (row(payment).state, row(payment).round) == ("succeeded", 1)
    assert calls(wechat).count("customs_amend") == 1
    assert calls(wechat)[-2:] in (["customs_amend", "customs_query"], ["customs_query", "customs_verify"])


def test_an_amendment_that_never_arrived_is_made(wechat, shop):
    payment = paid(wechat, shop)
    at = go_on(2)
    wechat.control("advance", seconds=60)
    give_back(payment)
    wechat.control("switches", call="customs_amend", mode="500_before")
    at = go_on(2, at)
    assert (row(payment).state, sums_agree(payment)) == ("submitted", True)
    assert calls(wechat)[-3:] == ["customs_amend", "customs_query", "customs_amend"]
    assert row(payment).round == 1


def test_what_was_declared_is_amended_to_what_is_left(wechat, shop):
    payment = paid(wechat, shop)
    at = go_on(2)
    assert row(payment).state == "succeeded"
    refund = give_back(payment)
    found = row(payment)
    assert (found.state, found.round, found.match) == ("amending", 1, "")
    assert found.order_fen == payment.amount_fen - refund.amount_fen
    assert sums_agree(payment) is True
    assert is_declared(order=payment.order) is False  # no list goes with the old sum
    go_on(2, at)
    assert (row(payment).state, row(payment).order_fen) == ("succeeded", found.order_fen)
    assert is_declared(order=payment.order) is True
    assert calls(wechat).count("customs_amend") == 1
    assert Case.objects.count() == 0


def test_what_goes_back_within_the_hold_is_never_declared(wechat, shop):
    payment = paid(wechat, shop)
    refund = give_back(payment)
    assert (row(payment).state, row(payment).order_fen) == (
        "to_declare",
        payment.amount_fen - refund.amount_fen,
    )
    go_on(2)
    assert (row(payment).state, sums_agree(payment)) == ("succeeded", True)
    assert calls(wechat).count("customs_amend") == 0


def test_a_declaration_waits_while_a_refund_is_leaving(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="refund_outcome", mode="stuck")
    line = payment.order.lines.get()
    request_refund(
        number=payment.order.number,
        wish=Wish(pieces={line.pk: 1}),
        key="k",
        reason="少发一件",
        asked_by="system",
        now=make.present(),
    )
    go_on(2)
    assert (row(payment).state, calls(wechat)) == ("to_declare", [])


def test_a_refund_heard_before_the_first_declaration_was_known_is_amended(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_declare", mode="500_after")
    at = go_on(1)
    assert row(payment).state == "to_declare"  # WeChat has it, with the old sum
    give_back(payment)
    go_on(2, at)
    assert (row(payment).state, sums_agree(payment)) == ("succeeded", True)
    assert calls(wechat).count("customs_amend") == 1


@pytest.mark.parametrize("mode", ["500_before", "500_after", "wrong_signature"])
def test_an_unknown_amendment_is_made_again(wechat, shop, mode):
    payment = paid(wechat, shop)
    at = go_on(2)
    give_back(payment)
    wechat.control("switches", call="customs_amend", mode=mode)
    at = go_on(1, at)
    assert row(payment).state == "amending"
    go_on(2, at)
    assert (row(payment).state, sums_agree(payment)) == ("succeeded", True)


def test_an_answer_about_the_round_before_is_not_believed(wechat, shop):
    payment = paid(wechat, shop)
    at = go_on(1)
    before = row(payment)
    attempt = declare._attempt(before, make.present())
    late = attempt.client.query(attempt.piece)  # SUCCESS, with the old sum
    give_back(payment)
    after = declare_outcome.take_in(declaration=attempt.declaration, told=late, now=at)
    assert (late.state, after.state, after.round) == ("SUCCESS", "amending", 1)


def test_told_twice_of_a_refund_it_is_amended_once(wechat, shop):
    payment = paid(wechat, shop)
    at = go_on(2)
    refund = give_back(payment)
    follow_refund(out_refund_no=refund.out_refund_no, now=at)
    assert row(payment).round == 1


def test_after_the_list_a_refund_stands_beside_what_was_declared(wechat, shop):
    payment = paid(wechat, shop)
    at = go_on(2)
    for verb in ("send", "release"):
        move_gate(number=payment.order.number, verb=verb, now=at)
    give_back(payment)
    found = row(payment)
    assert (found.state, found.round, found.order_fen) == ("succeeded", 0, payment.amount_fen)


def test_an_order_cancelled_within_the_hold_is_refunded_and_never_declared(wechat, shop):
    payment = paid(wechat, shop)
    cancel_paid(number=payment.order.number, by="consumer", now=make.present())
    delivery.drain()
    go_on(1)
    assert (row(payment).state, calls(wechat)) == ("withdrawn", [])
    assert Refund.objects.get().amount_fen == payment.amount_fen


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("call", ["declare", "amend", "query", "redeclare"])
def test_whoever_dies_at_a_step_loses_and_doubles_nothing(wechat, world, monkeypatch, step, call):
    family(world, "v2")
    register(world)
    payment = paid(wechat, world)
    at = after_hold()
    if call == "redeclare":
        wechat.control("switches", call="customs_outcome", mode="except")
    if call in ("query", "redeclare", "amend"):
        at = go_on(1, at)
    if call in ("redeclare", "amend"):
        at = go_on(1, at)
    if call == "amend":
        give_back(payment)
    with monkeypatch.context() as dying:
        kill(dying, step, call)
        with pytest.raises(Killed):
            declare.sweep(now=at)
    assert declare.sweep(now=at) == 0  # the lease of a minute
    for _ in range(4):
        at = go_on(1, at + timedelta(minutes=10))
    found = row(payment)
    assert (found.state, sums_agree(payment)) == ("succeeded", True)
    declared = Event.objects.filter(key=found.event_key, name="declaration.succeeded").count()
    assert declared == (2 if call == "amend" else 1)
    assert PaymentDeclaration.objects.count() == 1
    assert Case.objects.count() == 0


def kill(dying: pytest.MonkeyPatch, step: str, call: str) -> None:
    """Let the worker die around WeChat's call, or around the commit of what it answered."""
    if "call" in step:
        real = getattr(CustomsV2, call)

        def dies(self, *arguments):
            if step == "after the call":
                real(self, *arguments)
            raise Killed

        dying.setattr(CustomsV2, call, dies)
        return
    real_take_in = declare_outcome.take_in

    def dies_at_commit(**told):
        if step == "after the commit":
            real_take_in(**told)
        raise Killed

    dying.setattr(declare, "take_in", dies_at_commit)

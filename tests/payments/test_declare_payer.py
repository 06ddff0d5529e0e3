"""The payer: named on the prepay where that is allowed, else asked about once declared; two are refunded."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from backend import delivery
from compliance.models import Access, Disclosure
from compliance.services import refund_overdue_payers
from customers import queries as customers
from inventory.models import Stock
from kernel.models import Case
from kernel.states import WrongState
from orders.models import Order
from orders.services.gate import move_gate
from payments.models import Payment, Refund
from payments.services.declare_change import retry_declaration
from payments.services.start import start_payment
from storefronts.models import MerchantAccount
from storefronts.queries import forget_kept
from tests import make
from tests.payments.declaring import after_hold, calls, check, family, go_on, paid, register, row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["v2", "v3"])
def shop(request, world):
    family(world, request.param)
    register(world)
    return world


def payer_is(wechat, world, who):
    """Whom WeChat holds behind Alice's openid."""
    openid = customers.openid(world.alice)
    wechat.control("payer", openid=openid, number=make.NUMBERS[who], name=make.NAMES[who])


def test_the_same_person_is_the_same(wechat, shop):
    payer_is(wechat, shop, make.ALICE)
    payment = paid(wechat, shop)
    go_on(2)
    assert (check(payment).state, row(payment).match) == ("same", "SAME")


def test_another_person_is_different_with_a_deadline(wechat, shop):
    payer_is(wechat, shop, make.BOB)
    payment = paid(wechat, shop)
    go_on(2)
    assert (check(payment).state, row(payment).match) == ("different", "DIFFERENT")
    assert check(payment).deadline_at > make.present()


def test_whoever_is_not_named_by_the_deadline_is_refunded_and_nothing_stays_declared(wechat, shop):
    payer_is(wechat, shop, make.BOB)
    payment = paid(wechat, shop)
    go_on(2)
    late = make.present() + timedelta(days=30)
    assert refund_overdue_payers(now=late) == 1
    delivery.drain(now=late)
    order = Order.objects.get()
    assert (order.state, check(payment).state, row(payment).state) == ("cancelled", "refunding", "withdrawn")
    assert Refund.objects.get().amount_fen == payment.amount_fen
    assert Stock.objects.get(variant=shop.dryer).reserved == 0
    case = Case.objects.get(kind="payer.refunding")
    assert (case.state, case.settled_by) == ("settled", "system")


def test_what_customs_has_already_is_left_to_a_person(wechat, shop):
    payer_is(wechat, shop, make.BOB)
    payment = paid(wechat, shop)
    go_on(2)
    move_gate(number=payment.order.number, verb="send", now=make.present())
    late = make.present() + timedelta(days=30)
    refund_overdue_payers(now=late)
    delivery.drain(now=late)
    assert Order.objects.get().state == "paid"
    assert Case.objects.get(kind="payer.refunding").state == "open"


@pytest.mark.parametrize("mode", ["500_before", "500_after", "wrong_signature"])
def test_an_unknown_answer_leaves_the_check_asked_and_is_asked_again(wechat, world, mode):
    family(world, "v3")
    register(world)
    payer_is(wechat, world, make.BOB)
    payment = paid(wechat, world)
    wechat.control("switches", call="customs_verify", mode=mode)
    at = go_on(2)
    assert (check(payment).state, row(payment).match) == ("asked", "")
    delivery.drain(now=at + timedelta(hours=1))
    assert (check(payment).state, row(payment).match) == ("different", "DIFFERENT")


def test_the_question_is_written_down_before_it_is_asked(wechat, world):
    family(world, "v3")
    register(world)
    paid(wechat, world)
    go_on(2)
    asked = Disclosure.objects.get(recipient_kind="payment", fields__contains=["buyer_number"])
    assert set(asked.fields) == {"payment_number", "buyer_name", "buyer_number"}
    opened = Access.objects.filter(who="payments").values_list("what", "purpose")
    assert {what for what, _ in opened} == {"orders.order.buyer_name", "orders.order.buyer_number"}
    assert {purpose for _, purpose in opened} == {"declare the payment, compare the payer"}


# Before the payment.


@pytest.fixture
def naming(wechat, world):
    """A storefront that names its payers, and is allowed to."""
    family(world, "v2", payer_identity=True)
    mchid = MerchantAccount.objects.get(active=True).mchid
    wechat.control("permission", mchid=mchid, payer_identity=True)
    return world


def start(world):
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    start_payment(order=order, openid=customers.openid(world.alice), now=make.present())
    return order, Payment.objects.get(order=order)


def pay(wechat, payment):
    facts = {"out_trade_no": payment.out_trade_no}
    return requests.post(f"{wechat.url}/sandbox/pay", json=facts, timeout=15).status_code


def test_only_the_orderer_can_pay_where_the_merchant_may_say_so(wechat, naming):
    payer_is(wechat, naming, make.BOB)
    order, payment = start(naming)
    assert (payment.state, payment.names_payer) == ("prepared", True)
    assert pay(wechat, payment) == 409
    payer_is(wechat, naming, make.ALICE)
    assert pay(wechat, payment) == 200
    told = Disclosure.objects.get(order_number=order.number, purpose="pay")
    assert set(told.fields) == {"openid", "order_number", "amount", "buyer_name", "buyer_number"}
    assert set(Access.objects.filter(who="payments").values_list("purpose", flat=True)) == {
        "let the orderer alone pay"
    }


def test_starting_again_is_the_same_payment_for_the_same_person(wechat, naming):
    order, payment = start(naming)
    Payment.objects.update(prepared_at=make.present() - timedelta(hours=2))
    start_payment(order=order, openid=customers.openid(naming.alice), now=make.present())
    assert Payment.objects.get().out_trade_no == payment.out_trade_no


def test_without_permission_anyone_can_pay_and_it_is_not_asked_for_again(wechat, naming):
    wechat.control("permission", mchid=MerchantAccount.objects.get(active=True).mchid)
    _, payment = start(naming)
    assert (payment.state, payment.names_payer) == ("prepared", False)
    assert MerchantAccount.objects.get(active=True).payer_identity == "refused"
    start(naming)
    calls = requests.get(f"{wechat.url}/sandbox/log", timeout=15).json()["calls"]
    codes = [one["code"] for one in calls if one["call"] == "prepay"]
    assert codes == ["NO_AUTH", None, None]


def test_a_storefront_that_does_not_name_payers_opens_nothing(wechat, world):
    _, payment = start(world)
    assert (payment.names_payer, Access.objects.filter(who="payments").count()) == (False, 0)


def test_an_unknown_prepay_is_asked_again_with_the_same_person(wechat, naming):
    wechat.control("switches", call="prepay", mode="500_after")
    order = make.order(naming.alice, ("HD-1", 1), now=make.present())
    openid = customers.openid(naming.alice)
    with pytest.raises(Exception, match="unknown"):
        start_payment(order=order, openid=openid, now=make.present())
    start_payment(order=order, openid=openid, now=make.present())
    assert (Payment.objects.get().state, Payment.objects.get().names_payer) == ("prepared", True)


def test_no_name_or_number_is_in_a_log_or_an_event(wechat, shop, capfd):
    from kernel.models import Event

    payer_is(wechat, shop, make.BOB)
    paid(wechat, shop)
    forget_kept()
    go_on(2, after_hold())
    out = "".join(capfd.readouterr()) + str(list(Event.objects.values_list("facts", flat=True)))
    assert [text for text in (make.NUMBERS[make.ALICE], make.NAMES[make.ALICE]) if text in out] == []


# The domestic family may not know it yet.


@pytest.fixture
def silent(wechat, world):
    """A declared payment of which WeChat does not say whether its payer is the orderer."""
    family(world, "v2")
    register(world)
    wechat.control("switches", call="customs_match", mode="unchecked", times=1)
    payment = paid(wechat, world)
    at = go_on(2)
    assert (row(payment).state, row(payment).match, check(payment).state) == ("succeeded", "", "open")
    return payment, at


def says(wechat, payment, certificate):
    """WeChat knows now."""
    told = {"mchid": payment.mchid, "customs": "NINGBO", "out_trade_no": payment.out_trade_no}
    wechat.control("customs", **told, state="SUCCESS", certificate=certificate)


@pytest.mark.parametrize(("certificate", "state"), [("SAME", "same"), ("DIFFERENT", "different")])
def test_what_was_not_said_at_first_is_asked_for_until_it_is_said(wechat, silent, certificate, state):
    payment, at = silent
    go_on(1, at)
    assert check(payment).state == "open"
    says(wechat, payment, certificate)
    go_on(1, at + timedelta(minutes=11))
    assert (row(payment).match, check(payment).state) == (certificate, state)
    assert not Case.objects.filter(kind="declaration.unmatched").exists()


def test_after_five_silences_a_person_is_told_and_nobody_asks_any_more(wechat, silent):
    payment, at = silent
    at = go_on(4, at)
    assert not Case.objects.filter(kind="declaration.unmatched").exists()
    at = go_on(1, at)
    assert Case.objects.get(kind="declaration.unmatched").facts["order"] == payment.order.number
    before = len(calls(wechat))
    go_on(3, at)
    assert len(calls(wechat)) == before
    assert Case.objects.get(kind="declaration.unmatched").seen == 1


def test_a_line_that_is_dead_counts_as_silence(wechat, silent):
    payment, at = silent
    wechat.control("switches", call="customs_query", mode="500_before", times=5)
    go_on(5, at)
    assert Case.objects.filter(kind="declaration.unmatched").count() == 1
    assert row(payment).state == "succeeded"


def test_a_person_has_the_declaration_made_anew_and_the_payer_is_compared_again(wechat, silent):
    payment, at = silent
    at = go_on(5, at)
    retry_declaration(declaration=row(payment), by="olga", note="once more", now=at)
    assert row(payment).state == "amending"
    assert Case.objects.get(kind="declaration.unmatched").state == "settled"
    go_on(2, at)
    assert (row(payment).state, row(payment).match, check(payment).state) == ("succeeded", "SAME", "same")
    assert calls(wechat).count("customs_amend") == 1


def test_from_the_list_on_and_once_it_is_said_nobody_declares_it_anew(wechat, silent):
    payment, at = silent
    move_gate(number=payment.order.number, verb="send", now=at)
    with pytest.raises(WrongState):
        retry_declaration(declaration=row(payment), by="olga", note="too late", now=at)
    move_gate(number=payment.order.number, verb="reject", now=at)
    says(wechat, payment, "SAME")
    at = go_on(1, at)
    with pytest.raises(WrongState):
        retry_declaration(declaration=row(payment), by="olga", note="it is said", now=at)

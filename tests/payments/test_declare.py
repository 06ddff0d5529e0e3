"""A payment is declared to customs after the hold, in both families, whatever goes wrong on the way."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from backend import delivery
from compliance.models import Access, Disclosure
from kernel.models import Case, Event
from orders.models import Order
from orders.services.gate import move_gate
from payments.models import CustomsNumber, PaymentDeclaration
from payments.services import declare, send_refund
from payments.services.declare import is_declared, open_declarations, sweep
from payments.services.declare_change import retry_declaration, withdraw_declarations
from payments.services.refund_gate import DeclarationBehind, send_to_customs
from payments.services.refunds import Wish, request_refund
from payments.states import DECLARATION
from settlement.models import Evidence
from storefronts.models import MerchantAccount
from storefronts.queries import forget_kept
from tests import make
from tests.payments.declaring import NUMBER, after_hold, calls, check, family, go_on, paid, register, row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["v2", "v3"])
def shop(request, world):
    family(world, request.param)
    register(world)
    return world


def test_nothing_is_told_before_the_hold_is_over(wechat, shop):
    payment = paid(wechat, shop)
    assert (row(payment).state, row(payment).order_fen) == ("to_declare", payment.amount_fen)
    assert sweep(now=make.present() + timedelta(minutes=29)) == 0
    assert calls(wechat) == []


def test_a_payment_is_declared_and_what_customs_will_ask_for_is_kept(wechat, shop):
    payment = paid(wechat, shop)
    go_on(1)
    assert row(payment).state == "submitted"
    go_on(1, after_hold() + timedelta(minutes=5))
    found, order = row(payment), Order.objects.get()
    assert (found.state, found.customs_number) == ("succeeded", NUMBER)
    assert (found.order_fen, found.transport_fen) == (order.total_fen, order.freight_fen)
    assert found.product_fen == order.total_fen - order.freight_fen
    assert found.duty_fen == order.tax_fen
    assert found.department in ("UNIONPAY", "NETSUNION", "OTHERS")
    assert found.department_number == f"20{payment.transaction_id}"
    assert is_declared(order=order) is True
    names = Event.objects.filter(key=found.event_key).order_by("seq").values_list("name", flat=True)
    assert list(names) == ["declaration.submitted", "declaration.succeeded"]
    assert Case.objects.count() == 0
    delivery.drain()
    evidence = Evidence.objects.get()
    assert (evidence.order, evidence.kind, evidence.reference) == (order, "payment", payment.transaction_id)


def test_what_is_told_of_the_person_is_written_down_first(wechat, shop):
    payment = paid(wechat, shop)
    go_on(1)
    told = {
        one.recipient_kind: (one.recipient, set(one.fields))
        for one in Disclosure.objects.filter(purpose="declare_payment", order_number=payment.order.number)
    }
    named = {"buyer_name", "buyer_number"} if row(payment).family == "v2" else set()
    assert told == {
        "payment": ("财付通支付科技有限公司", {"order_number", "payment_number", "amount"} | named),
        "customs": ("中华人民共和国海关", {"order_number", "payment_number", "amount"}),
    }
    opened = Access.objects.filter(who="payments").values_list("what", flat=True)
    assert sorted(opened) == (["orders.order.buyer_name", "orders.order.buyer_number"] if named else [])


@pytest.mark.parametrize("mode", ["500_before", "500_after", "wrong_signature", "unsigned"])
def test_an_unknown_declaration_is_queried_before_it_is_declared_again(wechat, shop, mode):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_declare", mode=mode)
    at = go_on(1)
    assert row(payment).state == "to_declare"
    go_on(2, at)
    assert row(payment).state == "succeeded"
    expected = ["customs_declare", "customs_query"]
    expected += ["customs_declare", "customs_query"] if mode == "500_before" else []
    assert [one for one in calls(wechat) if one != "customs_verify"] == expected


@pytest.mark.parametrize("mode", ["500_before", "wrong_signature"])
def test_an_unknown_query_changes_nothing_and_after_a_while_a_person_hears_of_it(wechat, shop, mode):
    payment = paid(wechat, shop)
    at = go_on(1)
    wechat.control("switches", call="customs_query", mode=mode, times=6)
    at = go_on(5, at)
    assert (row(payment).state, Case.objects.count()) == ("submitted", 0)
    at = go_on(1, at)
    assert Case.objects.get().kind == "declaration.unanswered"
    go_on(1, at)
    assert (row(payment).state, Case.objects.get().settled_by) == ("succeeded", "system")


def test_what_customs_interface_swallowed_is_sent_again(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_outcome", mode="except", times=2)
    at = go_on(2)
    assert row(payment).state == "excepted"
    at = go_on(1, at)
    assert (row(payment).state, row(payment).resends) == ("submitted", 1)
    go_on(3, at)
    assert (row(payment).state, row(payment).resends) == ("succeeded", 2)
    assert calls(wechat).count("customs_redeclare") == 2


def test_an_interface_that_keeps_failing_is_put_before_a_person_and_tried_on(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_outcome", mode="except", times=5)
    at = after_hold()
    for _ in range(9):
        at = go_on(1, at) + timedelta(hours=2)
    case = Case.objects.get()
    assert (case.kind, case.facts["explanation"]) == ("declaration.excepted", "海关接口异常")
    for _ in range(4):
        at = go_on(1, at) + timedelta(hours=2)
    case.refresh_from_db()
    assert (row(payment).state, case.state) == ("succeeded", "settled")


def test_what_customs_refuses_waits_for_a_person_who_sends_it_again(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_outcome", mode="fail")
    at = go_on(2)
    case = Case.objects.get()
    assert (row(payment).state, case.kind) == ("failed", "declaration.failed")
    assert case.facts["explanation"] == "海关退单：支付企业未备案"
    assert (case.facts["order"], case.facts["port"]) == (payment.order.number, "NINGBO")
    assert sweep(now=at) == 0
    retry_declaration(declaration=row(payment), by="olga", note="number mended", now=at)
    go_on(2, at)
    case.refresh_from_db()
    assert (row(payment).state, row(payment).round) == ("succeeded", 1)
    assert (case.state, case.settled_by, case.note) == ("settled", "olga", "number mended")
    assert Event.objects.get(name="declaration.retried").facts == {"by": "olga", "note": "number mended"}


def test_what_stays_submitted_is_made_new_three_times_and_then_a_case(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_outcome", mode="stuck", times=4)
    at = after_hold()
    for _ in range(18):
        at = go_on(1, at)
    assert calls(wechat).count("customs_amend") == 3
    assert (row(payment).state, Case.objects.get().kind) == ("submitted", "declaration.stuck")
    retry_declaration(declaration=row(payment), by="olga", note="once more", now=at)
    for _ in range(3):
        at = go_on(1, at)
    assert row(payment).state == "succeeded"


def test_what_customs_leaves_for_a_day_is_put_before_a_person(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_outcome", mode="slow")
    at = go_on(2)
    assert (row(payment).state, Case.objects.count()) == ("processing", 0)
    go_on(1, at + timedelta(days=1))
    assert Case.objects.get().kind == "declaration.slow"


def test_without_a_number_at_the_port_nothing_is_told(wechat, world):
    payment = paid(wechat, world)
    at = go_on(1)
    assert (row(payment).state, row(payment).trouble) == ("held", "no_number")
    assert (Case.objects.get().kind, calls(wechat)) == ("declaration.no_number", [])
    assert Disclosure.objects.filter(purpose="declare_payment").count() == 0
    register(world)
    retry_declaration(declaration=row(payment), by="olga", note="registered", now=at)
    go_on(2, at)
    assert row(payment).state == "succeeded"


def test_without_the_key_of_api_v2_the_domestic_family_is_held(wechat, world):
    register(world)
    MerchantAccount.objects.update(v2_key_sealed=b"")
    forget_kept()
    payment = paid(wechat, world)
    go_on(1)
    assert (row(payment).state, Case.objects.get().kind) == ("held", "declaration.no_key")


def test_a_number_that_wechat_does_not_know_is_held_and_declared_once_it_does(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("customs", mchid=payment.mchid, customs="NINGBO", merchant_customs_no="OTHER")
    at = go_on(1)
    assert (row(payment).trouble, Case.objects.get().kind) == ("number_unknown", "declaration.number_unknown")
    CustomsNumber.objects.update(number="OTHER")
    retry_declaration(declaration=row(payment), by="olga", note="the right one", now=at)
    go_on(2, at)
    assert (row(payment).state, row(payment).customs_number) == ("succeeded", "OTHER")


def test_a_refusal_tells_its_code_and_waits(wechat, shop):
    payment = paid(wechat, shop)
    wechat.control("switches", call="customs_declare", mode="error", code="PARAM_ERROR")
    go_on(1)
    assert (row(payment).state, row(payment).trouble) == ("held", "refused")
    assert Case.objects.get().facts["wechat_code"] == "PARAM_ERROR"


def test_a_coupon_of_wechats_waits_for_a_word(wechat, shop):
    payment = paid(wechat, shop)
    payment.payer_fen = payment.amount_fen - 500
    payment.save()
    at = go_on(1)
    case = Case.objects.get()
    assert (row(payment).trouble, case.kind) == ("coupon", "declaration.coupon")
    assert (case.facts["payer_fen"], case.facts["order_fen"]) == (payment.payer_fen, payment.amount_fen)
    retry_declaration(declaration=row(payment), by="olga", note="the whole is declared", now=at)
    go_on(2, at)
    case.refresh_from_db()
    assert (row(payment).state, row(payment).coupon_accepted, case.state) == ("succeeded", True, "settled")


def test_a_second_call_is_made_where_the_storefront_has_a_number(wechat, world):
    make.warehouse(world.shop, customs_district="5166")
    register(world, "GUANGZHOU_ZS", "GUANGZHOU_NS_GJ", "GUANGZHOU_HP_GJ")
    payment = paid(wechat, world)
    go_on(2)
    found = PaymentDeclaration.objects.order_by("id").values_list("port", "state")
    assert list(found) == [("GUANGZHOU_ZS", "succeeded"), ("GUANGZHOU_NS_GJ", "succeeded")]
    assert is_declared(order=payment.order) is True


def test_nothing_is_declared_while_customs_has_the_list_already(wechat, shop):
    payment = paid(wechat, shop)
    move_gate(number=payment.order.number, verb="send", now=make.present())
    go_on(1)
    assert (row(payment).state, calls(wechat)) == ("to_declare", [])


def test_an_order_that_ends_is_not_declared_any_more(wechat, shop):
    payment = paid(wechat, shop)
    Order.objects.update(state="cancelled")
    withdraw_declarations(order=payment.order, now=make.present())
    go_on(1)
    assert (row(payment).state, calls(wechat)) == ("withdrawn", [])
    assert is_declared(order=payment.order) is False


def test_an_order_that_ended_unheard_is_seen_before_the_call(wechat, shop):
    payment = paid(wechat, shop)
    Order.objects.update(state="cancelled")
    go_on(1)
    assert (row(payment).state, calls(wechat)) == ("withdrawn", [])


def test_an_answer_with_another_amount_is_not_a_success(wechat, shop):
    payment = paid(wechat, shop)
    at = go_on(1)
    PaymentDeclaration.objects.update(order_fen=payment.amount_fen - 1, product_fen=payment.amount_fen - 1)
    go_on(1, at)
    case = Case.objects.get()
    assert (row(payment).trouble, case.kind) == ("amount", "declaration.amount")
    assert case.facts["told_fen"] == payment.amount_fen


def test_what_wechat_has_lost_is_declared_anew(wechat, shop):
    payment = paid(wechat, shop)
    PaymentDeclaration.objects.update(state="submitted", sent_at=make.present(), customs_number=NUMBER)
    at = go_on(1)
    assert row(payment).state == "to_declare"
    go_on(2, at)
    assert row(payment).state == "succeeded"


def test_opening_twice_is_one_declaration_a_port(wechat, shop):
    payment = paid(wechat, shop)
    open_declarations(order=payment.order, now=make.present())
    assert PaymentDeclaration.objects.count() == 1


def test_the_payer_is_the_orderer_until_someone_told_otherwise(wechat, shop):
    payment = paid(wechat, shop)
    go_on(2)
    assert (check(payment).state, row(payment).match) == ("same", "SAME")


def test_every_state_leads_somewhere_but_the_last():
    assert [state for state in DECLARATION.states if not DECLARATION.verbs(state)] == ["withdrawn"]


def test_a_refund_that_is_not_declared_yet_keeps_the_list_from_being_sent(wechat, shop):
    paid(wechat, shop)
    go_on(1)
    go_on(1, after_hold() + timedelta(minutes=5))
    order = Order.objects.get()
    assert is_declared(order=order) is True
    wish = Wish({order.lines.get().pk: 1})
    at = after_hold() + timedelta(minutes=20)
    refund = request_refund(number=order.number, wish=wish, key="k", reason="退款", asked_by="system", now=at)
    send_refund.sweep(now=at + timedelta(seconds=1))
    time.sleep(0.05)  # the stand-in needs a moment to give the money back
    send_refund.sweep(now=at + timedelta(minutes=10))
    refund.refresh_from_db()
    assert refund.state == "succeeded"
    assert is_declared(order=order) is False  # its event is not delivered yet
    with pytest.raises(DeclarationBehind):
        send_to_customs(number=order.number, now=at)
    order.refresh_from_db()
    assert order.gate == "before_list"


def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_its_case_settles_when_it_goes_on(
    wechat, shop, monkeypatch
):
    poisoned, other = paid(wechat, shop), paid(wechat, shop)
    really = declare._call

    def poison(attempt, now):
        if attempt.declaration.payment_id == poisoned.pk:
            raise ZeroDivisionError("13800138000")
        return really(attempt, now)

    monkeypatch.setattr(declare, "_call", poison)
    at = go_on(1)
    assert (row(poisoned).state, row(other).state) == ("to_declare", "submitted")
    case = Case.objects.get()
    assert (case.kind, case.key, case.state) == ("declaration.failing", row(poisoned).event_key, "open")
    assert case.facts == {
        "order": poisoned.order.number,
        "port": "NINGBO",
        "order_fen": poisoned.amount_fen,
        "out_trade_no": poisoned.out_trade_no,
        "error": "ZeroDivisionError",
    }
    at = go_on(1, at)
    case.refresh_from_db()
    assert (case.seen, row(other).state) == (2, "succeeded")
    monkeypatch.setattr(declare, "_call", really)
    wechat.control("switches", call="customs_query", mode="500_before")
    at = go_on(1, at)  # WeChat does not answer: nobody knows whether it would go on
    case.refresh_from_db()
    assert case.state == "open"
    go_on(1, at)
    case.refresh_from_db()
    assert (row(poisoned).state, case.state, case.settled_by) == ("submitted", "settled", "system")


def test_what_keeps_failing_is_tried_later_and_later_up_to_an_hour(wechat, shop, monkeypatch):
    payment = paid(wechat, shop)
    monkeypatch.setattr(declare, "_call", lambda attempt, now: 1 / 0)
    at, waits = after_hold(), []
    for _ in range(8):
        sweep(now=at)
        waits.append(int((row(payment).next_try_at - at).total_seconds() // 60))
        at = row(payment).next_try_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert sweep(now=at - timedelta(seconds=1)) == 0

    def hurried(attempt, now):  # by a person, while it fails
        retry_declaration(declaration=attempt.declaration, by="olga", note="n", now=now)
        raise ZeroDivisionError

    monkeypatch.setattr(declare, "_call", hurried)
    sweep(now=at)
    assert row(payment).next_try_at == at


def test_a_declaration_that_ends_takes_the_case_of_its_failing_with_it(wechat, shop, monkeypatch):
    payment = paid(wechat, shop)

    def poison(attempt, now):
        raise ZeroDivisionError

    monkeypatch.setattr(declare, "_call", poison)
    go_on(1)
    assert Case.objects.get(kind="declaration.failing").state == "open"
    withdraw_declarations(order=payment.order, now=after_hold())
    assert (row(payment).state, Case.objects.get(kind="declaration.failing").state) == (
        "withdrawn",
        "settled",
    )

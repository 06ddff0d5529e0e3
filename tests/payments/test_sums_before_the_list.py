"""A7: a partial refund before the list corrects order, payment declaration and judgement together."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from backend import delivery
from compliance import queries, vault
from compliance.models import VALUE, AllowanceAccount, AllowanceEntry, Judgement, PayerCheck
from compliance.services import allowance_carry, answer_payer, ask_payer, open_payer_check
from compliance.services.judgement import FACTS
from orders import given_back
from orders.models import Order
from orders.services.gate import move_gate
from orders.services.judge_for_declaration import judge_for_declaration
from payments.models import PaymentDeclaration, Refund, RefundLine
from payments.services.refund_follow import follow
from payments.services.refund_gate import send_to_customs
from payments.services.refund_parts import returned
from payments.services.refunds import Wish, request_refund
from payments.states import DECLARATION
from tests import make, make_tables
from tests.payments.reports import declared, paid, told
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
LATER = make.NOW + timedelta(hours=1)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
@step
def payment(world):
    made = paid(make.order(world.alice, ("HD-1", 3), ("IR-1", 2)))
    who_paid(made)
    return made


def who_paid(payment):
    order = payment.order
    if not PayerCheck.objects.filter(order_number=order.number).exists():
        open_payer_check(
            storefront_id=order.storefront_id, order_number=order.number, port="3105", now=make.NOW
        )
    check = PayerCheck.objects.get(order_number=order.number)
    ask_payer(check=check, now=make.NOW)
    answer_payer(check=check, answer="same", now=make.NOW)


def back(payment, pieces, key="k", **more):
    """A refund of (sku, pieces) that has arrived; its events are not delivered yet."""
    order = payment.order
    wish = Wish({order.lines.get(sku=sku).pk: quantity for sku, quantity in pieces}, **more)
    refund = request_refund(
        number=order.number, wish=wish, key=key, reason="退款", asked_by="operator:wang", now=make.NOW
    )
    told(refund)
    refund.refresh_from_db()
    return refund


def judged(order):
    """The facts of the newest judgement before a list, which was allowed."""
    verdict = judge_for_declaration(number=order.number, waybill_number="SF-1", now=LATER)
    assert verdict.refusals == ()
    kept = Judgement.objects.filter(moment="declare").order_by("decided_at", "id").last()
    return orjson.loads(vault.unwrap(order.key).open(FACTS, kept.pk, bytes(kept.facts_sealed)))


def lines(facts):
    return [
        (line["sku"], line["quantity"], line["goods_fen"], line["freight_fen"]) for line in facts["lines"]
    ]


def reserved(order, measure=VALUE):
    return queries.taken(person_id=order.person_id, year=2026)[measure].reserved


def freed(order):
    rows = AllowanceEntry.objects.filter(order_number=order.number, kind="free").order_by("id")
    return list(rows.values_list("reference", "account__measure", "amount"))


def test_a7_before_the_list_order_declaration_judgement_and_year_agree_to_the_fen(payment):
    order = payment.order
    declared(payment)
    assert (payment.received_fen, order.tax_fen, reserved(order)) == (43_640, 3_640, 40_000)
    whole = judged(order)
    assert lines(whole) == [("HD-1", 3, 30_000, 0), ("IR-1", 2, 10_000, 0)]
    assert (whole["evidence"]["amount_fen"], whole["year_reserved_fen"]) == (43_640, 0)

    refund = back(payment, [("HD-1", 2)])
    assert (refund.amount_fen, refund.goods_fen, refund.tax_fen) == (21_820, 20_000, 1_820)
    delivery.drain()
    part = judged(order)
    assert lines(part) == [("HD-1", 1, 10_000, 0), ("IR-1", 2, 10_000, 0)]
    assert (part["evidence"]["amount_fen"], part["year_reserved_fen"]) == (21_820, 0)
    assert part["evidence"]["goods"] == ["吹风机 HD-1", "吹风机 IR-1"]
    assert freed(order) == [(f"refund:{refund.out_refund_no}", VALUE, 20_000)]
    assert reserved(order) == 20_000

    row = PaymentDeclaration.objects.get()
    assert (row.order_fen, row.product_fen, row.transport_fen, row.duty_fen) == (21_820, 21_820, 0, 1_820)
    DECLARATION.move(row, "succeed", now=make.NOW, succeeded_at=make.NOW)
    send_to_customs(number=order.number, now=make.NOW)
    gone = returned(RefundLine.objects.filter(refund__order=order, refund__state="succeeded"))
    goods = {line.sku: line.goods_fen - gone[line.pk].shares["goods_fen"] for line in order.lines.all()[:1]}
    assert goods == {"HD-1": 10_000}
    assert sum(one["goods_fen"] for one in part["lines"]) + row.duty_fen == row.order_fen == 21_820

    waits = request_refund(
        number=order.number,
        wish=Wish({order.lines.get(sku="IR-1").pk: 1}),
        key="late",
        reason="退款",
        asked_by="operator:wang",
        now=make.NOW,
    )
    assert (waits.state, judged(order)["evidence"]["amount_fen"]) == ("requested", 21_820)
    move_gate(number=order.number, verb="release", now=make.NOW)
    delivery.drain()
    assert Refund.objects.get(pk=waits.pk).state != "requested"


def test_a_line_that_went_back_whole_is_judged_no_more_and_the_freight_that_stayed_is_no_less(world):
    make.warehouse(world.shop, freight_fen=1_000)
    payment = paid(make.order(world.alice, ("HD-1", 1), ("IR-1", 2)))
    who_paid(payment)
    order = payment.order
    dryer, iron = order.lines.order_by("position")
    assert (dryer.freight_fen, iron.freight_fen) == (500, 500)
    refund = back(payment, [("HD-1", 1)], freight=False)
    facts = judged(order)
    assert lines(facts) == [("IR-1", 2, 10_000, 1_000)]
    assert facts["evidence"]["goods"] == ["吹风机 IR-1"]
    assert facts["evidence"]["amount_fen"] == payment.received_fen - refund.amount_fen
    follow(number=order.number, now=make.NOW)
    assert reserved(order) == 11_000


def test_the_share_of_coupons_goes_with_the_pieces(world):
    claim = make.coupon(world.alice, reduces_fen=3_000)
    payment = paid(make.order(world.alice, ("HD-1", 2), ("IR-1", 2), coupon_claim_id=claim.public_id))
    who_paid(payment)
    assert judged(payment.order)["discount_fen"] == 3_000
    refund = back(payment, [("HD-1", 1)])
    assert (refund.discount_fen, judged(payment.order)["discount_fen"]) == (1_000, 2_000)


def test_until_the_year_is_freed_the_judgement_takes_off_what_the_order_really_holds(payment):
    other = make.order(payment.order.customer, ("IR-1", 1))
    back(payment, [("HD-1", 2)])
    assert judged(payment.order)["year_reserved_fen"] == 5_000
    follow(number=payment.order.number, now=make.NOW)
    assert (judged(payment.order)["year_reserved_fen"], reserved(other)) == (5_000, 25_000)


def test_told_again_or_by_the_list_each_refund_frees_its_share_once(payment):
    order = payment.order
    first, second = back(payment, [("HD-1", 1)]), back(payment, [("HD-1", 1), ("IR-1", 1)], "k2")
    wanted = [
        (f"refund:{first.out_refund_no}", VALUE, 10_000),
        (f"refund:{second.out_refund_no}", VALUE, 15_000),
    ]
    follow(number=order.number, now=make.NOW)
    assert (freed(order), reserved(order)) == (wanted, 15_000)
    follow(number=order.number, now=make.NOW)
    declared(payment)
    send_to_customs(number=order.number, now=make.NOW)
    delivery.drain()
    assert (freed(order), reserved(order)) == (wanted, 15_000)


def test_what_was_freed_stays_freed_once_however_the_reservation_moves_to_another_year(payment):
    order = payment.order
    back(payment, [("HD-1", 1)])
    follow(number=order.number, now=make.NOW)
    allowance_carry(order_number=order.number, year=2027, now=LATER)
    follow(number=order.number, now=LATER)
    held = AllowanceAccount.objects.order_by("year").values_list("year", "reserved")
    assert list(held) == [(2026, 0), (2027, 30_000)]


def test_the_list_frees_the_share_although_the_refund_is_heard_of_after_it(payment):
    refund = back(payment, [("HD-1", 2)])
    declared(payment)
    send_to_customs(number=payment.order.number, now=make.NOW)
    assert freed(payment.order) == [(f"refund:{refund.out_refund_no}", VALUE, 20_000)]


def test_grams_of_limited_goods_are_freed_by_cumulative_floors(world):
    make_tables.listed("19011010", remark="每人每年2千克", limit_group="sugar")
    make.recall_firm(world.shop)
    sugar = make.variant(world.shop, "SU-1", 2_000, hs_code="1901101010", is_food=True, weight_g=333)
    make.stock(world.warehouse, sugar)
    payment = paid(make.order(world.alice, ("SU-1", 3)))
    order = payment.order
    assert (reserved(order), reserved(order, "sugar")) == (6_000, 999)
    for n in (1, 2):
        back(payment, [("SU-1", 1)], f"k{n}")
        follow(number=order.number, now=make.NOW)
    assert (reserved(order), reserved(order, "sugar")) == (2_000, 333)


def test_all_that_is_left_gives_the_rest_of_the_year_back_and_nothing_twice(payment):
    order = payment.order
    back(payment, [("HD-1", 2)])
    delivery.drain()
    told(
        request_refund(
            number=order.number,
            wish=Wish(),
            key="all",
            reason="退款",
            asked_by="operator:wang",
            now=make.NOW,
        )
    )
    delivery.drain()
    assert Order.objects.get().state == "cancelled"
    assert reserved(order) == 0


def test_who_judges_before_anyone_was_installed_that_knows_is_refused(payment, monkeypatch):
    monkeypatch.setattr(given_back.wiring, "back", None)
    with pytest.raises(RuntimeError, match="nobody was installed"):
        judge_for_declaration(number=payment.order.number, waybill_number="SF-1", now=LATER)

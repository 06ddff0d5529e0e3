"""What a coupon of WeChat Pay takes off what is owed to the shop is known by its line, or is a difference."""

from __future__ import annotations

from datetime import timedelta

import pytest

from payments.models import Payment
from payments.services.bills.matching import match
from tests import make
from tests.payments.bill_files import DAY, asked, found, given_back, paid, refunded, sale, taken, trade_file
from tests.stepping import step

pytestmark = pytest.mark.django_db


@pytest.fixture
@step
def payment():
    return paid(make.world())


def free(payment, coupon=500, told=None):
    """A sale with a free coupon; `told` is what the line says of coupons."""
    settled = payment.amount_fen - coupon
    told = coupon if told is None else told
    return sale(payment, 应结订单金额=settled, 代金券金额=told, 手续费=(settled * 6 + 500) // 1000)


def test_a_free_coupon_explains_why_less_is_owed(payment):
    match(bill=taken(asked(payment), trade_file([free(payment)])), now=make.NOW)
    assert found() == []


def test_a_prepaid_coupon_takes_nothing_off(payment):
    match(bill=taken(asked(payment), trade_file([sale(payment, 代金券金额=500)])), now=make.NOW)
    assert found() == []


def test_less_owed_than_the_coupons_can_explain_is_a_difference(payment):
    match(bill=taken(asked(payment), trade_file([free(payment, 500, told=499)])), now=make.NOW)
    total = payment.amount_fen
    assert found() == [("settled", "transaction:4200001", total - 500, total)]


def test_more_owed_than_was_paid_is_a_difference(payment):
    row = sale(payment, 应结订单金额=payment.amount_fen + 1)
    match(bill=taken(asked(payment), trade_file([row])), now=make.NOW)
    assert found() == [("settled", "transaction:4200001", payment.amount_fen + 1, payment.amount_fen)]


def test_refunds_give_a_free_coupon_back_and_never_more_than_it_was(payment):
    one = refunded(payment)
    two = refunded(payment, number="R2", refund_id="5030002")
    rows = [
        free(payment),
        given_back(one, 退款金额=700),
        given_back(two, 退款金额=799, 微信退款单号="5030002"),
    ]
    match(bill=taken(asked(payment), trade_file(rows)), now=make.NOW)
    # 300 of the 500 went back first, so that 200 are left: 201 are one too many.
    assert found() == [("settled", "refund:R2", 799, 1_000)]


def test_a_refund_that_costs_less_without_any_coupon_is_a_difference(payment):
    refund = refunded(payment)
    rows = [sale(payment), given_back(refund, 退款金额=999)]
    match(bill=taken(asked(payment), trade_file(rows)), now=make.NOW)
    assert found() == [("settled", f"refund:{refund.out_refund_no}", 999, 1_000)]


def test_a_refund_whose_sale_is_in_no_bill_yet_goes_by_what_the_payment_told_of_coupons(payment):
    Payment.objects.update(payer_fen=payment.amount_fen - 500)
    refund = refunded(payment)
    later = DAY + timedelta(days=1)
    match(bill=taken(asked(payment, later), trade_file([given_back(refund, 退款金额=500)])), now=make.NOW)
    assert found() == []

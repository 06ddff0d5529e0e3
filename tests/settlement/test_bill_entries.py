"""Commission and payouts are entered from the lines of a bill, once, and lead back to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kernel.clock import SHANGHAI
from payments.models import Bill, BillLine, FundLine
from payments.services.settle import settle
from settlement import queries
from settlement.models import Entry, Posting
from settlement.services.bill_entries import enter_bill
from tests import make
from tests.payments.reports import report_of
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
DAY = make.NOW.astimezone(SHANGHAI).date()


@pytest.fixture
@step
def payment():
    made = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    settle(storefront_id=made.storefront_id, mchid=made.mchid, report=report_of(made), now=make.NOW)
    made.refresh_from_db()
    return made


def bill_of(payment, kind: str = "trade", **more) -> Bill:
    return Bill.objects.create(
        storefront=payment.storefront,
        mchid=payment.mchid,
        day=DAY,
        kind=kind,
        state=more.pop("state", "matched"),
        asked_at=make.NOW,
        downloaded_at=make.NOW,
        matched_at=make.NOW,
    )


def line_of(bill: Bill, line: int, fee_fen: int, payment=None, **more) -> BillLine:
    zero = dict.fromkeys(
        ("order_fen", "settled_fen", "coupon_fen", "refund_fen", "refund_coupon_fen", "refund_asked_fen"), 0
    )
    facts = {"kind": "sale", "currency": "CNY", "appid": "a", "transaction_id": "t", "out_trade_no": "o"}
    return BillLine.objects.create(
        storefront=bill.storefront,
        bill=bill,
        line=line,
        at=datetime(2026, 11, 20, 12, tzinfo=SHANGHAI),
        trade_type="JSAPI",
        fee_fen=fee_fen,
        payment=payment,
        **{**facts, **zero, **more},
    )


def test_commission_is_entered_line_by_line_and_given_back_with_a_refund(payment, django_assert_num_queries):
    bill = bill_of(payment)
    total, number = payment.amount_fen, payment.transaction_id
    line = line_of(
        bill, 1, 66, payment, transaction_id=number, order_fen=total, settled_fen=total, coupon_fen=0
    )
    line_of(bill, 2, -6, payment, kind="revoked")
    line_of(bill, 3, 0, payment, kind="revoked")
    line_of(bill, 4, 9, None, currency="HKD")
    with django_assert_num_queries(10):  # however many lines there are
        assert enter_bill(bill=bill, now=make.NOW) == 4
    assert enter_bill(bill=bill, now=make.NOW) == 0
    entry = Entry.objects.get(bill_line=line)
    assert (entry.kind, entry.day, entry.order_id, entry.payment_id) == (
        "fee",
        DAY,
        payment.order_id,
        payment.pk,
    )
    assert sorted(Posting.objects.values_list("entry__kind", "account", "amount_fen")) == [
        ("fee", "fee", -6),
        ("fee", "fee", 66),
        ("fee", "wechat", -66),
        ("fee", "wechat", 6),
    ]
    assert queries.out_of_balance() == []
    # A commission does not pass for the sale itself.
    assert queries.not_entered(storefront_id=payment.storefront_id) == [payment.out_trade_no]


def test_a_commission_of_no_payment_of_ours_is_entered_all_the_same(payment):
    bill = bill_of(payment)
    line_of(bill, 1, 12)
    assert enter_bill(bill=bill, now=make.NOW) == 2
    assert Entry.objects.get().payment_id is None


def test_a_payout_moves_from_wechat_to_the_bank(payment):
    bill = bill_of(payment, "fund_basic")
    for line, business, amount in ((1, "提现", -50_000), (2, "交易", 60_000)):
        FundLine.objects.create(
            storefront=bill.storefront,
            bill=bill,
            line=line,
            at=make.NOW,
            business_id=str(line),
            flow_id=str(line),
            business=business,
            business_type="",
            amount_fen=amount,
            balance_fen=0,
        )
    assert enter_bill(bill=bill, now=make.NOW) == 2
    assert sorted(Posting.objects.values_list("account", "amount_fen")) == [
        ("bank", 50_000),
        ("wechat", -50_000),
    ]
    assert Entry.objects.get().fund_line.business == "提现"


def test_a_bill_that_is_not_matched_is_not_entered(payment):
    with pytest.raises(ValueError, match="once it is matched"):
        enter_bill(bill=bill_of(payment, state="asked"), now=make.NOW + timedelta(days=1))
    assert Entry.objects.count() == 0

"""What moved on an account adds up to its balance and to the trades of the day, or it is a difference."""

from __future__ import annotations

from datetime import timedelta

import pytest

from payments.models import BillDifference
from payments.services.bills.funds import match_funds
from payments.services.bills.matching import match
from tests import make
from tests.payments.bill_files import DAY, asked, found, fund_file, paid, sale, taken, trade_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def funds(payment, rows, day=DAY):
    return taken(asked(payment, day, "fund_basic"), fund_file(rows))


def test_movements_that_add_up_are_matched(world):
    payment = paid(world)
    total, fee = payment.amount_fen, (payment.amount_fen * 6 + 500) // 1000
    bill = funds(payment, [("交易", total, total), ("扣除交易手续费", -fee, total - fee)])
    match_funds(bill=bill, now=make.NOW)
    assert bill.state == "downloaded"  # the trades of the day are not there yet
    match(bill=taken(asked(payment), trade_file([sale(payment)])), now=make.NOW)
    match_funds(bill=bill, now=make.NOW)
    assert found() == []
    assert (bill.state, bill.in_fen, bill.out_fen, bill.closing_fen) == ("matched", total, fee, total - fee)


def test_a_balance_that_jumps_and_sums_that_are_not_those_of_the_trades(world):
    payment = paid(world)
    total, fee = payment.amount_fen, (payment.amount_fen * 6 + 500) // 1000
    match(bill=taken(asked(payment), trade_file([sale(payment)])), now=make.NOW)
    before = funds(payment, [("充值", 500, 500)], DAY - timedelta(days=1))
    assert before.closing_fen == 500
    bill = funds(payment, [("交易", total, 500 + total), ("扣除交易手续费", -fee - 2, 500 + total - fee)])
    match_funds(bill=bill, now=make.NOW)
    assert found() == [
        ("fund_balance", bill.event_key, 500 + total - fee, 500 + total - fee - 2),
        ("fund_sum", f"{bill.event_key}:扣除交易手续费", -fee - 2, -fee),
    ]
    assert BillDifference.objects.get(kind="fund_balance").says == "line 3"


def test_the_first_balance_of_a_day_goes_on_from_the_last_of_the_day_before(world):
    payment = paid(world)
    match(bill=taken(asked(payment), trade_file([sale(payment)])), now=make.NOW)
    funds(payment, [("充值", 500, 500)], DAY - timedelta(days=1))
    total, fee = payment.amount_fen, (payment.amount_fen * 6 + 500) // 1000
    bill = funds(payment, [("交易", total, total), ("扣除交易手续费", -fee, total - fee)])
    match_funds(bill=bill, now=make.NOW)
    assert found() == [("fund_balance", bill.event_key, total, 500 + total)]

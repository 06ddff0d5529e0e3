"""What moved on an account adds up to its balance and to the trades of the day, or it is a difference."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from kernel.models import Case
from payments.models import BillDifference
from payments.services.bills.funds import match_funds
from payments.services.bills.matching import match
from tests import make
from tests.payments.bill_files import (
    DAY,
    asked,
    found,
    fund_file,
    given_back,
    paid,
    refunded,
    sale,
    taken,
    trade_file,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def funds(payment, rows, day=DAY):
    return taken(asked(payment, day, "fund_basic"), fund_file(rows, day))


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


def test_movements_beside_the_trades_are_a_difference_for_each_kind_with_their_sum(world):
    payment = paid(world)
    total, fee = payment.amount_fen, (payment.amount_fen * 6 + 500) // 1000
    match(bill=taken(asked(payment), trade_file([sale(payment)])), now=make.NOW)
    rows = [("交易", total, total), ("扣除交易手续费", -fee, total - fee)]
    moved = [("投诉扣款", -300), ("充值", 5_000), ("投诉扣款", -200), ("提现", -4_000)]
    for name, amount in moved:
        rows.append((name, amount, rows[-1][2] + amount))
    bill = funds(payment, rows)
    match_funds(bill=bill, now=make.NOW)
    assert found() == [
        ("fund_other", f"{bill.event_key}:充值", 5_000, 0),
        ("fund_other", f"{bill.event_key}:投诉扣款", -500, 0),
    ]
    case = Case.objects.get(key=f"{bill.event_key}:投诉扣款")
    assert (case.facts["theirs_fen"], case.facts["says"]) == (-500, "投诉扣款 × 2")


def test_kinds_with_long_names_that_begin_alike_are_told_apart(world):
    payment = make.payment(make.order(world.alice, ("HD-1", 1)))  # not paid
    match(bill=taken(asked(payment), trade_file([])), now=make.NOW)
    alike = "平台" * 30
    bill = funds(payment, [(f"{alike}甲", -1, -1), (f"{alike}乙", -2, -3)])
    match_funds(bill=bill, now=make.NOW)
    rows = BillDifference.objects.filter(kind="fund_other")
    assert sorted(row.theirs_fen for row in rows) == [-2, -1]
    assert {len(row.key) for row in rows} == {80}
    assert Case.objects.filter(kind="bill.fund_other").count() == 2


@pytest.mark.parametrize("name", ["退回交易手续费", "退还手续费"])
def test_commission_given_back_under_a_name_of_its_own_lessens_what_was_taken(world, name):
    payment = paid(world)
    total, fee = payment.amount_fen, (payment.amount_fen * 6 + 500) // 1000
    refund = refunded(payment)
    match(bill=taken(asked(payment), trade_file([sale(payment), given_back(refund)])), now=make.NOW)
    rows = [("交易", total), ("扣除交易手续费", -fee), ("退款", -1_000), (name, 6)]
    balances = itertools.accumulate(amount for _, amount in rows)
    bill = funds(
        payment, [(kind, amount, after) for (kind, amount), after in zip(rows, balances, strict=True)]
    )
    match_funds(bill=bill, now=make.NOW)
    assert found() == []


def test_a_day_is_not_compared_with_the_balance_before_a_day_that_is_not_there_yet(world):
    payment = make.payment(make.order(world.alice, ("HD-1", 1)))  # not paid
    match(bill=taken(asked(payment), trade_file([])), now=make.NOW)
    funds(payment, [("提现", 500, 500)], DAY - timedelta(days=2))
    middle = asked(payment, DAY - timedelta(days=1), "fund_basic")
    bill = funds(payment, [("提现", -100, 900)])
    match_funds(bill=bill, now=make.NOW)
    assert found() == []
    # It came: 500 + 450, and then the next day begins with 1000.
    match(bill=taken(asked(payment, middle.day), trade_file([])), now=make.NOW)
    match_funds(bill=taken(middle, fund_file([("提现", 450, 950)], middle.day)), now=make.NOW)
    assert found() == [("fund_balance", f"{bill.event_key}:opening", 900, 850)]


def test_the_jump_into_a_day_is_told_once_when_both_days_are_there(world):
    payment = make.payment(make.order(world.alice, ("HD-1", 1)))  # not paid
    days = [DAY - timedelta(days=1), DAY]
    for day in days:
        match(bill=taken(asked(payment, day), trade_file([])), now=make.NOW)
    first = funds(payment, [("提现", 500, 500)], days[0])
    second = funds(payment, [("提现", -100, 900)], days[1])
    match_funds(bill=second, now=make.NOW)
    match_funds(bill=first, now=make.NOW)
    assert found() == [("fund_balance", second.event_key, 900, 400)]


def test_the_first_balance_of_a_day_goes_on_from_the_last_of_the_day_before(world):
    payment = paid(world)
    match(bill=taken(asked(payment), trade_file([sale(payment)])), now=make.NOW)
    funds(payment, [("充值", 500, 500)], DAY - timedelta(days=1))
    total, fee = payment.amount_fen, (payment.amount_fen * 6 + 500) // 1000
    bill = funds(payment, [("交易", total, total), ("扣除交易手续费", -fee, total - fee)])
    match_funds(bill=bill, now=make.NOW)
    assert found() == [("fund_balance", bill.event_key, total, 500 + total)]

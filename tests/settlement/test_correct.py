"""What a bill left unexplained is posted by an accountant once, to an account, and never more of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Sum

from kernel.cases import AlreadySettled, settle_case
from kernel.models import Case, Event
from payments.models import Bill, BillDifference
from settlement import queries
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.correct import (
    MoreThanOpen,
    NoTarget,
    NothingOpen,
    Open,
    PostedBefore,
    correct,
    left_open,
)
from settlement.services.entries import enter_payment, enter_refund
from tests import make
from tests.payments.bill_files import DAY, given_back, paid, refunded, sale
from tests.settlement.bill_days import balances, closed, matched
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
TOTAL, FEE = 10_910, 65
SOLD = [("交易", TOTAL), ("扣除交易手续费", -FEE)]


@pytest.fixture
@step
def payment():
    return paid(make.world())


def the(kind):
    return BillDifference.objects.get(kind=kind)


def posted(difference, account, fen=None, note="asked WeChat Pay"):
    return correct(
        difference=difference, account=account, amount_fen=fen, note=note, by="fritz", now=make.NOW
    )


@pytest.fixture
def debit(payment):
    """Complaints cost 500 fen in two lines, and 40 yuan were topped up."""
    matched(payment, [sale(payment)], [*SOLD, ("投诉扣款", -300), ("充值", 4_000), ("投诉扣款", -200)])
    closed(payment)
    return BillDifference.objects.get(kind="fund_other", theirs_fen=-500)


def test_a_complaint_s_debit_goes_to_goodwill_and_its_case_is_settled(debit):
    assert left_open(debit) == Open(Account.UNEXPLAINED, -500)
    entry = posted(debit, Account.GOODWILL)
    assert dict(entry.postings.values_list("account", "amount_fen")) == {"goodwill": 500, "unexplained": -500}
    assert (entry.kind, entry.difference, entry.day) == ("correction", debit, DAY)
    assert balances()["unexplained"] == -4_000  # the top-up, which is another difference
    case = Case.objects.get(key=debit.key)
    assert (case.state, case.settled_by, case.note) == ("settled", "fritz", "asked WeChat Pay")
    event = Event.objects.get(name="difference.corrected")
    assert (event.key, event.facts["account"], event.facts["amount_fen"]) == (
        f"difference:{debit.pk}",
        "goodwill",
        500,
    )
    assert queries.out_of_balance() == []


def test_money_that_came_is_taken_from_the_bank(debit):
    top_up = BillDifference.objects.get(kind="fund_other", theirs_fen=4_000)
    entry = posted(top_up, Account.BANK)
    assert dict(entry.postings.values_list("account", "amount_fen")) == {"bank": -4_000, "unexplained": 4_000}


def test_parts_go_to_several_accounts_once_each_and_never_more_than_is_left(debit):
    posted(debit, Account.GOODWILL, 300)
    assert left_open(debit).fen == -200
    assert Case.objects.get(key=debit.key).state == "open"
    with pytest.raises(PostedBefore):
        posted(debit, Account.GOODWILL, 100)
    with pytest.raises(MoreThanOpen) as refused:
        posted(debit, Account.FEE, 201)
    assert refused.value.open_fen == 200
    posted(debit, Account.FEE, 200)
    assert Case.objects.get(key=debit.key).state == "settled"
    with pytest.raises(NothingOpen):
        posted(debit, Account.OTHER)
    assert balances(entry__difference=debit) == {"goodwill": 300, "fee": 200, "unexplained": -500}


@pytest.mark.parametrize("account", [Account.UNEXPLAINED, Account.SALES, Account.TAX])
def test_a_difference_cannot_pass_for_a_sale_or_explain_itself(debit, account):
    with pytest.raises(NoTarget):
        posted(debit, account)
    assert Entry.objects.filter(kind="correction").count() == 0


def test_a_case_that_was_settled_before_does_not_keep_its_amount_from_the_books(debit):
    case = Case.objects.get(key=debit.key)
    settle_case(case=case, by="olga", note="known", now=make.NOW)
    posted(debit, Account.GOODWILL)
    assert left_open(debit).fen == 0
    case.refresh_from_db()
    assert (case.settled_by, case.note) == ("olga", "known")
    with pytest.raises(AlreadySettled):
        settle_case(case=case, by="fritz", note="", now=make.NOW)


def test_a_stranger_s_payment_is_owed_back_and_leads_to_its_line(payment):
    stranger = sale(payment, 微信订单号="4200999", 商户订单号="X99999", total=1_999, 手续费=0)
    matched(payment, [sale(payment), stranger], [*SOLD, ("交易", 1_999)])
    closed(payment)
    row = the("unknown_payment")
    assert left_open(row) == Open(Account.UNEXPLAINED, 1_999)
    entry = posted(row, Account.STRAY)
    assert entry.bill_line == row.line
    assert dict(entry.postings.values_list("account", "amount_fen")) == {
        "stray": -1_999,
        "unexplained": 1_999,
    }


def test_a_payment_that_no_bill_has_is_taken_out_of_the_account_and_closes_the_gap_of_its_day(payment):
    enter_payment(payment=payment, now=make.NOW)
    matched(payment, [], [])
    closed(payment)
    missing, gap = the("missing_payment"), the("ledger_balance")
    assert (left_open(missing), left_open(gap)) == (Open(Account.WECHAT, -TOTAL), Open(Account.WECHAT, 0))
    with pytest.raises(NoTarget):
        posted(missing, Account.WECHAT)
    with pytest.raises(NothingOpen):
        posted(gap, Account.OTHER)
    posted(missing, Account.OTHER)
    assert balances() == {"other": TOTAL, "sales": -10_000, "tax": -910}
    assert left_open(gap).fen == 0
    with pytest.raises(NothingOpen):
        posted(gap, Account.OTHER)


@pytest.mark.parametrize(
    "order", [("missing_payment", "ledger_balance"), ("ledger_balance", "missing_payment")]
)
def test_in_either_order_a_day_s_balance_has_what_is_missing_taken_off_and_each_fen_is_posted_once(
    payment, order
):
    """Beside the missed payment 700 fen left the account that no line tells of."""
    enter_payment(payment=payment, now=make.NOW)
    matched(payment, [], [], opening=5_000)
    Bill.objects.filter(kind="fund_basic").update(in_fen=0, out_fen=700, closing_fen=4_300)
    closed(payment)
    gap = the("ledger_balance")
    assert (gap.theirs_fen, gap.ours_fen) == (-700, TOTAL)
    amounts = {"missing_payment": -TOTAL, "ledger_balance": -700}
    for kind in order:
        assert left_open(the(kind)) == Open(Account.WECHAT, amounts[kind])
        posted(the(kind), Account.OTHER)
    assert [left_open(the(kind)).fen for kind in order] == [0, 0]
    assert balances() == {"other": TOTAL + 700, "sales": -10_000, "tax": -910, "wechat": -700}
    assert Case.objects.filter(state="open", kind__in=[f"bill.{kind}" for kind in order]).count() == 0


def test_what_came_into_the_books_after_the_day_was_compared_is_no_part_of_its_balance(payment):
    matched(payment, [], [], opening=5_000)
    Bill.objects.filter(kind="fund_basic").update(in_fen=0, out_fen=700, closing_fen=4_300)
    closed(payment)
    gap = the("ledger_balance")
    assert (gap.theirs_fen, gap.ours_fen, left_open(gap).fen) == (-700, 0, -700)
    enter_payment(payment=payment, now=make.NOW + timedelta(minutes=5))
    assert (left_open(gap).fen, left_open(the("missing_payment")).fen) == (-700, -TOTAL)
    posted(the("missing_payment"), Account.OTHER)
    assert left_open(gap).fen == -700


def test_a_payment_that_is_missed_and_not_in_the_books_leaves_nothing_to_post(payment):
    matched(payment, [], [])
    assert left_open(the("missing_payment")).fen == 0


def test_a_refund_that_no_bill_has_is_put_back_into_the_account(payment):
    refunded(payment, state="succeeded")
    matched(payment, [sale(payment)], SOLD)
    refund = type(payment).objects.get().refunds.get()
    assert left_open(the("missing_refund")).fen == 0
    enter_refund(refund=refund, now=make.NOW)
    entry = posted(the("missing_refund"), Account.CONSUMER)
    assert dict(entry.postings.values_list("account", "amount_fen")) == {"wechat": 1_000, "consumer": -1_000}


def test_differences_that_move_no_money_have_nothing_to_post(payment):
    row = sale(payment, 手续费=FEE + 5)
    matched(payment, [row], [("交易", TOTAL), ("扣除交易手续费", -FEE)])
    closed(payment)
    assert left_open(the("fee")).fen == 0
    assert left_open(the("fund_sum")).fen == 0
    assert left_open(the("ledger_balance")).fen == 5  # the account was charged five fen less


def test_each_posting_of_a_sale_and_a_refund_leads_to_the_line_that_tells_of_it(payment):
    refund = refunded(payment, state="succeeded")
    matched(payment, [sale(payment), given_back(refund)], [*SOLD, ("退款", -1_000), ("扣除交易手续费", 6)])
    closed(payment)
    lines = {row.kind: row.pk for row in type(payment).objects.get().bill_lines.all()}
    told = queries.with_told_line(Entry.objects.all()).values_list("kind", "told_line", "bill_line_id")
    assert sorted(told) == [
        ("fee", lines["sale"], lines["sale"]),
        ("fee", lines["refund"], lines["refund"]),
        ("refund", lines["refund"], None),
        ("sale", lines["sale"], None),
    ]
    assert Entry.objects.aggregate(sum=Sum("postings__amount_fen"))["sum"] == 0


def test_a_sale_that_no_bill_has_told_of_yet_leads_to_no_line(payment):
    enter_payment(payment=payment, now=make.NOW)
    assert queries.with_told_line(Entry.objects.all()).values_list("told_line", flat=True)[0] is None


def test_two_differences_of_one_line_are_one_amount_and_end_together(payment):
    short = sale(payment, 应结订单金额=TOTAL - 100, 订单金额=TOTAL - 100, 手续费=500)
    matched(payment, [short], [("交易", TOTAL - 100), ("扣除交易手续费", -500)])
    closed(payment)
    fee, amount = the("fee"), the("amount")
    assert left_open(fee) == left_open(amount)
    assert left_open(amount).fen != 0
    posted(fee, Account.FEE)
    assert left_open(amount).fen == 0
    states = dict(Case.objects.filter(kind__in=["bill.fee", "bill.amount"]).values_list("kind", "state"))
    assert states == {"bill.fee": "settled", "bill.amount": "settled"}
    assert queries.out_of_balance() == []

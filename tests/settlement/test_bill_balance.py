"""The ledger's account at WeChat Pay follows what WeChat Pay says, to the fen, or the gap is a difference."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case
from payments.models import Bill, BillDifference
from payments.services.settle import settle
from settlement import queries
from settlement.models import Entry
from settlement.services.bill_balance import close_day
from settlement.services.entries import enter_payment
from tests import make
from tests.payments.bill_files import DAY, found, given_back, paid, refunded, sale
from tests.payments.reports import report_of
from tests.settlement.bill_days import balances, closed, matched
from tests.stepping import step

pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)
TOTAL, FEE = 10_910, 65  # of one dryer


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
@step
def payment(world):
    made = paid(world)
    assert made.amount_fen == TOTAL
    return made


def test_a_day_on_which_all_is_the_same_leaves_nothing_unexplained(payment):
    refund = refunded(payment, state="succeeded")
    moved = [
        ("交易", TOTAL),
        ("扣除交易手续费", -FEE),
        ("退款", -1_000),
        ("扣除交易手续费", 6),
        ("提现", -5_000),
    ]
    matched(payment, [sale(payment), given_back(refund)], moved)
    closed(payment)
    assert found() == []
    books = balances()
    assert (books["wechat"], books["bank"], books["fee"]) == (TOTAL - FEE - 1_000 + 6 - 5_000, 5_000, FEE - 6)
    assert "unexplained" not in books
    assert queries.out_of_balance() == []
    before = Entry.objects.count()
    closed(payment)
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ({"手续费": -29}, []),
        ({"手续费": -31}, []),
        ({"手续费": 0}, [(0, -30)]),
        ({"手续费": -32}, [(-32, -30)]),
        ({"手续费": 300}, [(300, -30)]),
        ({"手续费": -10, "费率": "0.20%"}, [(-10, -30)]),  # the sale's rate is what was taken
    ],
)
def test_commission_that_a_refund_gives_back_is_its_share_or_a_difference(payment, kept, told):
    refund = refunded(payment, 5_000, state="succeeded")
    back = kept["手续费"]
    moved = [("交易", TOTAL), ("扣除交易手续费", -FEE), ("退款", -5_000), ("扣除交易手续费", -back)]
    matched(payment, [sale(payment), given_back(refund, **kept)], [row for row in moved if row[1]])
    closed(payment)
    assert found() == [("fee", f"refund:{refund.out_refund_no}", *fen) for fen in told]
    assert balances()["fee"] == FEE + back


def test_a_refund_of_a_sale_that_no_bill_told_of_is_judged_by_its_own_rate(payment):
    refund = refunded(payment, 5_000, state="succeeded")
    rows = [given_back(refund, 费率="0.20%", 手续费=-30)]
    matched(payment, rows, [("退款", -5_000), ("扣除交易手续费", 30)])
    assert ("fee", f"refund:{refund.out_refund_no}", -30, -10) in found()


def test_other_movements_are_unexplained_and_the_account_follows_the_bank(payment):
    moved = [
        ("交易", TOTAL),
        ("扣除交易手续费", -FEE),
        ("投诉扣款", -300),
        ("充值", 5_000),
        ("投诉扣款", -200),
    ]
    matched(payment, [sale(payment)], moved)
    closed(payment)
    assert balances()["wechat"] == TOTAL - FEE + 4_500 == Bill.objects.get(kind="fund_basic").closing_fen
    assert balances()["unexplained"] == -4_500
    entries = Entry.objects.filter(kind="difference").order_by("fund_line__line")
    assert [entry.fund_line.business for entry in entries] == ["投诉扣款", "充值", "投诉扣款"]
    assert [row[0] for row in found()] == ["fund_other", "fund_other"]


def test_a_free_coupon_is_the_shops_expense_until_a_refund_gives_it_back(payment):
    refund = refunded(payment, state="succeeded")
    sold = sale(payment, 应结订单金额=TOTAL - 500, 代金券金额=500, 手续费=62)
    back = given_back(refund, 退款金额=954)
    moved = [("交易", TOTAL - 500), ("扣除交易手续费", -62), ("退款", -954), ("扣除交易手续费", 6)]
    matched(payment, [sold, back], moved)
    closed(payment)
    assert found() == []
    assert balances(entry__kind="coupon") == {"coupon": 500 - 46, "wechat": -500 + 46}
    assert balances()["wechat"] == TOTAL - 500 - 62 - 954 + 6
    sold_with = Entry.objects.get(kind="coupon", refund=None)
    assert (sold_with.order_id, sold_with.bill_line.out_trade_no) == (payment.order_id, payment.out_trade_no)
    assert Entry.objects.get(kind="coupon", refund=refund).bill_line.kind == "refund"


def test_a_prepaid_coupon_is_money_that_came(payment):
    matched(payment, [sale(payment, 代金券金额=500)], [("交易", TOTAL), ("扣除交易手续费", -FEE)])
    closed(payment)
    assert found() == []
    assert "coupon" not in balances()


def test_what_no_coupon_explains_is_unexplained_under_its_case(payment):
    row = sale(payment, 应结订单金额=TOTAL - 500, 手续费=62)
    matched(payment, [row], [("交易", TOTAL - 500), ("扣除交易手续费", -62)])
    closed(payment)
    assert [row[0] for row in found()] == ["settled"]
    assert (balances()["unexplained"], balances()["wechat"]) == (500, TOTAL - 500 - 62)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"微信订单号": "4200999", "商户订单号": "X99999", "total": 1_999}, "unknown_payment"),
        ({}, "doubled"),
        ({"微信订单号": "4200777"}, "state"),
    ],
)
def test_a_sale_that_the_books_do_not_have_is_money_that_nobody_explained(payment, row, kind):
    stranger = sale(payment, **row)
    amount, fee = stranger["订单金额"], stranger["手续费"]
    moved = [("交易", TOTAL), ("扣除交易手续费", -FEE), ("交易", amount), ("扣除交易手续费", -fee)]
    matched(payment, [sale(payment), stranger], moved)
    closed(payment)
    assert [row[0] for row in found()] == [kind]
    assert balances()["unexplained"] == -amount
    assert balances()["wechat"] == TOTAL - FEE + amount - fee


def test_a_payment_of_another_amount_leaves_its_gap_unexplained(payment):
    matched(payment, [sale(payment, total=TOTAL + 7)], [("交易", TOTAL + 7), ("扣除交易手续费", -66)])
    closed(payment)
    assert [row[0] for row in found()] == ["amount"]
    assert (balances()["unexplained"], balances()["wechat"]) == (-7, TOTAL + 7 - 66)


def test_a_refund_that_is_not_ours_is_money_that_nobody_explained(payment):
    refund = refunded(payment)
    stranger = given_back(
        refund, 微信订单号="4200999", 商户订单号="X99999", 商户退款单号="X-R1", total=300, 手续费=0
    )
    moved = [("交易", TOTAL), ("扣除交易手续费", -FEE), ("退款", -300)]
    matched(payment, [sale(payment), stranger], moved)
    closed(payment)
    assert ("unknown_refund", "refund:X-R1", 300, None) in found()
    assert balances()["unexplained"] == 300


def test_a_refund_on_its_way_has_left_and_is_no_gap_on_the_day_on_which_it_arrives(payment):
    refund = refunded(payment)
    moved = [("交易", TOTAL), ("扣除交易手续费", -FEE), ("退款", -1_000), ("扣除交易手续费", 6)]
    matched(payment, [sale(payment), given_back(refund)], moved)
    closed(payment)
    assert found() == []
    assert balances()["wechat"] == TOTAL - FEE + 6
    type(refund).objects.update(state="succeeded", succeeded_at=make.NOW + timedelta(days=1))
    matched(payment, [], [("提现", -100)], day=NEXT, opening=TOTAL - FEE - 1_000 + 6)
    closed(payment, NEXT)
    assert found() == []


def test_a_payment_that_no_bill_tells_of_is_a_gap_of_the_day_that_missed_it(payment):
    enter_payment(payment=payment, now=make.NOW)
    matched(payment, [], [])
    closed(payment)
    assert found() == [
        ("ledger_balance", f"day:{payment.mchid}:2026-11-20", 0, TOTAL),
        ("missing_payment", f"payment:{payment.out_trade_no}", None, TOTAL),
    ]
    assert Bill.objects.get(kind="fund_basic").differences == 1


def strayed(world, at):
    """Money that came too late for its order, on the day of WeChat Pay's `at`, and was heard of only NOW."""
    made = make.payment(make.order(world.alice, ("HD-1", 1)), state="closed", at=at or make.NOW)
    report = report_of(made, transaction_id="4200099", success_time=at)
    settle(storefront_id=made.storefront_id, mchid=made.mchid, report=report, now=make.NOW)
    made.refresh_from_db()
    assert made.state == "stray"
    return made


def test_a_stray_payment_stands_on_the_day_on_which_it_was_paid(world):
    made = strayed(world, make.NOW - timedelta(days=2))
    assert made.succeeded_at == make.NOW - timedelta(days=2)
    enter_payment(payment=made, now=make.NOW)
    entry = Entry.objects.get(kind="stray")
    assert (entry.day, entry.entered_at) == (DAY - timedelta(days=2), make.NOW)


def test_a_stray_payment_of_which_wechat_told_no_time_stands_on_the_day_on_which_it_was_heard_of(world):
    assert strayed(world, None).succeeded_at == make.NOW


def test_a_stray_payment_that_no_bill_tells_of_is_missed_and_a_gap_of_its_day(world, payment):
    made = strayed(world, make.NOW)
    enter_payment(payment=made, now=make.NOW)
    matched(payment, [sale(payment)], [("交易", TOTAL), ("扣除交易手续费", -FEE)])
    closed(payment)
    missed = BillDifference.objects.get(kind="missing_payment")
    assert (missed.key, missed.theirs_fen, missed.ours_fen) == (f"payment:{made.out_trade_no}", None, TOTAL)
    gap = BillDifference.objects.exclude(pk=missed.pk).get()
    assert (gap.kind, gap.theirs_fen, gap.ours_fen) == ("ledger_balance", TOTAL - FEE, 2 * TOTAL - FEE)
    case = Case.objects.get(kind="bill.missing_payment")
    assert (case.facts["out_trade_no"], case.facts["order"]) == (made.out_trade_no, made.order.number)


def test_a_stray_payment_that_the_bill_of_its_day_tells_of_is_missed_by_nobody(world, payment):
    made = strayed(world, make.NOW)
    matched(payment, [sale(payment), sale(made)], 2 * [("交易", TOTAL), ("扣除交易手续费", -FEE)])
    closed(payment)
    assert BillDifference.objects.count() == 0
    assert balances() == {
        "wechat": 2 * (TOTAL - FEE),
        "sales": -10_000,
        "tax": -910,
        "stray": -TOTAL,
        "fee": 130,
    }


def test_a_movement_without_a_line_is_a_gap(payment):
    moved = [("交易", TOTAL), ("扣除交易手续费", -FEE)]
    matched(payment, [sale(payment)], moved)
    closed(payment)
    matched(payment, [], [("提现", -100)], day=NEXT, opening=TOTAL - FEE + 900)
    closed(payment, NEXT)
    assert BillDifference.objects.filter(kind="fund_balance").count() == 1
    row = BillDifference.objects.get(kind="ledger_balance")
    assert (row.bill.day, row.theirs_fen, row.ours_fen) == (NEXT, 800, -100)
    case = Case.objects.get(kind="bill.ledger_balance")
    assert (case.facts["theirs_fen"], case.facts["ours_fen"]) == (800, -100)
    closed(payment, NEXT)
    assert (BillDifference.objects.filter(kind="ledger_balance").count(), case.seen) == (1, 1)


def test_a_day_is_not_compared_before_all_its_bills_are(payment):
    matched(payment, [sale(payment)], [])
    Bill.objects.filter(kind="trade").update(state="downloaded")
    assert not close_day(mchid=payment.mchid, day=DAY, now=make.NOW)
    assert Entry.objects.filter(kind="fee").count() == 0


def test_a_payment_whose_event_is_still_on_its_way_is_entered_first(world):
    made = make.payment(make.order(world.alice, ("HD-1", 1)), state="closed")
    report = report_of(made, transaction_id="4200001")
    settle(storefront_id=made.storefront_id, mchid=made.mchid, report=report, now=make.NOW)
    made.refresh_from_db()
    assert made.state == "stray"
    matched(made, [sale(made)], [("交易", TOTAL), ("扣除交易手续费", -FEE)])
    closed(made)
    assert balances() == {"wechat": TOTAL - FEE, "stray": -TOTAL, "fee": FEE}

"""A day's bills from WeChat's stand-in: asked for until they are there, taken whole, matched once."""

from __future__ import annotations

import io
import tracemalloc
from datetime import datetime, time, timedelta
from time import sleep

import pytest
from django.core.management import CommandError, call_command

from kernel.clock import SHANGHAI, shanghai_day
from kernel.models import Case, Event
from payments.models import Bill, BillDifference, BillLine, Payment
from payments.services.bills import run
from payments.services.bills import take as taking
from payments.services.bills.run import DayNotOver, ask_again, due, ready_at, run_day
from payments.services.query import query
from payments.services.start import start_payment
from tests import make
from tests.payments.bill_files import asked, sale, taken, trade_file
from tests.races.crowd import at_once

# Outside calls refuse to run inside a transaction, so the tests' own must not be open either.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment(wechat, world):
    """One payment of today, settled; the stand-in's clock stands at ten past ten of tomorrow."""
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    start_payment(order=order, openid="o-test", now=make.present())
    made = Payment.objects.get()
    wechat.control("pay", out_trade_no=made.out_trade_no)
    query(payment=made, now=make.present())
    to_morning(wechat)
    made.refresh_from_db()
    assert made.state == "succeeded"
    return made


def today():
    return shanghai_day(make.present())


def morning():
    return datetime.combine(today() + timedelta(days=1), time(10, 10), SHANGHAI)


def to_morning(wechat):
    wechat.control("advance", seconds=(morning() - make.present()).total_seconds())


def day_of(payment):
    return run_day(mchid=payment.mchid, day=today(), now=morning())


def test_a_day_is_fetched_and_matched_with_its_movements(payment):
    assert due(now=morning()) == 2
    states = {bill.kind: (bill.state, bill.rows, bill.differences) for bill in Bill.objects.all()}
    assert states == {"trade": ("matched", 1, 0), "fund_basic": ("matched", 2, 0)}
    assert BillLine.objects.get().payment == payment
    assert Case.objects.count() == 0
    assert due(now=morning() + timedelta(hours=2)) == 0


def test_a_day_asked_for_by_hand_hides_none_of_those_before_it(payment, wechat):
    later = today() + timedelta(days=2)
    wechat.control("advance", seconds=timedelta(days=2).total_seconds())
    run_day(mchid=payment.mchid, day=later, now=morning() + timedelta(days=2))
    due(now=morning() + timedelta(days=2))
    days = Bill.objects.filter(kind="trade").order_by("day").values_list("day", flat=True)
    assert list(days) == [today() + timedelta(days=n) for n in range(3)]


def test_nothing_is_asked_before_ten_in_shanghai(payment):
    early = ready_at(today()) - timedelta(minutes=1)
    assert due(now=early) == 0
    assert Bill.objects.count() == 0
    with pytest.raises(DayNotOver):
        run_day(mchid=payment.mchid, day=today(), now=early)


def test_days_that_were_missed_are_made_up_for(payment, wechat):
    assert due(now=morning() + timedelta(days=2)) == 6
    days = Bill.objects.filter(kind="trade").order_by("day").values_list("day", flat=True)
    assert list(days) == [today() + timedelta(days=n) for n in range(3)]


def test_a_day_without_a_bill_and_without_payments_of_ours_was_empty(payment, wechat):
    Payment.objects.update(succeeded_at=make.present() - timedelta(days=3))
    wechat.control("switches", call="tradebill", mode="missing_line")
    wechat.control("switches", call="fundflowbill", mode="missing_line")
    trade, fund = day_of(payment)
    assert [(bill.state, bill.rows, bill.sha1) for bill in (trade, fund)] == [("matched", 0, "")] * 2


def test_a_day_without_a_bill_but_with_payments_of_ours_has_one_tomorrow_or_never(payment, wechat):
    wechat.control("switches", call="tradebill", mode="missing_line", times=2)
    assert day_of(payment)[0].state == "asked"
    bills = run_day(mchid=payment.mchid, day=today(), now=morning() + timedelta(days=1))
    assert bills[0].state == "matched"
    assert [case.kind for case in Case.objects.filter(kind="bill.missing_payment")] == [
        "bill.missing_payment"
    ]


@pytest.mark.parametrize("mode", ["late", "wrong_hash", "elsewhere", "500", "wrong_signature", "unsigned"])
def test_a_bill_that_is_not_there_or_not_believed_is_asked_for_again(payment, wechat, mode):
    wechat.control("switches", call="tradebill", mode=mode)
    trade, fund = day_of(payment)
    assert trade.state == "asked"
    assert trade.trouble != ""
    assert fund.state == "downloaded"
    assert BillLine.objects.count() == 0
    assert [bill.state for bill in day_of(payment)] == ["matched", "matched"]
    assert Bill.objects.get(kind="trade").trouble == ""


@pytest.mark.parametrize("mode", ["500", "timeout_before"])
def test_a_download_that_breaks_takes_nothing(payment, wechat, mode):
    wechat.control("switches", call="billdownload", mode=mode, seconds=0.1)
    assert day_of(payment)[0].state == "asked"
    assert day_of(payment)[0].state == "matched"


def test_a_bill_that_stays_away_is_a_case_until_it_comes(payment, wechat):
    wechat.control("switches", call="tradebill", mode="late", times=2)
    day_of(payment)
    assert Case.objects.count() == 0
    run_day(mchid=payment.mchid, day=today(), now=morning() + timedelta(hours=12))
    case = Case.objects.get()
    assert (case.kind, case.state) == ("bill.late", "open")
    run_day(mchid=payment.mchid, day=today(), now=morning() + timedelta(hours=13))
    case.refresh_from_db()
    assert (case.state, case.settled_by) == ("settled", "system")


def test_one_bill_that_fails_as_nobody_foresaw_stops_no_other_and_is_tried_again(payment, monkeypatch):
    really = run._run

    def poison(bill, now):
        if bill.kind == "trade":
            raise ZeroDivisionError
        return really(bill, now)

    monkeypatch.setattr(run, "_run", poison)
    assert due(now=morning()) == 2
    trade, funds = Bill.objects.get(kind="trade"), Bill.objects.get(kind="fund_basic")
    assert (trade.state, funds.state) == ("asked", "downloaded")
    case = Case.objects.get()
    assert (case.kind, case.key, case.facts["error"]) == (
        "bill.failing",
        trade.event_key,
        "ZeroDivisionError",
    )
    assert due(now=morning() + timedelta(minutes=9)) == 0
    later = morning() + timedelta(minutes=10)
    assert due(now=later) == 2
    trade.refresh_from_db()
    assert (trade.tries, trade.next_try_at) == (2, later + timedelta(minutes=20))
    monkeypatch.undo()
    assert due(now=later + timedelta(minutes=20)) == 2
    assert set(Bill.objects.values_list("state", flat=True)) == {"matched"}
    case.refresh_from_db()
    assert case.state == "settled"


def test_a_truncated_file_is_unreadable_and_may_be_asked_for_again(payment, wechat):
    wechat.control("switches", call="tradebill", mode="truncated")
    trade = day_of(payment)[0]
    assert (trade.state, trade.trouble) == ("unreadable", "line 3: the file ends too early")
    assert day_of(payment)[0].state == "unreadable"
    ask_again(bill=trade, by="olga", now=morning())
    assert day_of(payment)[0].state == "matched"
    assert [(case.kind, case.state) for case in Case.objects.all()] == [("bill.unreadable", "settled")]


@pytest.mark.parametrize(
    ("call", "mode", "kinds"),
    [
        ("tradebill", "extra_line", {"unknown_payment", "fund_sum"}),
        ("tradebill", "wrong_amount", {"amount", "fund_sum"}),
        ("fundflowbill", "wrong_amount", {"fund_sum"}),
        ("fundflowbill", "wrong_balance", {"fund_balance"}),
    ],
)
def test_what_the_stand_in_spoils_is_found(payment, wechat, call, mode, kinds):
    wechat.control("switches", call=call, mode=mode)
    assert [bill.state for bill in day_of(payment)] == ["matched", "matched"]
    assert set(BillDifference.objects.values_list("kind", flat=True)) == kinds


def test_a_payment_whose_every_word_was_lost_is_settled_by_the_bill(wechat, world):
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    start_payment(order=order, openid="o-test", now=make.present())
    wechat.control("switches", call="notify", mode="lost_notification")
    wechat.control("pay", out_trade_no=Payment.objects.get().out_trade_no)
    to_morning(wechat)
    assert day_of(Payment.objects.get())[0].differences == 0
    assert Payment.objects.get().state == "succeeded"
    order.refresh_from_db()
    assert order.state == "paid"
    assert order.payer_index is not None  # WeChat was asked: the bill does not tell who paid


def test_two_at_once_take_and_match_a_day_once(payment):
    results = at_once([lambda: day_of(payment)] * 3)
    assert [[bill.state for bill in bills] for bills in results] == [["matched", "matched"]] * 3
    assert BillLine.objects.count() == 1
    assert Event.objects.filter(name="bill.matched").count() == 2


def test_without_its_lock_two_at_once_would_take_a_day_twice(payment, monkeypatch):
    monkeypatch.setattr(
        taking.Bill.objects, "select_for_update", lambda **_: Bill.objects.all(), raising=True
    )
    load = taking._load

    def slowly(bill, file):
        sleep(0.3)
        return load(bill, file)

    monkeypatch.setattr(taking, "_load", slowly)
    content = trade_file([sale(payment)])
    bill = asked(payment, today())
    bills = [Bill.objects.get(pk=bill.pk) for _ in range(4)]
    results = at_once([lambda one=one: taken(one, content) for one in bills])
    assert any(isinstance(result, Exception) for result in results)


def test_the_command_says_what_it_found_and_refuses_a_day_that_is_not_over(payment, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("payments.management.commands.bills.now", morning)
    call_command("bills", day=today(), merchant=payment.mchid, stdout=out)
    said = out.getvalue().splitlines()
    assert said[0].startswith("trade: matched, 1 rows, 0 differences; sales ")
    assert said[1] == "fund_basic: matched, 2 rows, 0 differences"
    with pytest.raises(CommandError, match="bill_day_not_over"):
        call_command("bills", day=today() + timedelta(days=1), merchant=payment.mchid)


def test_what_taking_a_bill_holds_does_not_grow_with_its_lines(payment):
    def held(count, day):
        row = sale(payment, 交易时间=f"{day} 12:00:00")
        rows = [row | {"微信订单号": f"43{n:08}", "商户订单号": f"X{n:08}"} for n in range(count)]
        content = trade_file(rows)
        bill = asked(payment, day)
        del rows
        tracemalloc.start()
        try:
            taken(bill, content)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    held(10, today() - timedelta(days=9))  # what is held once, however many lines
    little, much = held(200, today() - timedelta(days=8)), held(8_000, today() - timedelta(days=7))
    assert BillLine.objects.count() == 8_210
    assert much < little + 512 * 1024  # the file alone is 1.6 MB more

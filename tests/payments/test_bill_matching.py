"""Every way in which a bill and our books may differ is found, once, with its amounts and a case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from kernel import cases
from kernel.models import Case, Event
from payments.models import Bill, BillDifference, BillLine, Refund
from payments.services.bills import matching
from payments.services.bills.differences import MOST_CASES, TITLES
from payments.services.bills.matching import match
from tests import make
from tests.payments.bill_files import (
    DAY,
    asked,
    found,
    given_back,
    paid,
    refunded,
    sale,
    taken,
    trade_file,
)
from wechat.errors import OutcomeUnknown

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def test_a_day_on_which_both_say_the_same_is_matched_and_told_with_its_sums(world):
    payment = paid(world)
    refund = refunded(payment)
    bill = taken(asked(payment), trade_file([sale(payment), given_back(refund)]))
    match(bill=bill, now=make.NOW)
    assert found() == []
    assert (bill.state, bill.differences, bill.rows) == ("matched", 0, 2)
    lines = BillLine.objects.order_by("line").values_list("line", "kind", "payment_id", "refund_id")
    assert list(lines) == [(2, "sale", payment.pk, None), (3, "refund", payment.pk, refund.pk)]
    event = Event.objects.get(name="bill.matched")
    fee = (payment.amount_fen * 6 + 500) // 1000
    assert event.key == f"bill:{payment.mchid}:2026-11-20:trade"
    assert event.facts == {
        "from": "downloaded",
        "verb": "match",
        "mchid": payment.mchid,
        "day": "2026-11-20",
        "kind": "trade",
        "sales": 1,
        "sales_fen": payment.amount_fen,
        "settled_fen": payment.amount_fen,
        "refunds": 1,
        "refunded_fen": 1_000,
        "fee_fen": fee - 6,
        "differences": 0,
    }


def test_a_payment_that_is_not_ours(world):
    payment = paid(world)
    stranger = sale(payment, 微信订单号="4200999", 商户订单号="X99999", total=1999)
    match(bill=taken(asked(payment), trade_file([sale(payment), stranger])), now=make.NOW)
    assert found() == [("unknown_payment", "transaction:4200999", 1999, None)]


def test_a_payment_of_ours_that_the_bill_leaves_out(world):
    payment = paid(world)
    other = paid(world, "4200002")
    match(bill=taken(asked(payment), trade_file([sale(other)])), now=make.NOW)
    assert found() == [("missing_payment", f"payment:{payment.out_trade_no}", None, payment.amount_fen)]


def test_another_amount(world):
    payment = paid(world)
    row = sale(payment, total=payment.amount_fen + 1)
    match(bill=taken(asked(payment), trade_file([row])), now=make.NOW)
    assert found() == [
        ("amount", f"payment:{payment.out_trade_no}", payment.amount_fen + 1, payment.amount_fen)
    ]


def test_another_transaction_under_the_number_of_a_payment(world):
    payment = paid(world)
    rows = [sale(payment), sale(payment, 微信订单号="4200777")]
    match(bill=taken(asked(payment), trade_file(rows)), now=make.NOW)
    assert found() == [("state", f"payment:{payment.out_trade_no}", payment.amount_fen, payment.amount_fen)]
    assert BillDifference.objects.get().says == "succeeded 4200001 / SUCCESS 4200777"


def test_a_payment_that_was_revoked(world):
    payment = paid(world)
    rows = [sale(payment), sale(payment, total=0, 交易状态="REVOKED")]
    match(bill=taken(asked(payment), trade_file(rows)), now=make.NOW)
    assert found() == [("state", f"payment:{payment.out_trade_no}", 0, payment.amount_fen)]


def test_another_fee_than_the_rate_says(world):
    payment = paid(world)
    fee = (payment.amount_fen * 6 + 500) // 1000
    near = taken(asked(payment), trade_file([sale(payment, 手续费=fee + 1)]))
    match(bill=near, now=make.NOW)
    assert found() == []
    other = paid(world, "4200002", at=make.NOW + timedelta(days=1))
    far = taken(asked(payment, DAY + timedelta(days=1)), trade_file([sale(other, 手续费=fee + 2)]))
    match(bill=far, now=make.NOW)
    assert found() == [("fee", f"payment:{other.out_trade_no}", fee + 2, fee)]


def test_one_payment_told_twice(world):
    payment = paid(world)
    first = taken(asked(payment), trade_file([sale(payment)]))
    match(bill=first, now=make.NOW)
    assert found() == []
    second = taken(asked(payment, DAY + timedelta(days=1)), trade_file([sale(payment)]))
    match(bill=second, now=make.NOW)
    assert found() == [("doubled", "transaction:4200001", payment.amount_fen, None)]


def test_a_refund_of_a_payment_that_is_not_ours(world):
    payment = paid(world)
    refund = refunded(payment)
    stranger = given_back(refund, 微信订单号="4200999", 商户订单号="X99999", 商户退款单号="X-R1", total=300)
    rows = [sale(payment), given_back(refund), stranger]
    match(bill=taken(asked(payment), trade_file(rows)), now=make.NOW)
    assert found() == [("unknown_refund", "refund:X-R1", 300, None)]


def test_a_refund_made_by_hand_is_booked_by_the_one_door_and_is_its_case(world):
    payment = paid(world)
    refund = refunded(payment)
    by_hand = given_back(refund, 商户退款单号="BYHAND1", 微信退款单号="5030002", total=300)
    bill = taken(asked(payment), trade_file([sale(payment), given_back(refund), by_hand]))
    match(bill=bill, now=make.NOW)
    booked = Refund.objects.get(out_refund_no="BYHAND1")
    assert (booked.payment, booked.amount_fen, booked.asked_by, booked.state) == (
        payment,
        300,
        "wechat",
        "processing",
    )
    assert [(case.kind, case.key) for case in Case.objects.all()] == [("refund.unknown", "refund:BYHAND1")]
    assert bill.differences == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "then"),
    [
        ("accepted", "PROCESSING", "processing"),
        ("accepted", "SUCCESS", "succeeded"),
        ("processing", "SUCCESS", "succeeded"),
        ("processing", "CLOSED", "closed"),
        ("closed", "SUCCESS", "succeeded"),
    ],
)
def test_what_became_of_a_refund_is_taken_in_by_the_one_door(world, ours, theirs, then):
    payment = paid(world)
    refund = refunded(payment, state=ours)
    bill = taken(asked(payment), trade_file([sale(payment), given_back(refund, 退款状态=theirs)]))
    match(bill=bill, now=make.NOW)
    refund.refresh_from_db()
    assert refund.state == then
    assert BillDifference.objects.count() == 0


def test_a_refund_that_wechat_pay_had_and_its_bill_leaves_out(world):
    payment = paid(world)
    refund = refunded(payment)
    match(bill=taken(asked(payment), trade_file([sale(payment)])), now=make.NOW)
    assert found() == [("missing_refund", f"refund:{refund.out_refund_no}", None, 1_000)]


def test_a_refund_that_wechat_pay_never_had_is_not_missed(world):
    payment = paid(world)
    refunded(payment, state="accepted")
    match(bill=taken(asked(payment), trade_file([sale(payment)])), now=make.NOW)
    assert found() == []


def test_a_refund_of_another_amount(world):
    payment = paid(world)
    refund = refunded(payment)
    rows = [sale(payment), given_back(refund, total=900)]
    match(bill=taken(asked(payment), trade_file(rows)), now=make.NOW)
    assert found() == [("refund_amount", f"refund:{refund.out_refund_no}", 900, 1_000)]


@pytest.mark.parametrize(
    ("ours", "theirs", "differs"),
    [
        ("processing", "PROCESSING", False),
        ("succeeded", "PROCESSING", False),  # the bill tells the state of its day and is not told anew
        ("succeeded", "SUCCESS", False),
        ("requested", "PROCESSING", True),  # it never left this house
        ("succeeded", "CLOSED", True),
    ],
)
def test_a_refund_s_state_differs_only_where_the_bill_s_is_final(world, ours, theirs, differs):
    payment = paid(world)
    refund = refunded(payment, state=ours)
    rows = [sale(payment), given_back(refund, 退款状态=theirs)]
    match(bill=taken(asked(payment), trade_file(rows)), now=make.NOW)
    expected = [("refund_state", f"refund:{refund.out_refund_no}", 1_000, 1_000)]
    assert found() == (expected if differs else [])


def test_a_summary_that_is_not_the_sum_of_the_lines(world):
    payment = paid(world)
    content = trade_file([sale(payment)], 总交易单数=2, 手续费总金额=0)
    bill = taken(asked(payment), content)
    match(bill=bill, now=make.NOW)
    fee = (payment.amount_fen * 6 + 500) // 1000
    assert found() == [
        ("summary", f"{bill.event_key}:fee_fen", 0, fee),
        ("summary", f"{bill.event_key}:rows", 2, 1),
    ]
    assert bill.differences == 2


def test_a_payment_of_the_last_minutes_is_looked_for_a_day_later(world):
    late = paid(world, at=make.NOW.replace(hour=15, minute=57))  # 23:57 in Shanghai
    match(bill=taken(asked(late), trade_file([])), now=make.NOW)
    assert found() == []
    next_day = taken(asked(late, DAY + timedelta(days=1)), trade_file([]))
    match(bill=next_day, now=make.NOW)
    assert found() == [("missing_payment", f"payment:{late.out_trade_no}", None, late.amount_fen)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_neither_of_two_days_tells_is_missed_once_whichever_came_first(world, order):
    late = paid(world, at=make.NOW.replace(hour=15, minute=57))  # 23:57 in Shanghai
    refund = refunded(late, at=make.NOW.replace(hour=15, minute=58))
    other = paid(world, "4200002")
    files = [trade_file([sale(other)]), trade_file([])]
    for after in order:
        bill = taken(asked(late, DAY + timedelta(days=after)), files[after])
        match(bill=bill, now=make.NOW)
    assert found() == [
        ("missing_payment", f"payment:{late.out_trade_no}", None, late.amount_fen),
        ("missing_refund", f"refund:{refund.out_refund_no}", None, 1_000),
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_is_missed_is_told_once_where_both_days_came_before_either_was_compared(world, order):
    late = paid(world, at=make.NOW.replace(hour=15, minute=57))
    bills = [taken(asked(late, DAY + timedelta(days=after)), trade_file([])) for after in (0, 1)]
    for after in order:
        match(bill=bills[after], now=make.NOW)
    assert [row[:2] for row in found()] == [("missing_payment", f"payment:{late.out_trade_no}")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_payment_of_the_last_minutes_that_the_next_day_tells_is_missed_by_neither(world, order):
    late = paid(world, at=make.NOW.replace(hour=15, minute=57))
    files = [trade_file([]), trade_file([sale(late)])]
    for after in order:
        match(bill=taken(asked(late, DAY + timedelta(days=after)), files[after]), now=make.NOW)
    assert found() == []


def test_a_day_looked_at_again_is_as_it_was_and_opens_no_case_anew(world):
    payment = paid(world)
    bill = taken(asked(payment), trade_file([sale(payment, total=1)]))
    match(bill=bill, now=make.NOW)
    cases.settle_case(case=Case.objects.get(), by="olga", note="asked WeChat Pay", now=make.NOW)
    before = list(BillDifference.objects.values()), list(BillLine.objects.values())
    match(bill=bill, now=make.NOW)
    taken(bill, trade_file([sale(payment)]))
    assert (list(BillDifference.objects.values()), list(BillLine.objects.values())) == before
    assert Case.objects.filter(state="open").count() == 0
    assert Event.objects.filter(name="bill.matched").count() == 1
    assert Case.objects.get().seen == 1


def test_a_matching_that_dies_half_way_leaves_nothing_and_is_done_whole_the_next_time(world, monkeypatch):
    payment = paid(world)
    bill = taken(asked(payment), trade_file([sale(payment, total=1)]))

    def die(**_):
        raise RuntimeError("the worker died")

    with monkeypatch.context() as dying:
        dying.setattr(matching, "conclude", die)

        with pytest.raises(RuntimeError), transaction.atomic():
            match(bill=bill, now=make.NOW)
    assert BillDifference.objects.count() == 0
    assert Bill.objects.get().state == "downloaded"
    match(bill=bill, now=make.NOW)
    assert len(found()) == 1


def test_more_of_a_kind_than_a_person_can_attend_to_are_one_case(world):
    payment = paid(world)
    strangers = [
        sale(payment, 微信订单号=f"43{n:06}", 商户订单号=f"X{n:06}", total=100) for n in range(MOST_CASES + 1)
    ]
    bill = taken(asked(payment), trade_file([sale(payment), *strangers]))
    match(bill=bill, now=make.NOW)
    assert bill.differences == MOST_CASES + 1 == BillDifference.objects.count()
    case = Case.objects.get()
    assert (case.kind, case.key) == ("bill.unknown_payment", bill.event_key)
    assert (case.facts["number"], case.facts["theirs_fen"]) == (101, 10_100)


@pytest.mark.django_db(transaction=True)
def test_a_bill_that_cannot_be_read_leaves_no_line_behind(world):
    payment = paid(world)
    content = trade_file([sale(payment), sale(payment, 费率="free")])
    bill = taken(asked(payment), content)
    assert (bill.state, bill.trouble) == ("unreadable", "line 3: 费率 is not of its form")
    assert BillLine.objects.count() == 0
    case = Case.objects.get()
    assert (case.kind, case.facts["line"]) == ("bill.unreadable", 3)


def test_a_payment_that_only_the_bill_told_of_is_settled_by_the_one_door(world, monkeypatch):
    payment = make.payment(make.order(world.alice, ("HD-1", 1)))

    def silent(**_):
        raise OutcomeUnknown(call="query", reason="no answer")

    monkeypatch.setattr(matching, "query", silent)
    bill = taken(asked(payment), trade_file([sale(payment, 微信订单号="4200001")]))
    match(bill=bill, now=make.NOW)
    payment.refresh_from_db()
    assert (payment.state, payment.transaction_id) == ("succeeded", "4200001")
    assert payment.order.__class__.objects.get().state == "paid"
    assert found() == []


def test_money_that_no_order_took_is_a_stray_and_no_difference_of_the_bill(world, monkeypatch):
    payment = make.payment(make.order(world.alice, ("HD-1", 1)), state="closed")
    monkeypatch.setattr(matching, "query", lambda **_: None)
    match(bill=taken(asked(payment), trade_file([sale(payment, 微信订单号="4200001")])), now=make.NOW)
    payment.refresh_from_db()
    assert payment.state == "stray"
    assert BillDifference.objects.count() == 0
    assert [case.kind for case in Case.objects.all()] == ["payment.late"]


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_billline SET order_fen = 0",
        "DELETE FROM payments_billline",
        "UPDATE payments_fundline SET amount_fen = 0",
        "DELETE FROM payments_billdifference",
        "DELETE FROM payments_bill",
    ],
)
def test_those_who_serve_change_nothing_of_what_a_bill_said(world, role, statement):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute(statement)


def test_the_worker_s_role_is_enough_to_take_and_match_a_bill(world):
    payment = paid(world)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        bill = taken(asked(payment), trade_file([sale(payment)]))
        match(bill=bill, now=make.NOW)
        cursor.execute("RESET ROLE")
    assert bill.state == "matched"


def test_every_kind_of_difference_has_a_title():
    assert set(TITLES) == set(BillDifference.Kind.values)

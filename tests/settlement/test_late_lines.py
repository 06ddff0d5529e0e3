"""What one bill missed and a later one tells: the gap is gone, and what was posted for it is looked at."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from backend import delivery
from kernel.models import Case
from payments.models import Bill, BillDifference
from payments.services.bills import differences
from payments.services.bills.matching import match
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.correct import NothingOpen, Open, ToldSince, correct, left_open
from settlement.services.late_lines import hear_late
from settlement.services.reverse_correction import reverse_correction
from tests import make
from tests.payments.bill_files import DAY, asked, given_back, paid, refunded, sale, taken, trade_file
from tests.settlement.bill_days import balances
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
TOTAL = 10_910
NEXT = DAY + timedelta(days=1)


@pytest.fixture
@step
def payment():
    made = paid(make.world())
    delivery.drain()
    return made


def paid_too(payment):
    """A second payment of the same consumer."""
    other = paid(SimpleNamespace(alice=payment.order.customer), "4200002")
    delivery.drain()
    return other


def compared(payment, rows, day=DAY):
    bill = taken(asked(payment, day), trade_file(rows))
    match(bill=bill, now=make.NOW)
    delivery.drain()
    return bill


def missing(kind="missing_payment"):
    return BillDifference.objects.get(kind=kind)


def posted(difference, account=Account.OTHER, fen=None):
    return correct(difference=difference, account=account, amount_fen=fen, note="n", by="fritz", now=make.NOW)


def states(difference):
    rows = Case.objects.filter(kind=f"bill.{difference.kind}", key=difference.key).order_by("id")
    return list(rows.values_list("state", flat=True))


def test_a_payment_that_the_next_bill_tells_is_missing_no_more(payment):
    compared(payment, [])
    assert (left_open(missing()), states(missing())) == (Open(Account.WECHAT, -TOTAL), ["open"])
    bill = compared(payment, [sale(payment)], NEXT)
    assert (left_open(missing()).fen, states(missing())) == (0, ["settled"])
    case = Case.objects.get(key=missing().key)
    assert (case.settled_by, case.note) == ("system", f"in {bill}")
    with pytest.raises(NothingOpen):
        posted(missing())


def test_what_was_posted_for_it_comes_before_an_operator_again_until_it_is_reversed(payment):
    compared(payment, [])
    entry = posted(missing())
    assert (balances()["other"], states(missing())) == (TOTAL, ["settled"])
    bill = compared(payment, [sale(payment)], NEXT)
    assert (left_open(missing()).fen, states(missing())) == (TOTAL, ["settled", "open"])
    assert hear_late(bill=bill, now=make.NOW) == 1
    assert states(missing()) == ["settled", "open"]
    with pytest.raises(ToldSince):
        posted(missing(), Account.BANK)
    reverse_correction(entry=entry, note="it came", by="olga", now=make.NOW)
    assert (left_open(missing()).fen, states(missing())) == (0, ["settled", "settled"])
    assert balances()["wechat"] == TOTAL - 65
    assert "other" not in balances()


def test_of_two_postings_the_case_stays_until_both_are_reversed(payment):
    compared(payment, [])
    first, second = posted(missing(), Account.OTHER, 10_000), posted(missing(), Account.BANK)
    compared(payment, [sale(payment)], NEXT)
    reverse_correction(entry=first, note="n", by="olga", now=make.NOW)
    assert (left_open(missing()).fen, states(missing())) == (910, ["settled", "open"])
    reverse_correction(entry=second, note="n", by="olga", now=make.NOW)
    assert (left_open(missing()).fen, states(missing())) == (0, ["settled", "settled"])


def test_a_refund_that_the_next_bill_tells_is_missing_no_more(payment):
    refund = refunded(payment, 500, "succeeded")
    delivery.drain()
    compared(payment, [sale(payment)])
    assert (left_open(missing("missing_refund")).fen, states(missing("missing_refund"))) == (500, ["open"])
    compared(payment, [given_back(refund)], NEXT)
    assert (left_open(missing("missing_refund")).fen, states(missing("missing_refund"))) == (0, ["settled"])


def test_a_refund_that_was_posted_meanwhile_is_put_before_an_operator_again(payment):
    refund = refunded(payment, 500, "succeeded")
    delivery.drain()
    compared(payment, [sale(payment)])
    posted(missing("missing_refund"))
    compared(payment, [given_back(refund)], NEXT)
    assert (left_open(missing("missing_refund")).fen, states(missing("missing_refund"))) == (
        -500,
        ["settled", "open"],
    )


def test_the_one_case_of_very_many_ends_with_the_last_of_them(payment, monkeypatch):
    monkeypatch.setattr(differences, "MOST_CASES", 1)
    other = paid_too(payment)
    bill = compared(payment, [])
    assert [case.key for case in Case.objects.filter(kind="bill.missing_payment")] == [bill.event_key]
    compared(payment, [sale(payment)], NEXT)
    assert Case.objects.get(kind="bill.missing_payment").state == "open"
    later = NEXT + timedelta(days=1)
    compared(payment, [sale(other, **{"交易时间": f"{later} 00:01:00"})], later)
    assert Case.objects.get(kind="bill.missing_payment").state == "settled"


def test_a_bill_that_tells_of_others_leaves_what_is_missing_as_it_is(payment):
    compared(payment, [])
    other = paid_too(payment)
    compared(payment, [sale(other)], NEXT)
    first = BillDifference.objects.get(bill__day=DAY)
    assert (left_open(first).fen, states(first)) == (-TOTAL, ["open"])
    assert (Bill.objects.count(), Entry.objects.filter(kind="correction").count()) == (2, 0)

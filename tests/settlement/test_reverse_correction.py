"""A correction is taken back once, by an entry that names it; its difference and its case are open again."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from kernel.models import Case, Event
from payments.models import BillDifference
from settlement import queries
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.correct import Open, PostedBefore, correct, left_open
from settlement.services.entries import enter_payment
from settlement.services.reverse_correction import (
    NotReversible,
    ReversedBefore,
    is_reversible,
    reverse_correction,
)
from tests import make
from tests.payments.bill_files import DAY, paid, sale
from tests.races.crowd import at_once
from tests.settlement.bill_days import balances, closed, matched
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
TOTAL, FEE = 10_910, 65
SOLD = [("交易", TOTAL), ("扣除交易手续费", -FEE)]


@pytest.fixture
@step
def payment():
    return paid(make.world())


@pytest.fixture
def debit(payment):
    """A complaint cost 500 fen."""
    matched(payment, [sale(payment)], [*SOLD, ("投诉扣款", -500)])
    closed(payment)
    return BillDifference.objects.get(kind="fund_other")


def posted(difference, account, fen=None):
    return correct(difference=difference, account=account, amount_fen=fen, note="n", by="fritz", now=make.NOW)


def taken_back(entry):
    return reverse_correction(entry=entry, note="it was a fee", by="olga", now=make.NOW)


def amounts(entry):
    return dict(entry.postings.values_list("account", "amount_fen"))


def states(difference):
    return list(Case.objects.filter(key=difference.key).order_by("id").values_list("state", flat=True))


def test_a_reversal_has_the_other_signs_and_names_what_it_takes_back_which_stays(debit):
    wrong = posted(debit, Account.GOODWILL)
    entry = taken_back(wrong)
    assert amounts(entry) == {"goodwill": -500, "unexplained": 500}
    assert amounts(wrong) == {"goodwill": 500, "unexplained": -500}
    assert (entry.kind, entry.key, entry.day) == ("correction", f"reversal:{wrong.pk}", DAY)
    assert (entry.reverses, entry.difference, wrong.reversal) == (wrong, debit, entry)
    assert "goodwill" not in balances()
    assert queries.out_of_balance() == []
    told = Event.objects.get(name="difference.reversed")
    assert (told.key, told.facts) == (
        f"difference:{debit.pk}",
        {"by": "olga", "bill": str(debit.bill), "entry": wrong.key, "note": "it was a fee"},
    )


def test_the_difference_and_its_case_are_open_again_and_it_is_posted_anew_to_any_account(debit):
    wrong = posted(debit, Account.GOODWILL)
    assert (left_open(debit).fen, states(debit)) == (0, ["settled"])
    taken_back(wrong)
    assert left_open(debit) == Open(Account.UNEXPLAINED, -500)
    assert states(debit) == ["settled", "open"]
    again = posted(debit, Account.GOODWILL, 300)
    assert again.key == f"{wrong.key}:2"
    with pytest.raises(PostedBefore):
        posted(debit, Account.GOODWILL, 100)
    assert states(debit) == ["settled", "open"]
    posted(debit, Account.FEE, 200)
    assert states(debit) == ["settled", "settled"]
    assert balances(entry__difference=debit) == {"fee": 200, "goodwill": 300, "unexplained": -500}


def test_a_case_that_is_still_open_is_the_same_one(debit):
    part = posted(debit, Account.GOODWILL, 300)
    taken_back(part)
    case = Case.objects.get(key=debit.key)
    assert (case.state, case.seen, left_open(debit).fen) == ("open", 1, -500)


def test_a_correction_is_taken_back_once_and_a_second_wish_writes_nothing(debit):
    wrong = posted(debit, Account.GOODWILL)
    assert is_reversible(wrong) is True
    taken_back(wrong)
    assert is_reversible(wrong) is False
    with pytest.raises(ReversedBefore):
        taken_back(wrong)
    assert Entry.objects.filter(reverses=wrong).count() == 1
    assert Event.objects.filter(name="difference.reversed").count() == 1
    assert balances(entry__difference=debit) == {}


def test_nothing_but_a_correction_is_taken_back_by_hand(debit, payment):
    enter_payment(payment=payment, now=make.NOW)
    back = taken_back(posted(debit, Account.GOODWILL))
    for entry in (Entry.objects.get(kind="sale"), Entry.objects.get(kind="difference"), back):
        assert is_reversible(entry) is False
        with pytest.raises(NotReversible):
            taken_back(entry)
    assert Entry.objects.filter(reverses__isnull=False).count() == 1


def test_the_account_at_wechat_pay_is_put_back_where_no_bill_told(payment):
    enter_payment(payment=payment, now=make.NOW)
    matched(payment, [], [])
    closed(payment)
    missing = BillDifference.objects.get(kind="missing_payment")
    gap = BillDifference.objects.get(kind="ledger_balance")
    wrong = posted(missing, Account.OTHER)
    assert (left_open(missing).fen, left_open(gap).fen) == (0, 0)
    taken_back(wrong)
    assert (left_open(missing), left_open(gap).fen) == (Open(Account.WECHAT, -TOTAL), 0)
    assert (balances()["wechat"], "other" in balances()) == (TOTAL, False)


def test_of_six_at_once_one_takes_it_back_and_each_other_one_is_told_so(debit):
    wrong = posted(debit, Account.GOODWILL)
    results = at_once([lambda: taken_back(Entry.objects.get(pk=wrong.pk))] * 6)
    assert sorted(type(one).__name__ for one in results) == ["Entry"] + ["ReversedBefore"] * 5
    assert Entry.objects.filter(reverses=wrong).count() == 1
    assert (left_open(debit).fen, states(debit)) == (-500, ["settled", "open"])


def test_with_the_guard_off_six_callers_each_believe_that_nobody_took_it_back(debit):
    wrong = posted(debit, Account.GOODWILL)
    assert at_once([lambda: is_reversible(Entry.objects.get(pk=wrong.pk))] * 6) == [True] * 6


def test_the_database_lets_no_second_entry_name_the_same_one_nor_another_kind_name_any(debit):
    wrong = posted(debit, Account.GOODWILL)
    entry = taken_back(wrong)
    sale_like = "UPDATE settlement_entry SET kind = 'fee' WHERE id = %s"
    second = "UPDATE settlement_entry SET reverses_id = %s WHERE key = %s"
    other = posted(debit, Account.FEE)
    for statement, names, constraint in (
        (sale_like, [entry.pk], "entry_reverses_corrections"),
        (second, [wrong.pk, other.key], "reverses_id"),
    ):
        with (
            pytest.raises(IntegrityError, match=constraint),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, names)

"""What came by both channels about one payment is one matter, whichever told first, and no clock is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case
from payments.models import Complaint, Refund
from payments.services import complaint_clocks, complaints
from payments.services.complaint_answers import approve_refund, note_outside
from tests import make
from tests.payments.complaining import heard, mini_told
from tests.payments.reports import paid
from tests.stepping import step

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PAY = "200201820200101080076610000"


@pytest.fixture
@step
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


def by_pay(payment, **changes):
    return heard(payment, **changes)


def by_mini(payment, **changes):
    told = mini_told(**{"transaction_id": payment.transaction_id, **changes})
    return complaints.take_in_mini_program(storefront_id=payment.storefront_id, told=told, now=told.told_at)


def open_cases():
    return sorted(Case.objects.filter(state="open").values_list("kind", "key"))


@pytest.mark.parametrize(("first", "second", "number"), [(by_pay, by_mini, PAY), (by_mini, by_pay, "MP-1")])
def test_whichever_comes_first_both_are_one_matter_with_one_case(payment, first, second, number):
    lead, other = first(payment), second(payment)
    assert (other.joined, lead.joined, other.order) == (lead, None, payment.order)
    assert open_cases() == [("complaint.reply_due", f"complaint:{number}@{payment.storefront_id}")]
    complaint_clocks.watch(now=make.NOW + 49 * HOUR)
    assert open_cases() == [
        ("complaint.reply_due", f"complaint:{number}@{payment.storefront_id}"),
        ("complaint.reply_overdue", f"complaint:{number}@{payment.storefront_id}"),
    ]


@pytest.mark.parametrize(("first", "second"), [(by_pay, by_mini), (by_mini, by_pay)])
@pytest.mark.parametrize("answered_first", ["payment", "mini_program"])
def test_the_case_stays_until_both_channels_are_answered(payment, first, second, answered_first):
    first(payment), second(payment)
    mini = Complaint.objects.get(channel="mini_program")

    def answer(channel):
        if channel == "payment":
            by_pay(payment, asked=60, state="PROCESSING")
        else:
            note_outside(complaint=mini, ended=False, by="ann", note="已在后台回复", now=make.NOW)

    answer(answered_first)
    assert [kind for kind, _ in open_cases()] == ["complaint.reply_due"]
    answer("mini_program" if answered_first == "payment" else "payment")
    assert open_cases() == []


@pytest.mark.parametrize(("first", "second"), [(by_pay, by_mini), (by_mini, by_pay)])
def test_the_end_of_one_keeps_the_others_clock(payment, first, second):
    first(payment), second(payment)
    complaint_clocks.watch(now=make.NOW + 61 * HOUR)
    by_pay(payment, asked=60, state="PROCESSED")
    assert {kind for kind, _ in open_cases()} >= {"complaint.reply_due", "complaint.reply_overdue"}
    mini = Complaint.objects.get(channel="mini_program")
    note_outside(complaint=mini, ended=True, by="ann", note="已结案", now=make.NOW)
    assert open_cases() == []


def test_the_money_of_both_is_asked_for_once(payment):
    by_mini(payment)
    pay = by_pay(payment)
    approve_refund(complaint=pay, amount_fen=None, by="ann", now=make.NOW)
    assert (Refund.objects.count(), Refund.objects.get().amount_fen) == (1, payment.received_fen)


def test_taken_up_again_by_one_it_is_a_matter_of_its_own(payment):
    by_pay(payment)
    mini = by_mini(payment)
    by_pay(payment, asked=60, state="PROCESSED")
    note_outside(complaint=mini, ended=True, by="ann", note="已结案", now=make.NOW)
    by_mini(payment, status="206", at=make.NOW + HOUR)
    assert open_cases() == [("complaint.reply_due", f"complaint:MP-1@{payment.storefront_id}:2")]


def test_a_matter_that_is_over_and_another_payment_take_nothing_on(payment):
    by_pay(payment, state="PROCESSED")
    assert by_mini(payment).joined is None
    other = paid(make.order(payment.order.customer, ("HD-1", 1)))
    assert by_mini(other, complaint_id="MP-2").joined is None
    assert by_mini(payment, complaint_id="MP-3", transaction_id="4200-unknown").joined is None

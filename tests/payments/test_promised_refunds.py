"""A refund that was promised is put before an operator on its day, until the consumer has the money."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.cases import settle_case
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from orders.models import Order
from payments import tasks
from payments.models import Complaint, ComplaintAct, Refund
from payments.services import complaint_clocks, refund_gate
from payments.services.complaint_answers import approve_refund
from payments.services.refund_refusals import RefundClosed
from payments.services.refund_verbs import ask_again
from tests import make
from tests.payments import reports
from tests.payments.complaining import heard
from tests.payments.reports import paid
from tests.stepping import step

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
KIND = "complaint.refund_overdue"


@pytest.fixture
@step
def promised():
    """A complaint about an order that customs has; its refund is promised in seven days."""
    payment = paid(make.order(make.world().alice, ("HD-1", 1)))
    row = heard(payment)
    Order.objects.filter(pk=payment.order_id).update(gate="with_customs")
    approve_refund(complaint=row, amount_fen=None, by="ann", now=make.NOW)
    heard(payment, asked=60, state="PROCESSED")
    return Complaint.objects.get()


def hear():
    """What the worker makes of the news of refunds, once it is committed."""
    for name, handler in (
        ("refund.requested", tasks.promised_with_it),
        ("refund.succeeded", tasks.money_arrived),
        ("refund.transferred", tasks.money_arrived),
    ):
        for event in Event.objects.filter(name=name).order_by("id"):
            handler(event)


def told(refund, **changes):
    reports.told(refund, **changes)
    hear()


def overdue(state="open"):
    return Case.objects.filter(kind=KIND, state=state).count()


def test_what_has_arrived_is_not_looked_at_day_after_day(promised, monkeypatch):
    """Of all that was ever promised only what the consumer still waits for is read."""
    loaded = []
    really = Complaint.from_db.__func__

    def from_db(cls, *args):
        made = really(cls, *args)
        loaded.append(made.pk)
        return made

    later = make.NOW + 30 * DAY
    refund = promised.refund
    monkeypatch.setattr(Complaint, "from_db", classmethod(from_db))
    for state, target, read in (
        ("accepted", "", 1),
        ("succeeded", "merchant", 1),
        ("succeeded", "", 0),
        ("succeeded", "consumer", 0),
    ):
        facts = {"accepted_at": make.NOW, "refund_id": "5030"}
        if state == "succeeded":
            facts["succeeded_at"] = make.NOW
        Refund.objects.filter(pk=refund.pk).update(state=state, redirected_to=target, **facts)
        loaded.clear()
        complaint_clocks.watch(now=later)
        assert loaded == [promised.pk] * read, (state, target)
    Refund.objects.filter(pk=refund.pk).update(
        redirected_to="merchant", transferred_at=make.NOW, transfer_reference="ICBC-1"
    )
    complaint_clocks.watch(now=later)
    assert loaded == []


def leaves(row):
    """Customs has decided: the refund is on its way."""
    Order.objects.filter(pk=row.order_id).update(gate="after_release")
    refund_gate.let_go(number=row.order.number, now=make.NOW)
    return Refund.objects.get(pk=row.refund_id)


def test_it_is_told_on_the_day_and_not_before_and_once(promised):
    assert promised.refund_on == shanghai_day(make.NOW) + 7 * DAY
    complaint_clocks.watch(now=make.NOW + 6 * DAY)
    assert overdue() == 0
    for days in (7, 7, 8):
        complaint_clocks.watch(now=make.NOW + days * DAY)
    case = Case.objects.get(kind=KIND)
    assert (case.key, case.seen) == (promised.event_key, 1)
    assert (case.facts["refund"], case.facts["promised_on"]) == (
        promised.refund.out_refund_no,
        promised.refund_on.isoformat(),
    )
    settle_case(case=case, by="ann", note="told them another day", now=make.NOW)
    assert complaint_clocks.watch(now=make.NOW + 9 * DAY) == 0


def test_it_settles_itself_when_the_money_arrives(promised):
    complaint_clocks.watch(now=make.NOW + 7 * DAY)
    refund = leaves(promised)
    told(refund, status="PROCESSING")
    assert overdue() == 1
    told(refund)
    assert (overdue(), overdue("settled")) == (0, 1)
    assert Case.objects.get(kind=KIND).note == f"{refund.out_refund_no} arrived"
    assert complaint_clocks.watch(now=make.NOW + 8 * DAY) == 0


def test_money_that_came_in_time_is_not_overdue(promised):
    told(leaves(promised))
    complaint_clocks.watch(now=make.NOW + 30 * DAY)
    assert overdue() == 0


@pytest.mark.usefixtures("wechat_knows_nothing")
def test_a_closed_refund_breaks_the_promise_and_the_one_asked_for_again_keeps_it(promised):
    refund = leaves(promised)
    told(refund, status="CLOSED")
    complaint_clocks.watch(now=make.NOW + 7 * DAY)
    assert overdue() == 1
    refund.refresh_from_db()
    made = ask_again(refund=refund, by="ann", note="", now=make.NOW)
    hear()
    assert Complaint.objects.get().refund == made
    told(made)
    assert overdue() == 0


@pytest.mark.usefixtures("wechat_knows_nothing")
def test_a_closed_refund_that_did_succeed_keeps_the_promise_though_another_was_asked_for(promised):
    refund = leaves(promised)
    told(refund, status="CLOSED")
    refund.refresh_from_db()
    ask_again(refund=refund, by="ann", note="", now=make.NOW)
    told(refund)
    assert Complaint.objects.get().refund == refund
    complaint_clocks.watch(now=make.NOW + 7 * DAY)
    assert overdue() == 0


@pytest.mark.usefixtures("wechat_knows_nothing")
def test_news_that_is_heard_late_and_in_another_sequence_ends_the_same(promised):
    refund = leaves(promised)
    reports.told(refund, status="CLOSED")
    complaint_clocks.watch(now=make.NOW + 7 * DAY)
    refund.refresh_from_db()
    made = ask_again(refund=refund, by="ann", note="", now=make.NOW)
    reports.told(made)
    arrived = Event.objects.get(name="refund.succeeded")
    asked = Event.objects.get(name="refund.requested", key=made.event_key)
    tasks.money_arrived(arrived)
    assert overdue() == 1  # the complaint does not know yet that this is its refund
    tasks.promised_with_it(asked)
    assert (overdue(), Complaint.objects.get().refund) == (0, made)
    reports.told(refund)  # and the first one, too
    hear()
    tasks.promised_with_it(asked)
    assert Complaint.objects.get().refund == refund


def test_what_lies_at_the_merchants_bank_has_not_arrived(promised):
    refund = leaves(promised)
    Refund.objects.filter(pk=refund.pk).update(redirected_to=Refund.Target.MERCHANT)
    told(refund, channel="OTHER_BANKCARD")
    complaint_clocks.watch(now=make.NOW + 7 * DAY)
    assert overdue() == 1


@pytest.mark.usefixtures("wechat_knows_nothing")
@pytest.mark.django_db(transaction=True)
def test_what_is_approved_again_after_it_was_closed_is_asked_for_again_before_wechat_is_told():
    row = heard(paid(make.order(make.world().alice, ("HD-1", 1))))

    def approve():
        ComplaintAct.objects.update(state="done")
        return approve_refund(complaint=row, amount_fen=None, by="ann", now=make.NOW)

    approve()
    for _ in range(2):
        last = Refund.objects.latest("id")
        told(last, status="CLOSED")
        with pytest.raises(RefundClosed) as refused:
            approve()
        assert refused.value.number == last.out_refund_no
        last.refresh_from_db()
        ask_again(refund=last, by="ann", note="", now=make.NOW)
    assert ComplaintAct.objects.filter(kind="approve").count() == 1
    living = Refund.objects.exclude(state="closed").get()
    approve()
    assert (Refund.objects.count(), Complaint.objects.get().refund) == (3, living)
    assert ComplaintAct.objects.filter(kind="approve").count() == 2

"""Complaints at the same moment: one row whoever tells, one answer whoever gives it, said once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from kernel.models import Case, Event
from payments import tasks
from payments.models import Complaint, ComplaintAct, Payment, Refund
from payments.services import (
    complaint_answers,
    complaint_clocks,
    complaint_sending,
    complaints,
    refund_outcome,
    refund_verbs,
)
from payments.services.complaint_answers import AnswerUnderWay, approve_refund, reply
from payments.services.refund_outcome import Outcome
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.payments.complaining import heard, mini_told
from tests.payments.reports import paid, refund_report_of, told
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


def naive_reply(row: Complaint, pause: threading.Barrier) -> int:
    """What a house without the lock does: see that nobody answers, then answer (the index taken away)."""
    free = not row.acts.filter(state="asked").exists()
    pause.wait(timeout=20)
    if free:
        ComplaintAct.objects.create(
            storefront_id=row.storefront_id,
            complaint=row,
            kind="reply",
            by="ann",
            asked_at=make.NOW,
            next_try_at=make.NOW,
        )
    return free


def test_without_lock_and_index_two_operators_both_answer(payment):
    row, pause = heard(payment), threading.Barrier(2)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX complaint_one_act_at_a_time")
    try:
        assert at_once([lambda: naive_reply(row, pause)] * 2) == [True, True]
        assert ComplaintAct.objects.count() == 2
    finally:
        ComplaintAct.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE UNIQUE INDEX complaint_one_act_at_a_time ON payments_complaintact (complaint_id)"
                " WHERE state IN ('asked', 'sent')"
            )


def test_two_operators_who_reply_at_once_give_one_answer(payment):
    row = heard(payment)
    calls = [lambda by=by: reply(complaint=row, text=f"您好，我是{by}", by=by, now=make.NOW) for by in "abcd"]
    results = at_once(calls)
    made = [one for one in results if isinstance(one, ComplaintAct)]
    assert len(made) == 1, results
    assert all(isinstance(one, AnswerUnderWay) for one in results if one not in made), results
    assert ComplaintAct.objects.count() == 1


def test_a_refund_and_a_reply_at_once_are_one_decision(payment):
    row = heard(payment)
    results = at_once(
        [
            lambda: approve_refund(complaint=row, amount_fen=None, by="ann", now=make.NOW),
            lambda: complaint_answers.reject_refund(complaint=row, reason="商品完好", by="bob", now=make.NOW),
        ]
    )
    assert sum(isinstance(one, ComplaintAct) for one in results) == 1, results
    approved = ComplaintAct.objects.get().kind == "approve"
    assert (Complaint.objects.get().refund_id is not None) == approved


def test_notified_and_polled_at_once_it_is_one_complaint_and_one_case(payment):
    results = at_once([lambda second=second: heard(payment, asked=second) for second in range(6)])
    assert len({one.pk for one in results}) == 1, results
    assert Event.objects.filter(name="complaint.taken_in").count() == 1
    assert Case.objects.get().kind == "complaint.reply_due"


def test_the_later_word_stands_whoever_writes_last(payment):
    heard(payment)
    for _ in range(5):
        at_once(
            [
                lambda: heard(payment, asked=100, state="PROCESSING"),
                lambda: heard(payment, asked=50, state="PENDING"),
            ]
        )
        assert Complaint.objects.get().state == "processing"


def test_two_workers_who_send_at_once_send_once(payment, monkeypatch):
    act = reply(complaint=heard(payment), text="您好", by="ann", now=make.NOW)
    said = []
    monkeypatch.setattr(complaint_sending, "_call", lambda client, act: said.append(act.pk))
    later = make.NOW + timedelta(seconds=1)
    results = at_once([lambda: complaint_sending.send(act_id=act.pk, now=later)] * 4)
    assert sorted(results) == [False, False, False, True], results
    assert said == [act.pk]
    assert Complaint.objects.get().state == "processing"


def by_mini(payment):
    told = mini_told(transaction_id=payment.transaction_id)
    return complaints.take_in_mini_program(storefront_id=payment.storefront_id, told=told, now=make.NOW)


def test_without_the_lock_both_channels_at_once_are_two_matters(payment, monkeypatch):
    pause = threading.Barrier(2)

    def blind(payment, channel):
        rows = Complaint.objects.filter(payment=payment, joined=None).exclude(channel=channel)
        found = rows.first()
        pause.wait(timeout=20)
        return found

    monkeypatch.setattr(complaints, "_other_channel", blind)
    at_once([lambda: heard(payment), lambda: by_mini(payment)])
    assert list(Complaint.objects.values_list("joined", flat=True)) == [None, None]
    assert Case.objects.filter(kind="complaint.reply_due").count() == 2


def test_both_channels_at_once_are_one_matter(payment):
    results = at_once([lambda: heard(payment), lambda: by_mini(payment)] * 3)
    assert all(isinstance(one, Complaint) for one in results), results
    lead = Complaint.objects.get(joined=None)
    assert Complaint.objects.get(joined=lead).channel != lead.channel
    assert Case.objects.get().key == lead.event_key


@pytest.fixture
def promised():
    """A complaint whose refund, of one piece of two, is on its way."""
    payment = paid(make.order(make.world().alice, ("HD-1", 2)))
    ask = {"number": payment.order.number, "reason": "退款", "asked_by": "system", "now": make.NOW}
    refund = request_refund(wish=Wish({payment.order.lines.get().pk: 1}), key="k", **ask)
    row = heard(payment)
    Complaint.objects.filter(pk=row.pk).update(refund=refund)
    return row, refund


def meet(monkeypatch, module, name, pause, *, after=False):
    """Whoever calls this waits, before or after it, until the other one stands at the same point."""
    real = getattr(module, name)

    def waiting(*args, **kwargs):
        if not after:
            pause.wait(timeout=20)
        made = real(*args, **kwargs)
        if after:
            pause.wait(timeout=20)
        return made

    monkeypatch.setattr(module, name, waiting)


def naive_arrived(refund: Refund, pause: threading.Barrier) -> str:
    """What a house does that tells the complaint while it holds the payment's row."""
    with transaction.atomic():
        Payment.objects.select_for_update().get(pk=refund.payment_id)
        pause.wait(timeout=20)
        complaint_clocks.arrived(refund=refund, now=make.NOW)
    return "told"


def approve(row):
    return approve_refund(complaint=row, amount_fen=None, by="ann", now=make.NOW)


def test_told_under_the_payments_lock_an_approval_and_its_refund_wait_for_each_other(promised, monkeypatch):
    row, refund = promised
    told(refund)
    refund.refresh_from_db()
    pause = threading.Barrier(2)
    meet(monkeypatch, complaint_answers, "request_refund", pause)
    results = at_once([lambda: approve(row), lambda: naive_arrived(refund, pause)])
    assert [str(one).split("\n")[0] for one in results].count("deadlock detected") == 1, results


def test_an_approval_and_the_arrival_of_a_refund_at_once_both_end(promised, monkeypatch):
    row, refund = promised
    pause = threading.Barrier(2)
    meet(monkeypatch, complaint_answers, "request_refund", pause)
    meet(monkeypatch, refund_outcome, "_attend", pause)
    act, outcome = at_once([lambda: approve(row), lambda: told(refund)])
    assert (act.kind, outcome) == ("approve", Outcome.TAKEN)
    tasks.money_arrived(Event.objects.get(name="refund.succeeded"))
    assert Complaint.objects.get().refund == Refund.objects.exclude(pk=refund.pk).get()


def test_an_approval_and_asking_again_at_once_both_end(promised, monkeypatch):
    row, refund = promised
    told(refund, status="CLOSED", success_time=None)
    pause = threading.Barrier(2)
    meet(monkeypatch, complaint_answers, "request_refund", pause)
    meet(monkeypatch, refund_verbs, "request_refund", pause, after=True)
    closed = refund_report_of(refund, status="CLOSED", success_time=None)
    monkeypatch.setattr(refund_verbs, "query", lambda client, number: closed)
    calls = [
        lambda: approve(row),
        lambda: refund_verbs.ask_again(refund=refund, by="x", note="", now=make.NOW),
    ]
    act, again = at_once(calls)
    assert (act.kind, again.state) == ("approve", "accepted")
    for event in Event.objects.filter(name="refund.requested").order_by("id"):
        tasks.promised_with_it(event)
    assert Complaint.objects.get().refund == Refund.objects.exclude(pk__in=[refund.pk, again.pk]).get()

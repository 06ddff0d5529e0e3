"""What became of the mini-program's open complaints is read again where a push was lost, one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from kernel.models import Case
from payments import tasks
from payments.models import Complaint, Payment
from payments.services import complaint_rereading
from payments.services.complaint_answers import note_outside
from payments.services.complaint_rereading import reread
from payments.services.complaints import take_in_mini_program
from payments.services.query import query
from tests import make
from tests.payments.complaining import mini_told
from tests.payments.test_paying import start
from wechat.miniprogram import ComplaintApi

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment(wechat, world):
    start(make.order(world.alice, ("HD-1", 2), now=make.present()), world)
    found = Payment.objects.get()
    wechat.control("pay", out_trade_no=found.out_trade_no)
    query(payment=found, now=make.present())
    found.refresh_from_db()
    return found


def complained(wechat, payment) -> Complaint:
    """A complaint whose first push came some seconds ago; every later one is lost, having no address."""
    number = wechat.control("mini_complain", appid=payment.appid, out_trade_no=payment.out_trade_no)
    told = mini_told(
        complaint_id=number["complaint_id"],
        at=make.present() - timedelta(seconds=10),
        out_trade_no=payment.out_trade_no,
    )
    return take_in_mini_program(storefront_id=payment.storefront_id, told=told, now=make.present())


@pytest.fixture
def complaint(wechat, payment):
    return complained(wechat, payment)


def moved(wechat, complaint, status):
    wechat.control("mini_complain", complaint_id=complaint.external_id, status=status)


def now_is(complaint):
    return Complaint.objects.get(pk=complaint.pk)


def open_cases():
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


def asked(wechat) -> int:
    """How often it was told; a token of an earlier world may be refused before."""
    told = requests.get(f"{wechat.url}/sandbox/log", timeout=15).json()["calls"]
    return [(one["call"], one["code"]) for one in told].count(("mini_complaint", 0))


def test_what_is_as_it_was_stays_with_its_one_case_and_takes_over_wechats_clock(wechat, complaint):
    assert reread(now=make.present()) == 1
    row = now_is(complaint)
    assert (row.state, row.told_state, row.times, open_cases()) == (
        "pending",
        "201",
        1,
        ["complaint.reply_due"],
    )
    assert row.heard_at > complaint.heard_at
    assert abs(row.reply_by - (make.present() + timedelta(hours=48))) < timedelta(minutes=1)
    assert reread(now=make.present()) == 1
    assert (Case.objects.count(), Case.objects.get().seen, asked(wechat)) == (1, 1, 2)


def test_a_lost_push_is_made_up_for_and_settles_the_case(wechat, complaint):
    moved(wechat, complaint, "312")
    assert reread(now=make.present()) == 1
    row = now_is(complaint)
    assert (row.state, row.told_state, open_cases()) == ("processing", "312", [])


def test_what_is_ours_to_answer_again_is_another_round_with_a_case_of_its_own(wechat, complaint):
    moved(wechat, complaint, "203")
    reread(now=make.present())
    assert (now_is(complaint).state, open_cases()) == ("processing", [])
    moved(wechat, complaint, "206")
    Complaint.objects.update(heard_at=make.present() - timedelta(minutes=5))
    reread(now=make.present())
    row = now_is(complaint)
    assert (row.state, row.told_state, row.times, open_cases()) == (
        "pending",
        "206",
        2,
        ["complaint.reply_due"],
    )


def test_what_has_ended_or_is_old_is_asked_about_no_more(wechat, complaint):
    note_outside(complaint=complaint, ended=False, by="ann", note="n", now=make.present())
    Complaint.objects.update(complained_at=make.present() - timedelta(days=61))
    assert (reread(now=make.present()), asked(wechat)) == (0, 0)
    Complaint.objects.update(complained_at=make.present() - timedelta(days=59))
    moved(wechat, complaint, "312")
    assert (reread(now=make.present()), asked(wechat)) == (1, 1)
    note_outside(complaint=now_is(complaint), ended=True, by="ann", note="n", now=make.present())
    assert (reread(now=make.present()), asked(wechat)) == (0, 1)


def test_a_complaint_of_wechat_pay_is_not_asked_about_here(wechat, complaint):
    Complaint.objects.update(channel="payment")
    assert (reread(now=make.present()), asked(wechat)) == (0, 0)


def test_it_is_read_beside_the_list_of_wechat_pay_even_where_that_cannot_be_read(
    wechat, complaint, monkeypatch
):
    def poison(**told):
        raise ZeroDivisionError

    moved(wechat, complaint, "312")
    monkeypatch.setattr("payments.services.complaints.poll", poison)
    with pytest.raises(ZeroDivisionError):
        tasks.poll_complaints()
    assert now_is(complaint).told_state == "312"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["500_before", "timeout_before"])
def test_one_that_wechat_does_not_answer_about_keeps_no_other_waiting(wechat, payment, mode):
    first, second = complained(wechat, payment), complained(wechat, payment)
    for row in (first, second):
        moved(wechat, row, "312")
    wechat.control("switches", call="mini_complaint", mode=mode, seconds=4)
    assert reread(now=make.present()) == 1
    assert sorted(Complaint.objects.values_list("told_state", flat=True)) == ["201", "312"]
    assert Case.objects.filter(kind="complaint.not_read").count() == 0
    assert reread(now=make.present()) == 2
    assert set(Complaint.objects.values_list("told_state", flat=True)) == {"312"}


def test_one_that_wechat_knows_nothing_of_stays_as_it_is(wechat, complaint):
    Complaint.objects.update(external_id="999")
    assert reread(now=make.present()) == 0
    assert (now_is(complaint).state, open_cases()) == ("pending", ["complaint.reply_due"])


@pytest.mark.parametrize("answer", [{}, {"complaintOrder": {"complaintOrderId": 1, "status": 201}}])
def test_an_answer_that_is_none_is_one_case_which_settles_when_it_is_read(
    wechat, payment, monkeypatch, answer
):
    first, second = complained(wechat, payment), complained(wechat, payment)
    really = ComplaintApi.get_order_detail

    def poison(api, number):
        return answer if number == first.external_id else really(api, number)

    monkeypatch.setattr(ComplaintApi, "get_order_detail", poison)
    assert reread(now=make.present()) == 1
    case = Case.objects.get(kind="complaint.not_read")
    assert (case.key, case.state) == (first.event_key, "open")
    assert case.facts == {
        "complaint": first.external_id,
        "order": payment.order.number,
        "error": "Malformed",
    }
    assert now_is(second).heard_at > second.heard_at
    reread(now=make.present())
    case.refresh_from_db()
    assert (case.seen, case.state) == (2, "open")
    monkeypatch.setattr(ComplaintApi, "get_order_detail", really)
    assert reread(now=make.present()) == 2
    case.refresh_from_db()
    assert case.state == "settled"


def test_one_that_fails_as_nobody_foresaw_is_a_case_which_settles_when_it_is_read(
    wechat, complaint, monkeypatch
):
    really = complaint_rereading.complaints.take_in_mini_program

    def poison(**told):
        raise ZeroDivisionError("13800138000")

    monkeypatch.setattr(complaint_rereading.complaints, "take_in_mini_program", poison)
    assert reread(now=make.present()) == 0
    case = Case.objects.get(kind="complaint.not_read")
    assert (case.state, case.facts["error"]) == ("open", "ZeroDivisionError")
    monkeypatch.setattr(complaint_rereading.complaints, "take_in_mini_program", really)
    assert reread(now=make.present()) == 1
    case.refresh_from_db()
    assert (case.state, case.settled_by) == ("settled", "system")

"""What is decided in a complaint reaches WeChat once, whatever fails on the way and whoever dies between."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from backend import delivery
from compliance.models import Access
from kernel.models import Case
from payments.models import Complaint, ComplaintAct, Payment, Refund
from payments.services import complaint_sending, complaints
from payments.services.complaint_answers import (
    AnswerUnderWay,
    BadAnswer,
    ComplaintEnded,
    NoRefundWished,
    approve_refund,
    complete,
    hold,
    open_for,
    reject_refund,
    reply,
)
from payments.services.complaint_clocks import promised_day
from payments.services.query import query
from payments.services.refund_refusals import TooMuch
from tests import make
from tests.payments.test_paying import start
from tests.stepping import step
from wechat.pay import complaints as wechat_complaints

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = "/v3/merchant-service/complaints-v2"


class Killed(BaseException):
    """The worker dies here: no handler of ours runs."""


@pytest.fixture
def payment(wechat, world):
    order = make.order(world.alice, ("HD-1", 2), now=make.present())
    start(order, world)
    found = Payment.objects.get()
    wechat.control("pay", out_trade_no=found.out_trade_no)
    query(payment=found, now=make.present())
    found.refresh_from_db()
    return found


@pytest.fixture
def complaint(wechat, payment):
    return complain(wechat, payment)


def complain(wechat, payment, **facts):
    told = {"mchid": payment.mchid, "out_trade_no": payment.out_trade_no, "phone": "13800138000", **facts}
    number = wechat.control("complain", **told)["complaint_id"]
    return complaints.fetch(mchid=payment.mchid, complaint_id=number, now=make.present())


def say(act):
    return complaint_sending.send(act_id=act.pk, now=make.present() + timedelta(seconds=1))


def go_on(minutes=40):
    return complaint_sending.sweep(now=make.present() + timedelta(minutes=minutes))


def answer(complaint, text="您好，我们已核实"):
    return reply(complaint=complaint, text=text, by="ann", now=make.present())


def there(wechat, complaint):
    """Where the complaint stands at WeChat, read again."""
    complaints.fetch(mchid=complaint.mchid, complaint_id=complaint.external_id, now=make.present())
    return Complaint.objects.get(pk=complaint.pk)


def calls(wechat, name):
    log = requests.get(f"{wechat.url}/sandbox/log", timeout=9).json()["calls"]
    return [call["status"] for call in log if call["call"] == name]


def cases():
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


def test_a_complaint_is_read_with_its_order_and_the_telephone_opens_here_alone(complaint, payment):
    assert (complaint.state, complaint.order_id, complaint.wished_fen) == (
        "pending",
        payment.order_id,
        payment.received_fen,
    )
    opened = open_for(complaint=complaint, who="ann", purpose="to call back", now=make.present())
    assert opened == ("商品有问题，申请退款", "13800138000")
    assert set(Access.objects.filter(who="ann").values_list("what", flat=True)) == {
        "payments.complaint.detail",
        "payments.complaint.phone",
    }


def test_the_worker_reads_what_a_notification_told(wechat, payment, live_notice):
    live_notice(
        complain_id := wechat.control("complain", mchid=payment.mchid, out_trade_no=payment.out_trade_no)[
            "complaint_id"
        ]
    )
    delivery.drain()
    assert Complaint.objects.get().external_id == complain_id


@pytest.fixture
@step
def live_notice(payment):
    """Record what the web process records of a notification."""
    from django.db import transaction

    from kernel import events

    def tell(number):
        with transaction.atomic():
            events.record(
                storefront_id=payment.storefront_id,
                name="complaint.told",
                key=f"complaint_notice:{number}",
                facts={"mchid": payment.mchid, "complaint": number, "action": ""},
                now=make.present(),
            )

    return tell


def test_a_lost_notification_is_found_by_the_poll(wechat, payment):
    wechat.control("complain", mchid=payment.mchid, out_trade_no=payment.out_trade_no)
    assert complaints.poll(now=make.present()) == 1
    assert complaints.poll(now=make.present()) == 1
    assert (Complaint.objects.count(), cases()) == (1, ["complaint.reply_due"])


def test_the_poll_of_one_merchant_that_fails_is_not_the_others(wechat, payment):
    wechat.control("switches", call="complaints", mode="500")
    assert complaints.poll(now=make.present()) == 0


def test_an_old_complaint_that_is_open_is_read_by_itself(wechat, complaint):
    Complaint.objects.update(complained_at=make.present() - timedelta(days=40))
    before = len(calls(wechat, "complaint"))
    complaints.poll(now=make.present())
    assert len(calls(wechat, "complaint")) == before + 1


def test_wechat_is_told_our_address_once(wechat, payment):
    assert complaints.be_told(mchid=payment.mchid) is True
    assert complaints.be_told(mchid=payment.mchid) is False


def test_a_reply_is_sent_by_the_worker_and_settles_the_case(wechat, complaint):
    answer(complaint)
    assert cases() == ["complaint.reply_due"]
    delivery.drain()
    row = there(wechat, complaint)
    assert (row.state, row.acts.get().state, cases()) == ("processing", "done", [])
    assert row.replied_at is not None
    assert calls(wechat, "complaint_reply") == [204]


def test_said_twice_it_is_said_once(wechat, complaint):
    act = answer(complaint)
    assert [say(act), say(act), go_on()] == [True, False, 0]
    assert calls(wechat, "complaint_reply") == [204]


@pytest.mark.parametrize("text", ["", "🙂", "长" * 201])
def test_words_that_wechat_cannot_show_are_never_decided(complaint, text):
    with pytest.raises(BadAnswer):
        answer(complaint, text)
    assert ComplaintAct.objects.count() == 0


def test_one_thing_is_said_at_a_time(complaint):
    answer(complaint)
    with pytest.raises(AnswerUnderWay) as caught:
        answer(complaint, "另一句")
    assert caught.value.kind == "reply"


@pytest.mark.parametrize("mode", ["timeout_after", "500_after", "wrong_signature", "unsigned"])
def test_a_reply_whose_answer_was_lost_is_found_there_and_not_said_again(wechat, complaint, mode):
    wechat.control("switches", call="complaint_reply", mode=mode, seconds=0)
    act = answer(complaint)
    say(act)
    act.refresh_from_db()
    assert (act.state, act.trouble) == ("sent", "wechat_outcome_unknown")
    assert go_on() == 1
    act.refresh_from_db()
    assert (act.state, len(calls(wechat, "complaint_reply"))) == ("done", 1)
    assert there(wechat, complaint).state == "processing"


@pytest.mark.parametrize("mode", ["timeout_before", "500_before"])
def test_a_reply_that_never_came_there_is_said_again(wechat, complaint, mode):
    wechat.control("switches", call="complaint_reply", mode=mode, seconds=0)
    act = answer(complaint)
    say(act)
    go_on()
    act.refresh_from_db()
    assert (act.state, act.tries, len(calls(wechat, "complaint_reply"))) == ("done", 2, 2)


def kill(monkeypatch, module, name, before):
    real = getattr(module, name)

    def dying(*args, **kwargs):
        if not before:
            real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(module, name, dying)


@pytest.mark.parametrize(
    ("module", "name", "before", "said"),
    [
        (wechat_complaints, "respond", True, 1),  # committed, not yet called
        (wechat_complaints, "respond", False, 1),  # called, the outcome not committed
        (complaint_sending, "_said", True, 1),
    ],
)
def test_killed_at_any_step_it_is_said_once(wechat, complaint, monkeypatch, module, name, before, said):
    act = answer(complaint)
    with monkeypatch.context() as patch:
        kill(patch, module, name, before)
        with pytest.raises(Killed):
            say(act)
    act.refresh_from_db()
    assert act.state == "sent"
    go_on()
    act.refresh_from_db()
    assert (act.state, len(calls(wechat, "complaint_reply"))) == ("done", said)
    assert there(wechat, complaint).state == "processing"


def test_an_approved_refund_is_really_asked_for_and_wechat_is_told(wechat, complaint, payment):
    approve_refund(complaint=complaint, amount_fen=None, by="ann", now=make.present())
    delivery.drain()
    refund = Refund.objects.get()
    row = there(wechat, complaint)
    assert (row.refund_id, refund.amount_fen, row.refund_on) == (refund.pk, payment.received_fen, None)
    assert (refund.asked_by, refund.reason, refund.state != "requested") == ("operator:ann", "投诉退款", True)
    assert (row.acts.get().state, row.acts.get().days) == ("done", 0)
    assert calls(wechat, "complaint_refund") == [204]
    assert calls(wechat, "refund") == [200]
    assert cases() == []


def test_a_part_is_goodwill_and_never_more_than_is_left(complaint, payment):
    with pytest.raises(TooMuch):
        approve_refund(complaint=complaint, amount_fen=payment.received_fen + 1, by="ann", now=make.present())
    assert (Refund.objects.count(), ComplaintAct.objects.count()) == (0, 0)
    approve_refund(complaint=complaint, amount_fen=500, by="ann", now=make.present())
    assert (Refund.objects.get().amount_fen, Refund.objects.get().kind) == (500, "goodwill")


def test_while_customs_has_the_order_the_refund_waits_and_is_promised_by_a_day(wechat, complaint, payment):
    type(payment.order).objects.filter(pk=payment.order_id).update(gate="with_customs")
    at = make.present()
    approve_refund(complaint=complaint, amount_fen=None, by="ann", now=at)
    delivery.drain()
    row = there(wechat, complaint)
    assert (Refund.objects.get().state, row.refund_on) == ("requested", promised_day(at))
    assert row.acts.get().days == 7
    assert calls(wechat, "refund") == []


def test_the_consumer_whose_order_customs_has_is_never_left_in_silence(wechat, complaint, payment):
    type(payment.order).objects.filter(pk=payment.order_id).update(gate="with_customs")
    Complaint.objects.update(reply_by=make.present() + timedelta(hours=5))
    assert hold(now=make.present()) == 1
    delivery.drain()
    assert there(wechat, complaint).state == "processing"
    assert cases() == []


def test_a_refund_is_rejected_for_a_reason(wechat, complaint):
    reject_refund(complaint=complaint, reason="商品完好且已签收", by="ann", now=make.present())
    delivery.drain()
    row = there(wechat, complaint)
    assert (row.acts.get().state, row.state, Refund.objects.count()) == ("done", "processing", 0)


@pytest.mark.parametrize(
    "decide",
    [
        lambda row: approve_refund(complaint=row, amount_fen=None, by="ann", now=make.present()),
        lambda row: reject_refund(complaint=row, reason="商品完好", by="ann", now=make.present()),
    ],
)
@pytest.mark.parametrize("mode", ["500_after", "500_before"])
def test_a_decision_whose_answer_was_lost_is_told_once(wechat, complaint, decide, mode):
    wechat.control("switches", call="complaint_refund", mode=mode)
    act = decide(complaint)
    say(act)
    go_on()
    act.refresh_from_db()
    assert act.state == "done"
    assert len(calls(wechat, "complaint_refund")) == (1 if mode == "500_after" else 2)


def test_where_no_refund_is_asked_for_none_is_decided(wechat, payment):
    row = complain(wechat, payment, problem_type="OTHERS")
    for decide in (
        lambda: approve_refund(complaint=row, amount_fen=None, by="ann", now=make.present()),
        lambda: reject_refund(complaint=row, reason="好", by="ann", now=make.present()),
    ):
        with pytest.raises(NoRefundWished):
            decide()


def test_only_what_was_answered_is_completed_and_then_nothing_more_is_said(wechat, complaint):
    with pytest.raises(ComplaintEnded):
        complete(complaint=complaint, by="ann", now=make.present())
    say(answer(complaint))
    complete(complaint=complaint, by="ann", now=make.present())
    delivery.drain()
    row = there(wechat, complaint)
    assert (row.state, row.ended_at is not None) == ("processed", True)
    with pytest.raises(ComplaintEnded):
        answer(complaint)


@pytest.mark.parametrize("mode", ["500_after", "500_before"])
def test_a_completion_whose_answer_was_lost_is_read_from_the_state(wechat, complaint, mode):
    say(answer(complaint))
    wechat.control("switches", call="complaint_complete", mode=mode)
    act = complete(complaint=complaint, by="ann", now=make.present())
    say(act)
    go_on()
    act.refresh_from_db()
    assert (act.state, Complaint.objects.get().state) == ("done", "processed")
    assert len(calls(wechat, "complaint_complete")) == (1 if mode == "500_after" else 2)


def test_what_wechat_refuses_is_put_before_an_operator_and_the_complaint_read_again(wechat, complaint):
    wechat.control("complain", complaint_id=complaint.external_id, action="withdraw")
    act = answer(complaint)
    say(act)
    act.refresh_from_db()
    assert (act.state, act.trouble) == ("refused", "INVALID_REQUEST")
    assert (Complaint.objects.get().state, cases()) == ("processed", ["complaint.refused"])
    assert go_on() == 0


def test_too_many_calls_are_made_again_later(wechat, complaint):
    wechat.control("switches", call="complaint_reply", mode="error", code="FREQUENCY_LIMITED", status=429)
    act = answer(complaint)
    say(act)
    act.refresh_from_db()
    assert (act.state, act.trouble) == ("sent", "wechat_rate_limited")
    go_on()
    act.refresh_from_db()
    assert act.state == "done"

"""One answer that cannot be said is a case, and keeps no other from being said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case
from payments.models import ComplaintAct, Payment
from payments.services import complaint_sending, complaints
from payments.services.complaint_answers import reply
from payments.services.query import query
from tests import make
from tests.payments.test_paying import start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment(wechat, world):
    start(make.order(world.alice, ("HD-1", 2), now=make.present()), world)
    found = Payment.objects.get()
    wechat.control("pay", out_trade_no=found.out_trade_no)
    query(payment=found, now=make.present())
    found.refresh_from_db()
    return found


def complained(wechat, payment):
    told = {"mchid": payment.mchid, "out_trade_no": payment.out_trade_no, "phone": "13800138000"}
    number = wechat.control("complain", **told)["complaint_id"]
    return complaints.fetch(mchid=payment.mchid, complaint_id=number, now=make.present())


def answered(complaint):
    return reply(complaint=complaint, text="您好，我们已核实", by="ann", now=make.present())


def go_on(minutes):
    return complaint_sending.sweep(now=make.present() + timedelta(minutes=minutes))


def states(*acts):
    return [ComplaintAct.objects.get(pk=act.pk).state for act in acts]


def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_its_case_settles_when_it_is_said(
    wechat, payment, monkeypatch
):
    complaint = complained(wechat, payment)
    poisoned, other = answered(complaint), answered(complained(wechat, payment))
    really = complaint_sending._call

    def poison(client, act):
        if act.pk == poisoned.pk:
            raise ZeroDivisionError("13800138000")
        really(client, act)

    monkeypatch.setattr(complaint_sending, "_call", poison)
    assert go_on(1) == 1
    assert states(poisoned, other) == ["sent", "done"]
    case = Case.objects.get(kind="complaint.failing")
    assert (case.key, case.state) == (complaint.event_key, "open")
    assert case.facts == {
        "complaint": complaint.external_id,
        "order": payment.order.number,
        "answer": "reply",
        "merchant": payment.mchid,
        "error": "ZeroDivisionError",
    }
    assert go_on(40) == 0
    case.refresh_from_db()
    assert case.seen == 2
    monkeypatch.setattr(complaint_sending, "_call", really)
    assert go_on(80) == 1
    case.refresh_from_db()
    assert (states(poisoned, other), case.state, case.note) == (["done", "done"], "settled", "said")

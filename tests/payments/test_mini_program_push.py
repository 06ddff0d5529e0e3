"""From a complaint in the mini-program to the operator's case, over a real door and the stand-in."""

from __future__ import annotations

import time

import pytest
import requests

from backend import delivery
from kernel.models import Case
from payments.models import Complaint, Payment
from payments.services.complaint_answers import open_for
from payments.services.query import query
from storefronts.models import PushedMessage
from tests import make
from tests.payments.test_paying import start

pytestmark = pytest.mark.django_db(transaction=True)


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
def address(wechat, world, live_server):
    """Our door, as given in the mini-program's console, which asks it for an echo first."""
    url = f"{live_server.url}/wechat/messages/{world.shop.appid}"
    wechat.control("message_url", appid=world.shop.appid, url=url)
    return url


def complain(wechat, payment, **facts):
    told = {"appid": payment.appid, "out_trade_no": payment.out_trade_no, "phone": "13800138000", **facts}
    return wechat.control("mini_complain", **told)["complaint_id"]


def deliveries(wechat, until):
    """What the stand-in tells of its deliveries, once there are so many."""
    for _ in range(200):
        log = requests.get(f"{wechat.url}/sandbox/log", timeout=9).json()
        rows = [row for row in log["notifications"] if row["event_type"] == "complaint_callback"]
        if len(rows) >= until:
            return [row["outcome"] for row in rows]
        time.sleep(0.05)
    raise AssertionError(rows)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_complaint_reaches_the_operator(wechat, payment, address, as_json):
    number = complain(wechat, payment, json=as_json, detail="包装破损")
    assert deliveries(wechat, 1) == ["acknowledged"]
    delivery.drain()
    row = Complaint.objects.get()
    assert (row.external_id, row.order, row.state, row.told_state) == (
        number,
        payment.order,
        "pending",
        "201",
    )
    assert (row.reply_by - row.complained_at).total_seconds() == 48 * 3600
    assert open_for(complaint=row, who="ann", purpose="to answer", now=make.present()) == (
        "包装破损",
        "13800138000",
    )
    assert Case.objects.get().kind == "complaint.reply_due"


def test_a_later_status_moves_the_same_complaint(wechat, payment, address):
    number = complain(wechat, payment)
    deliveries(wechat, 1)
    delivery.drain()
    wechat.control("advance", seconds=5)
    wechat.control("mini_complain", complaint_id=number, status="312")
    deliveries(wechat, 2)
    delivery.drain()
    row = Complaint.objects.get()
    assert (row.state, row.told_state) == ("processing", "312")
    assert Case.objects.filter(state="open").count() == 0


@pytest.mark.parametrize(
    ("switch", "outcomes"),
    [
        ({"mode": "duplicate", "copies": 6}, ["acknowledged"] * 6),
        ({"mode": "wrong_signature", "deliveries": 2}, ["refused", "refused", "acknowledged"]),
        ({"mode": "lost_notification", "deliveries": 3}, ["lost", "lost", "lost", "acknowledged"]),
    ],
)
def test_doubled_forged_or_late_it_is_one_complaint(wechat, payment, address, switch, outcomes):
    wechat.control("switches", call="push", **switch)
    complain(wechat, payment)
    assert deliveries(wechat, len(outcomes)) == outcomes
    delivery.drain()
    assert (PushedMessage.objects.count(), Complaint.objects.count(), Case.objects.count()) == (1, 1, 1)


def test_an_address_that_does_not_echo_is_not_taken(wechat, world, live_server):
    elsewhere = f"{live_server.url}/wechat/messages/wx0000000000000000"
    told = {"appid": world.shop.appid, "url": elsewhere}
    answer = requests.post(f"{wechat.url}/sandbox/message_url", json=told, timeout=9)
    assert (answer.status_code, answer.json()) == (409, {"error": "the address does not echo"})

"""A push is believed when its signature and seal hold, kept once, and read by the worker."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction

from backend import delivery
from kernel.models import Case, Delivery, Event
from payments.models import Complaint
from payments.services.complaint_answers import open_for
from storefronts.models import PushedMessage
from storefronts.queries import forget_kept
from storefronts.services import BadKey, set_messages
from storefronts.services.messages import NothingKept, StillUnreadable, again
from tests import make
from tests.payments.reports import paid
from tests.storefronts.pushing import (
    AES_KEY,
    PHONE,
    TOKEN,
    as_json,
    as_xml,
    push,
    sealed,
    signature_of,
    told,
    with_keys,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment():
    found = paid(make.order(make.world().alice, ("HD-1", 1)))
    with_keys(found.storefront)
    return found


def kinds():
    return list(Case.objects.filter(state="open").values_list("kind", flat=True))


def test_the_address_echoes_what_is_signed(client, payment):
    shop = payment.storefront
    query = {"timestamp": "1", "nonce": "2", "echostr": "4711"}
    good = client.get(f"/wechat/messages/{shop.appid}", {**query, "signature": signature_of(TOKEN, "1", "2")})
    assert (good.status_code, good.content, good["Content-Type"]) == (
        200,
        b"4711",
        "text/plain; charset=utf-8",
    )
    for bad in (
        {**query, "signature": signature_of("other", "1", "2")},
        query,
        {**query, "signature": signature_of(TOKEN, "1", "2"), "echostr": "<b>\n"},
    ):
        assert client.get(f"/wechat/messages/{shop.appid}", bad).status_code == 403


def test_an_unknown_mini_program_and_one_without_keys_have_no_door(client, payment):
    other = make.storefront("swift")
    for appid in ("wx0000000000000000", other.appid):
        assert client.get(f"/wechat/messages/{appid}").status_code == 404


@pytest.mark.parametrize("kind", ["text/xml", "application/json"])
def test_a_complaint_is_kept_sealed_and_taken_in_by_the_worker(client, payment, kind):
    shop, message = payment.storefront, told(order_id=payment.transaction_id)
    plain = as_xml(message) if kind == "text/xml" else json.dumps(message)
    query, body = sealed(shop, plain)
    answer = push(client, shop, query, body if kind == "text/xml" else as_json(body), kind)
    assert (answer.status_code, answer.content) == (200, b"success")
    row = PushedMessage.objects.get()
    assert (row.event, row.outcome, Complaint.objects.count()) == ("complaint_callback", "received", 0)
    assert PHONE.encode() not in bytes(row.content)
    event = Event.objects.get(name="message.complaint")
    assert event.facts == {"message": row.pk}
    assert Delivery.objects.get(event=event).handler == "payments.tasks.read_pushed_complaint"
    delivery.drain()
    row.refresh_from_db()
    assert (row.outcome, bytes(row.content)) == ("taken", b"")
    complaint = Complaint.objects.get()
    assert (complaint.channel, complaint.external_id, complaint.order) == (
        "mini_program",
        "MP-1",
        payment.order,
    )
    assert complaint.reply_by == make.NOW + timedelta(hours=48)
    assert open_for(complaint=complaint, who="ann", purpose="to answer", now=make.NOW) == (
        "包装破损",
        PHONE,
    )
    assert kinds() == ["complaint.reply_due"]


def test_repeated_it_is_sealed_anew_and_kept_once(client, payment):
    shop, plain = payment.storefront, as_xml(told())
    for _ in range(3):
        assert push(client, shop, *sealed(shop, plain)).content == b"success"
    assert (PushedMessage.objects.count(), Event.objects.filter(name="message.complaint").count()) == (1, 1)
    push(client, shop, *sealed(shop, as_xml(told(status="206"))))
    assert PushedMessage.objects.count() == 2


def test_the_same_number_of_a_message_is_the_same_message(client, payment):
    shop = payment.storefront
    for text in ("a", "b"):
        push(client, shop, *sealed(shop, as_xml({"MsgType": "text", "MsgId": "7", "Content": text})))
    assert PushedMessage.objects.count() == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda shop: sealed(shop, as_xml(told()), token="other"),
        lambda shop: (sealed(shop, as_xml(told()))[0], sealed(shop, as_xml(told()))[1]),  # of another body
        lambda shop: (sealed(shop, as_xml(told()))[0], as_xml(told())),  # not sealed at all
        lambda shop: (sealed(shop, as_xml(told()))[0].replace("msg_signature", "other"), "<xml/>"),
        lambda shop: ("", sealed(shop, as_xml(told()))[1]),
        lambda shop: (
            sealed(shop, "x")[0],
            '<!DOCTYPE x [<!ENTITY e "e">]><xml><Encrypt>&e;</Encrypt></xml>',
        ),
        lambda shop: (sealed(shop, "x")[0], "[" * 40_000),
        lambda shop: (sealed(shop, "x")[0], "{" + '"a":{' * 10_000),
    ],
)
def test_what_is_not_signed_and_sealed_is_refused_and_leaves_nothing(client, payment, spoil):
    shop = payment.storefront
    assert push(client, shop, *spoil(shop)).status_code == 403
    assert (PushedMessage.objects.count(), Event.objects.filter(name__startswith="message").count()) == (0, 0)


def test_what_is_too_long_is_refused_unread(client, payment):
    shop = payment.storefront
    query, body = sealed(shop, as_xml(told(customer_material_content="x" * 66_000)))
    assert push(client, shop, query, body).status_code == 413
    assert PushedMessage.objects.count() == 0


def test_another_shops_push_does_not_pass(client, payment):
    other = make.storefront("swift")
    set_messages(storefront=other, token="U" * 32, aes_key="m" * 43)
    forget_kept()
    query, body = sealed(payment.storefront, as_xml(told()))
    assert push(client, other, query, body).status_code == 403


def test_of_what_concerns_nobody_only_that_it_came_is_kept(client, payment):
    shop = payment.storefront
    push(client, shop, *sealed(shop, as_xml({"MsgType": "text", "FromUserName": "o1", "Content": "hello"})))
    row = PushedMessage.objects.get()
    assert (row.event, row.outcome, bytes(row.content)) == ("text", "ignored", b"")
    assert Event.objects.filter(name="message.complaint").count() == 0


def test_genuine_and_unreadable_it_waits_for_a_mend_and_is_read_again(client, payment):
    shop = payment.storefront
    other_key = "z" * 43
    query, body = sealed(shop, as_xml(told()), aes_key=other_key)
    assert push(client, shop, query, body).content == b"success"
    row = PushedMessage.objects.get()
    assert (row.outcome, kinds()) == ("failed", ["notification.unreadable"])
    case = Case.objects.get()
    assert (case.key, set(case.facts)) == (f"message:{row.pk}", {"event", "error"})
    with pytest.raises(StillUnreadable), transaction.atomic():
        again(message=row, by="ann", now=make.NOW)
    set_messages(storefront=shop, token=TOKEN, aes_key=other_key)
    forget_kept()
    again(message=row, by="ann", now=make.NOW)
    delivery.drain()
    row.refresh_from_db()
    assert (row.outcome, Complaint.objects.get().external_id) == ("taken", "MP-1")
    assert kinds() == ["complaint.reply_due"]
    with pytest.raises(NothingKept), transaction.atomic():
        again(message=row, by="ann", now=make.NOW)


@pytest.mark.parametrize("without", ["complaint_order_id", "status"])
def test_a_complaint_of_another_form_is_put_before_an_operator(client, payment, without):
    shop = payment.storefront
    push(client, shop, *sealed(shop, as_xml(told(**{without: ""}))))
    delivery.drain()
    row = PushedMessage.objects.get()
    assert (row.outcome, bool(row.content), kinds()) == ("failed", True, ["notification.unreadable"])
    assert without in row.error
    assert PHONE not in json.dumps(Case.objects.get().facts)


@pytest.mark.parametrize(("token", "key"), [("a b", AES_KEY), ("ab", AES_KEY), (TOKEN, "k" * 42)])
def test_keys_that_the_console_would_not_take_are_refused(payment, token, key):
    with pytest.raises(BadKey):
        set_messages(storefront=payment.storefront, token=token, aes_key=key)


@pytest.mark.parametrize("body", ['{"Encrypt": "\\ud800"}', '{"Encrypt": "消息"}'])
def test_what_no_signature_can_be_of_is_refused_as_any_forgery(client, payment, body):
    shop = payment.storefront
    query, _ = sealed(shop, as_xml(told()))
    assert push(client, shop, query, body, "application/json").status_code == 403

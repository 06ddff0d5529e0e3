"""What WeChat pushes of subscribe messages: what was taken back is not sent, and sent is what arrived."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from backend import delivery
from customers.models import Customer, News, NewsConsent
from customers.services.news import tell
from kernel.models import Case
from storefronts.models import PushedMessage
from tests import make
from tests.customers.newsroom import agreed, calls, fact, no_shared_token, reader, template
from tests.payments.conftest import wechat, world
from tests.storefronts.pushing import as_json, push, sealed, with_keys

__all__ = ["no_shared_token", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)
POPUP, CHANGE, SENT = (f"subscribe_msg_{name}_event" for name in ("popup", "change", "sent"))
WITHIN = {POPUP: "SubscribeMsgPopupEvent", CHANGE: "SubscribeMsgChangeEvent", SENT: "SubscribeMsgSentEvent"}


@pytest.fixture
def openid(wechat, world) -> str:
    with_keys(world.shop)
    return reader(wechat, world.alice)


@pytest.fixture
def shipped(wechat, world, openid):
    return template(wechat, world.shop)


def pushed(client, shop, openid, event, *rows, xml=False, at=None) -> PushedMessage:
    """One event, as the console is set to, taken in by the worker."""
    at = int((at or make.present()).timestamp())
    head = {
        "ToUserName": "gh_1",
        "FromUserName": openid,
        "CreateTime": at,
        "MsgType": "event",
        "Event": event,
    }
    if xml:
        items = "".join(
            "<List>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in row.items()) + "</List>"
            for row in rows
        )
        said = "".join(f"<{k}>{v}</{k}>" for k, v in head.items())
        plain = f"<xml>{said}<{WITHIN[event]}>{items}</{WITHIN[event]}></xml>"
    else:
        plain = json.dumps({**head, "List": list(rows)})
    query, body = sealed(shop, plain)
    kind = "text/xml" if xml else "application/json"
    assert push(client, shop, query, body if xml else as_json(body), kind).status_code == 200
    delivery.drain(now=make.present())
    return PushedMessage.objects.latest("id")


def decided(status: str, name: str = "TPL-shipped") -> dict[str, str]:
    return {"TemplateId": name, "SubscribeStatusString": status}


def became(code: str, why: str) -> dict[str, str]:
    return {
        "TemplateId": "TPL-shipped",
        "MsgID": "1864323726461255680",
        "ErrorCode": code,
        "ErrorStatus": why,
    }


def open_consents() -> int:
    return NewsConsent.objects.filter(spent_at=None).count()


@pytest.mark.parametrize("xml", [True, False])
def test_what_was_taken_back_in_wechats_settings_is_not_sent(client, wechat, world, openid, shipped, xml):
    other = template(wechat, world.shop, "delivered")
    for key in ("answer-1", "answer-2"):
        agreed(wechat, world.alice, shipped, other, key=key)
    rows = [decided("reject"), decided("accept", "TPL-delivered")]
    row = pushed(client, world.shop, openid, CHANGE, *rows, xml=xml)
    assert (row.outcome, bytes(row.content)) == ("taken", b"")
    assert (
        list(NewsConsent.objects.filter(spent_at=None).values_list("by_template", flat=True))
        == [other.pk] * 2
    )
    tell(customer_id=world.alice.pk, fact=fact(), now=make.present())
    assert (calls(wechat), News.objects.count()) == (0, 0)


def test_what_waits_to_be_sent_by_a_consent_that_was_taken_back_is_dropped(
    client, wechat, world, openid, shipped
):
    agreed(wechat, world.alice, shipped)
    tell(customer_id=world.alice.pk, fact=fact(), now=make.present())
    News.objects.update(state="owed")
    pushed(client, world.shop, openid, CHANGE, decided("reject"))
    assert list(News.objects.values_list("state", "consent")) == [("dropped", None)]
    tell(customer_id=world.alice.pk, fact=fact(), now=make.present())
    assert (calls(wechat), open_consents()) == (1, 0)


@pytest.mark.parametrize("status", ["accept", "reject", "ban"])
def test_the_answer_to_the_question_counts_where_the_mini_program_tells_it(
    client, wechat, world, openid, shipped, status
):
    agreed(wechat, world.alice, shipped)
    row = pushed(client, world.shop, openid, POPUP, decided(status))
    assert (row.outcome, open_consents()) == ("taken", 1)


def test_another_readers_decision_and_a_strangers_change_nothing(client, wechat, world, openid, shipped):
    agreed(wechat, world.alice, shipped)
    bob = make.customer(world.shop, "bob")
    reader(wechat, bob, "bob")
    agreed(wechat, bob, shipped, key="answer-of-bob", theirs=False)
    pushed(client, world.shop, "oSTRANGER", CHANGE, decided("reject"))
    assert open_consents() == 2
    pushed(client, world.shop, openid, CHANGE, decided("reject"))
    assert Customer.objects.get(news_consents__spent_at=None, news_consents__isnull=False) == bob


@pytest.mark.parametrize("xml", [True, False])
@pytest.mark.parametrize(
    ("code", "why", "state", "error"),
    [
        ("0", "success", "sent", ""),
        ("43101", "user refuse to accept the msg", "refused", "43101 user refuse to"),
        ("40003", "system error", "failed", "40003 system error"),
    ],
)
def test_sent_is_what_arrived(client, wechat, world, openid, shipped, xml, code, why, state, error):
    agreed(wechat, world.alice, shipped)
    tell(customer_id=world.alice.pk, fact=fact(), now=make.present())
    assert News.objects.get().state == "sent"
    pushed(client, world.shop, openid, SENT, became(code, why), xml=xml)
    row = News.objects.get()
    assert (row.state, row.error) == (state, error)
    assert (open_consents(), calls(wechat)) == (0, 1)  # and it is not sent again


@pytest.mark.parametrize(("code", "state"), [("0", "sent"), ("40003", "failed")])
def test_what_was_unknown_is_known_then(client, wechat, world, openid, shipped, code, state):
    agreed(wechat, world.alice, shipped)
    tell(customer_id=world.alice.pk, fact=fact(), now=make.present())
    News.objects.update(state="unknown")
    pushed(client, world.shop, openid, SENT, became(code, "…"))
    assert News.objects.get().state == state


def test_it_is_of_the_last_message_before_it(client, wechat, world, openid, shipped):
    for number, key in (("26112700001", "answer-1"), ("26112700002", "answer-2")):
        agreed(wechat, world.alice, shipped, key=key)
        tell(customer_id=world.alice.pk, fact=fact(number=number), now=make.present())
    now = make.present()
    News.objects.filter(order_number="26112700001").update(tried_at=now - timedelta(hours=2))
    News.objects.filter(order_number="26112700002").update(tried_at=now)
    pushed(client, world.shop, openid, SENT, became("40003", "old"), at=now - timedelta(hours=1))
    assert dict(News.objects.values_list("order_number", "state")) == {
        "26112700001": "failed",
        "26112700002": "sent",
    }
    pushed(client, world.shop, openid, SENT, became("40003", "older"), at=now - timedelta(hours=3))
    assert News.objects.filter(state="failed").count() == 1


@pytest.mark.parametrize(
    "rows", [[{"TemplateId": ""}], [{"SubscribeStatusString": "reject"}], ["reject"], []]
)
def test_what_cannot_be_read_stays_with_a_case(client, world, openid, rows):
    assert pushed(client, world.shop, openid, CHANGE, *rows).outcome == ("failed" if rows else "taken")
    assert list(Case.objects.values_list("kind", flat=True)) == ["notification.unreadable"] * bool(rows)

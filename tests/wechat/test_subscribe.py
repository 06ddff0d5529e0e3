"""A subscribe message is taken by the sandbox once a consent, and refused with WeChat's own codes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from tests.wechat.test_against_sandbox import fresh_sandbox, sandbox, shop
from wechat import subscribe
from wechat.errors import Busy, OutcomeUnknown, Rejected
from wechat.subscribe import SubscribeMessage, cut, fits, kind_of, moment
from wechat.tokens import AccessTokens

__all__ = ["fresh_sandbox", "sandbox", "shop"]
DATA = {"character_string1": "2611270001", "time2": "2026年11月27日 09:04", "thing3": "顺丰速运"}


@pytest.fixture
def reader(sandbox, shop) -> str:
    """The openid of someone who consented twice."""
    sandbox.control("subscription", appid=shop.app.appid, template_id="T-1", fields=list(DATA))
    sandbox.control("subscription", template_id="T-1", user="reader", act="accept", times=2)
    return sandbox.control("login", appid=shop.app.appid, user="reader")["openid"]


@pytest.fixture
def send(sandbox, shop, redis):
    tokens = AccessTokens(shop.app, redis, base_url=sandbox.url)

    def go(openid: str, template_id: str = "T-1", data=DATA, page: str = "pages/order") -> None:
        message = SubscribeMessage(openid=openid, template_id=template_id, data=data, page=page)
        subscribe.send(message, tokens=tokens, base_url=sandbox.url)

    return go


def read(sandbox):
    return requests.get(f"{sandbox.url}/sandbox/subscriptions", timeout=9).json()


def test_one_consent_is_one_message(sandbox, send, reader):
    send(reader)
    send(reader)
    with pytest.raises(Rejected) as refused:
        send(reader)
    assert refused.value.wechat_code == subscribe.NO_CONSENT
    told = read(sandbox)
    assert [one["left"] for one in told["left"]] == [0]
    once = {"openid": reader, "template_id": "T-1", "page": "pages/order", "data": DATA}
    assert told["delivered"] == [once, once]


def test_a_rejection_takes_back_no_consent_and_gives_none(sandbox, send, reader):
    assert sandbox.control("subscription", template_id="T-1", user="reader", act="reject") == {"left": 2}
    assert sandbox.control("subscription", template_id="T-1", user="other", act="reject") == {"left": 0}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"template_id": "T-2"}, subscribe.TEMPLATE),
        ({"openid": "o-of-somewhere-else-00000000"}, subscribe.OPENID),
        ({"page": "pages/nowhere?number=1"}, subscribe.PAGE),
        ({"data": {"thing3": "顺丰速运"}}, subscribe.FIELDS),
    ],
)
def test_what_is_wrong_is_refused_with_its_code_and_uses_up_nothing(sandbox, send, reader, changed, code):
    sandbox.control("subscription", pages=["pages/order"])
    with pytest.raises(Rejected) as refused:
        send(**{"openid": reader, **changed})
    assert refused.value.wechat_code == code
    send(reader, page="pages/order?number=2611270001")
    assert [one["left"] for one in read(sandbox)["left"]] == [1]


def test_a_silence_says_that_it_may_have_been_delivered(sandbox, send, reader):
    sandbox.control("switches", call="subscribe_send", mode="500_after")
    with pytest.raises(OutcomeUnknown) as unknown:
        send(reader)
    assert (unknown.value.call, len(read(sandbox)["delivered"])) == (subscribe.CALL, 1)
    sandbox.control("switches", call="subscribe_send", mode="error", code=-1)
    with pytest.raises(Busy):
        send(reader)
    assert len(read(sandbox)["delivered"]) == 1


@pytest.mark.parametrize(
    ("name", "value", "does"),
    [
        ("thing1", "二十个字二十个字二十个字二十个字二十个字", True),
        ("thing1", "二十个字二十个字二十个字二十个字二十个字多", False),
        ("thing12", "x", True),
        ("thing", "x", False),
        ("thing0", "x", False),
        ("character_string1", "A" * 32, True),
        ("character_string1", "A" * 33, False),
        ("character_string1", "订单", False),
        ("phrase1", "已经签收了", True),
        ("phrase1", "已经全签收了", False),
        ("phrase1", "ok", False),
        ("time1", "2026年11月5日 09:04", True),
        ("time1", "09:04", True),
        ("time1", "2026-11-05", False),
        ("date1", "2026年11月5日", True),
        ("date1", "2026年11月5日 09:04", True),
        ("name1", "张三", False),
        ("phone_number1", "13800138000", False),
    ],
)
def test_a_field_holds_what_its_kind_takes(name, value, does):
    assert fits(name, value) is does


def test_no_message_is_built_that_wechat_would_refuse_and_none_shows_its_reader():
    with pytest.raises(ValueError, match="thing1"):
        SubscribeMessage(openid="o-1", template_id="T", data={"thing1": ""})
    with pytest.raises(ValueError, match="says something"):
        SubscribeMessage(openid="o-1", template_id="T", data={})
    assert "o-1" not in repr(SubscribeMessage(openid="o-1", template_id="T", data={"thing1": "x"}))


def test_words_are_brought_into_form():
    at = datetime(2026, 11, 5, 1, 4, 59, tzinfo=UTC)
    assert (moment(at), fits("time1", moment(at)), fits("date1", moment(at))) == (
        "2026年11月5日 09:04",
        True,
        True,
    )
    assert cut("thing1", "一" * 20) == "一" * 20
    assert cut("thing1", "一" * 21) == "一" * 19 + "…"
    assert (kind_of("character_string12"), kind_of("amount1")) == ("character_string", "")

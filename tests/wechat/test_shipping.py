"""Our words of shipping are taken by the sandbox, and its answers are read, or said not to be readable."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.wechat.test_against_sandbox import fresh_sandbox, inbox, openid, order, sandbox, shop
from wechat.errors import Malformed, OutcomeUnknown, Rejected
from wechat.shipping import (
    NOT_THERE_YET,
    Logistics,
    OrderState,
    Package,
    Shipping,
    ShippingClient,
    described,
    masked_contact,
    stamp,
)
from wechat.tokens import AccessTokens
from wechat.trade_messages import TradeMessage

__all__ = ["fresh_sandbox", "inbox", "openid", "order", "sandbox", "shop"]
AT = datetime(2026, 5, 1, 4, 0, 0, 120_000, UTC)


def package(number: str = "SF1", **changed: str) -> Package:
    return Package(
        **{
            "tracking_no": number,
            "express_company": "SF",
            "item_desc": "精华液×1",
            "consignor_contact": "****0000",
            **changed,
        }
    )


@pytest.fixture
def client(sandbox, shop, redis):
    return ShippingClient(shop.app.appid, AccessTokens(shop.app, redis, base_url=sandbox.url), sandbox.url)


@pytest.fixture
def bought(sandbox, shop, order):
    shop.pay.prepay_jsapi(**order)
    sandbox.control("pay", out_trade_no=order["out_trade_no"], notify=False)
    return shop.pay.query_by_out_trade_no(order["out_trade_no"])


def test_time_has_milliseconds_and_an_offset():
    assert stamp(AT) == "2026-05-01T12:00:00.120+08:00"
    assert stamp(AT.replace(microsecond=0)) == "2026-05-01T12:00:00.000+08:00"


def test_goods_are_described_in_120_characters():
    assert described([("精华液", 2), ("面霜", 1)]) == "精华液×2；面霜×1"
    assert described([("液" * 118, 1)]) == "液" * 118 + "×1"
    assert described([("液" * 119, 1)]) == "液" * 119 + "…"


def test_of_a_telephone_four_digits_are_told():
    assert masked_contact("0574-8888 0123") == "****0123"
    assert masked_contact("12") == ""


@pytest.mark.parametrize("contact", ["13800138000", "138****800", "1380013****", "138001380**0000"])
def test_a_contact_that_is_not_masked_cannot_be_told(contact):
    with pytest.raises(ValueError, match="masked"):
        package(receiver_contact=contact)


@pytest.mark.parametrize("contact", ["189****1234", "021-****1234", "****1234", "0**2-***1234"])
def test_documented_masks_are_masks(contact):
    assert package(receiver_contact=contact).told()["contact"]["receiver_contact"] == contact


def test_what_wechat_would_refuse_is_not_built():
    with pytest.raises(ValueError, match="contact"):
        package(consignor_contact="")
    with pytest.raises(ValueError, match="120"):
        package(item_desc="液" * 121)
    eleven = tuple(package(f"SF{n}") for n in range(11))
    with pytest.raises(ValueError, match="10"):
        Shipping("42", "o", eleven, AT)
    with pytest.raises(ValueError, match="split"):
        Shipping("42", "o", eleven[:2], AT, logistics=Logistics.CITY)
    with pytest.raises(ValueError, match="own"):
        Shipping("42", "o", (package(), package()), AT)


def test_what_is_told_is_seen_in_the_order(client, bought):
    number = bought.transaction_id
    before = client.order(transaction_id=number)
    assert (before.state, before.numbers, before.finished) == (OrderState.TO_SHIP, (), 0)
    client.upload(Shipping(number, bought.openid, (package(),), AT))
    after = client.order(transaction_id=number)
    assert (after.state, after.packages, after.finished) == (OrderState.SHIPPED, (("SF", "SF1"),), 1)
    assert (after.mchid, after.out_trade_no) == (bought.mchid, bought.out_trade_no)
    client.remind_to_confirm(transaction_id=number, received_at=AT)


def test_several_parcels_are_one_split_delivery(client, bought):
    two = (package("SF2"), package("SF1"))
    client.upload(Shipping(bought.transaction_id, bought.openid, two, AT))
    seen = client.order(transaction_id=bought.transaction_id)
    assert (seen.numbers, seen.finished) == (("SF1", "SF2"), 1)


def test_a_refusal_has_wechats_code(client, bought):
    with pytest.raises(Rejected) as caught:
        client.order(transaction_id="4200000000000000000000000000")
    assert caught.value.wechat_code == NOT_THERE_YET


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["timeout_after", "500_before", "500_after"])
def test_no_answer_is_an_unknown_outcome(client, bought, sandbox, mode):
    sandbox.control("switches", call="ship_upload", mode=mode, seconds=4)
    with pytest.raises(OutcomeUnknown):
        client.upload(Shipping(bought.transaction_id, bought.openid, (package(),), AT))
    known = client.order(transaction_id=bought.transaction_id).numbers
    assert known == (() if mode == "500_before" else ("SF1",))


def test_their_system_error_is_an_unknown_outcome(client, sandbox, bought):
    sandbox.control("switches", call="ship_upload", mode="error", code=10060012)
    with pytest.raises(OutcomeUnknown):
        client.upload(Shipping(bought.transaction_id, bought.openid, (package(),), AT))


def test_all_pages_are_read(client, bought, monkeypatch):
    monkeypatch.setattr("wechat.shipping.PAGE_SIZE", 1)
    now = datetime.now(UTC)
    between = {"begin": now - timedelta(hours=1), "end": now + timedelta(hours=1)}
    found = client.all_orders(**between)
    assert [one.transaction_id for one in found] == [bought.transaction_id]
    assert client.orders(**between, state=OrderState.SHIPPED).orders == ()


def test_management_path_and_carriers_are_asked_for(client, sandbox, shop):
    assert (client.is_managed(), client.is_confirmed()) == (True, True)
    sandbox.control("trade_management", appid=shop.app.appid, managed=False, confirmed=False)
    assert (client.is_managed(), client.is_confirmed()) == (False, False)
    client.lead_to("pages/order/detail")
    assert sandbox.control("trade_management", appid=shop.app.appid)["path"] == "pages/order/detail"
    assert client.carriers()["SF"] == "顺丰速运"


def answering(server, body):
    content = json.dumps(body).encode()
    token = json.dumps({"access_token": "t", "expires_in": 7200}).encode()
    server.answer = lambda seen: (200, {}, token if seen.path.startswith("/cgi-bin/stable") else content)


@pytest.mark.parametrize(
    "row",
    [{}, {"transaction_id": 1}, {"transaction_id": "42", "shipping": {"shipping_list": "x"}}, "x", None],
)
def test_an_order_of_another_shape_is_malformed(server, app, redis, row):
    answering(server, {"errcode": 0, "order": row})
    client = ShippingClient(app.appid, AccessTokens(app, redis, base_url=server.url), server.url)
    with pytest.raises(Malformed):
        client.order(transaction_id="42")


def test_a_state_that_is_not_known_yet_is_none(server, app, redis):
    answering(server, {"errcode": 0, "order": {"transaction_id": "42", "order_state": 9, "pay_time": 2**40}})
    client = ShippingClient(app.appid, AccessTokens(app, redis, base_url=server.url), server.url)
    seen = client.order(transaction_id="42")
    assert (seen.state, seen.paid_at) == (None, None)


def test_pages_that_do_not_end_are_malformed(server, app, redis):
    answering(server, {"errcode": 0, "has_more": True, "last_index": "7", "order_list": []})
    client = ShippingClient(app.appid, AccessTokens(app, redis, base_url=server.url), server.url)
    with pytest.raises(Malformed):
        client.all_orders(begin=AT, end=AT)
    assert sum(seen.path.startswith("/wxa/sec/order/get_order_list") for seen in server.seen) == 2


def test_a_message_of_settlement_is_read_from_xml_and_json_alike():
    facts = {"transaction_id": "42", "merchant_id": "19", "merchant_trade_no": "P1", "CreateTime": 1777608000}
    times = {"pay_time": 1777600000, "shipped_time": 1777604000, "estimated_settlement_time": 1778468000}
    ends = {"confirm_receive_method": 1, "confirm_receive_time": "", "settlement_time": 0}
    told = TradeMessage.from_message({**facts, **times, **ends})
    assert told == TradeMessage.from_message(
        {name: str(value) for name, value in {**facts, **times, **ends}.items()}
    )
    assert (told.received_at, told.settled_at, told.out_trade_no) == (None, None, "P1")
    assert told.shipped_at == datetime.fromtimestamp(1777604000, UTC)


@pytest.mark.parametrize("gone", ["transaction_id", "CreateTime"])
def test_a_message_without_what_it_is_about_is_malformed(gone):
    facts = {"transaction_id": "42", "CreateTime": 1777608000}
    with pytest.raises(Malformed):
        TradeMessage.from_message({name: value for name, value in facts.items() if name != gone})

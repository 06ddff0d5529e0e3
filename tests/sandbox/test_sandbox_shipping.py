"""What is told of shipping is checked as WeChat checks it, and refused with WeChat's own codes."""

from __future__ import annotations

import secrets

import pytest
import requests

from tests.sandbox.test_sandbox_customs import paid

__all__ = ["paid"]


@pytest.fixture
def ask(maison, play):  # `play` first: it empties the sandbox, tokens too
    """A call of wxa/sec/order with the mini-program's own token."""
    asked = {"grant_type": "client_credential", "appid": maison.appid, "secret": maison.secret}
    token = requests.post(f"{maison.base}/cgi-bin/stable_token", json=asked, timeout=9).json()["access_token"]

    def call(name, **body):
        url = f"{maison.base}/wxa/sec/order/{name}"
        answer = requests.post(url, params={"access_token": token}, json=body, timeout=9)
        assert answer.status_code == 200
        return answer.json()

    return call


@pytest.fixture
def bought(maison, paid):
    """The paid order as WeChat's query tells it."""
    return maison.query(paid["out_trade_no"]).json()


def upload(bought, **changed):
    parcel = {
        "tracking_no": "SF7000000000001",
        "express_company": "SF",
        "item_desc": "精华液×1",
        "contact": {"consignor_contact": "****0000"},
    }
    return {
        "order_key": {"order_number_type": 2, "transaction_id": bought["transaction_id"]},
        "logistics_type": 1,
        "delivery_mode": 1,
        "shipping_list": [parcel | changed.pop("parcel", {})],
        "upload_time": "2026-05-01T12:00:00.000+08:00",
        "payer": bought["payer"],
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"upload_time": "2026-05-01T12:00:00+08:00"}, 10060014),
        ({"upload_time": "2026-05-01T04:00:00.000Z"}, 0),
        ({"parcel": {"item_desc": ""}}, 10060008),
        ({"parcel": {"item_desc": "液" * 121}}, 10060009),
        ({"parcel": {"item_desc": "液" * 120}}, 0),
        ({"parcel": {"express_company": "SFX"}}, 10060014),
        ({"parcel": {"contact": {}}}, 10060014),
        ({"parcel": {"contact": {"receiver_contact": "13800138000"}}}, 10060014),
        ({"parcel": {"contact": {"receiver_contact": "138****8000"}}}, 0),
        ({"parcel": {"contact": {}, "express_company": "YTO"}}, 0),
        ({"logistics_type": 2, "delivery_mode": 2, "is_all_delivered": True}, 10060006),
        ({"logistics_type": 9}, 10060005),
        ({"delivery_mode": 2}, 10060007),
        ({"payer": {"openid": "oSomeoneElse"}}, 10060031),
        ({"payer": None}, 47001),
        ({"order_key": {"order_number_type": 2, "transaction_id": "4200000000"}}, 10060001),
    ],
)
def test_each_field_of_an_upload_is_checked(ask, bought, changed, errcode):
    assert ask("upload_shipping_info", **upload(bought, **changed))["errcode"] == errcode


def test_of_one_delivery_there_is_one_parcel_and_of_a_split_one_at_most_ten(ask, bought):
    rows = upload(bought)["shipping_list"]
    many = [rows[0] | {"tracking_no": f"SF{n}"} for n in range(11)]
    assert ask("upload_shipping_info", **upload(bought, shipping_list=many[:2]))["errcode"] == 10060024
    split = {"delivery_mode": 2, "is_all_delivered": True}
    assert ask("upload_shipping_info", **upload(bought, shipping_list=many, **split))["errcode"] == 10060024
    assert ask("upload_shipping_info", **upload(bought, shipping_list=many[:10], **split))["errcode"] == 0


def test_a_merchants_number_names_a_payment_under_other_names_in_other_calls(ask, bought):
    number, mchid = bought["out_trade_no"], bought["mchid"]
    assert ask("get_order", mchid=mchid, out_trade_no=number)["errcode"] == 10060001
    seen = ask("get_order", merchant_id=mchid, merchant_trade_no=number)["order"]
    assert (seen["transaction_id"], seen["order_state"]) == (bought["transaction_id"], 1)
    wrong = {"order_number_type": 1, "merchant_id": mchid, "merchant_trade_no": number}
    assert ask("upload_shipping_info", **upload(bought, order_key=wrong))["errcode"] == 10060001
    right = {"order_number_type": 1, "mchid": mchid, "out_trade_no": number}
    assert ask("upload_shipping_info", **upload(bought, order_key=right))["errcode"] == 0


def test_a_split_delivery_grows_until_it_is_complete_and_then_one_change_is_left(ask, bought):
    def send(second, number, complete):
        body = upload(
            bought,
            parcel={"tracking_no": number},
            delivery_mode=2,
            is_all_delivered=complete,
            upload_time=f"2026-05-01T12:00:0{second}.000+08:00",
        )
        return ask("upload_shipping_info", **body)["errcode"]

    def seen():
        told = ask("get_order", transaction_id=bought["transaction_id"])["order"]
        numbers = [one["tracking_no"] for one in told["shipping"]["shipping_list"]]
        return told["order_state"], told["shipping"]["finish_shipping_count"], numbers

    assert (send(1, "SF1", False), seen()) == (0, (1, 0, ["SF1"]))
    assert (send(2, "SF2", True), seen()) == (0, (2, 1, ["SF1", "SF2"]))
    assert (send(2, "SF3", True), seen()[1]) == (10060014, 1)  # the time must increase
    assert (send(3, "SF3", True), seen()) == (0, (2, 2, ["SF3"]))
    assert send(4, "SF4", True) == 10060003


def test_what_is_told_again_unchanged_is_known_and_uses_nothing_up(ask, bought):
    assert ask("upload_shipping_info", **upload(bought))["errcode"] == 0
    again = upload(bought, upload_time="2026-05-01T12:00:00.001+08:00")
    assert ask("upload_shipping_info", **again)["errcode"] == 10060023
    order = ask("get_order", transaction_id=bought["transaction_id"])["order"]
    assert order["shipping"]["finish_shipping_count"] == 1


def test_received_settled_and_refunded_orders_are_told_nothing_more(ask, bought, play):
    ask("upload_shipping_info", **upload(bought))
    later = upload(bought, upload_time="2026-05-02T12:00:00.000+08:00", parcel={"tracking_no": "SF2"})
    play("shipping", out_trade_no=bought["out_trade_no"], act="receive")
    assert ask("upload_shipping_info", **later)["errcode"] == 10060002
    play("shipping", out_trade_no=bought["out_trade_no"], act="settle")
    assert ask("upload_shipping_info", **later)["errcode"] == 10060004
    assert ask("get_order", transaction_id=bought["transaction_id"])["order"]["order_state"] == 4


def test_a_payment_is_known_some_time_after_it_was_made_or_never(ask, bought, play, maison):
    play("trade_management", appid=maison.appid, ingest_seconds=60)
    number = bought["transaction_id"]
    assert ask("get_order", transaction_id=number)["errcode"] == 10060001
    assert ask("get_order_list")["order_list"] == []
    play("advance", seconds=61)
    assert ask("get_order", transaction_id=number)["errcode"] == 0
    assert [one["transaction_id"] for one in ask("get_order_list")["order_list"]] == [number]
    play("trade_management", appid=maison.appid, never=bought["out_trade_no"])
    assert ask("get_order", transaction_id=number)["errcode"] == 10060001


def test_a_list_comes_in_pages_and_is_narrowed(ask, maison, play):
    numbers = []
    for _ in range(3):
        order = maison.order(out_trade_no="T" + secrets.token_hex(8))
        maison.prepay(order)
        play("pay", out_trade_no=order["out_trade_no"], notify=False)
        numbers.append(maison.query(order["out_trade_no"]).json()["transaction_id"])
    first = ask("get_order_list", page_size=2)
    second = ask("get_order_list", page_size=2, last_index=first["last_index"])
    assert (first["has_more"], second["has_more"]) == (True, False)
    told = [one["transaction_id"] for one in (*first["order_list"], *second["order_list"])]
    assert sorted(told) == sorted(numbers)
    assert ask("get_order_list", order_state=2)["order_list"] == []
    assert ask("get_order_list", pay_time_range={"begin_time": 0, "end_time": 1})["order_list"] == []
    assert ask("get_order_list", page_size=101)["errcode"] == 10060014


def test_a_consumer_is_reminded_once_and_only_of_what_is_under_way(ask, bought):
    facts = {"transaction_id": bought["transaction_id"], "received_time": 1}
    assert ask("notify_confirm_receive", **facts)["errcode"] == 10060004
    ask("upload_shipping_info", **upload(bought))
    assert ask("notify_confirm_receive", **facts)["errcode"] == 0
    assert ask("notify_confirm_receive", **facts)["errcode"] == 10060004


def test_another_mini_programs_token_knows_nothing_of_it(base, swift, bought):
    asked = {"grant_type": "client_credential", "appid": swift.appid, "secret": swift.secret}
    token = requests.post(f"{base}/cgi-bin/stable_token", json=asked, timeout=9).json()["access_token"]
    body = {"transaction_id": bought["transaction_id"]}
    url = f"{base}/wxa/sec/order/get_order"
    assert (
        requests.post(url, params={"access_token": token}, json=body, timeout=9).json()["errcode"] == 10060001
    )
    assert requests.post(url, params={"access_token": "x"}, json=body, timeout=9).json()["errcode"] == 40001

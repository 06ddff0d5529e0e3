"""Log-in, phone and payment through the door, with WeChat's stand-in on the other side of a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from customers.models import Customer, Session
from orders.models import Order
from payments.models import Payment
from tests import make
from tests.conftest import WebClient
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.stand_in import StandIn, running, storefront_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def wechat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("wechat")) as made:
        yield made


@pytest.fixture
def shop(wechat: StandIn, settings: Any, redis: Any) -> Any:
    settings.WECHAT_API_BASE = settings.WECHAT_PAY_BASE = wechat.url
    wechat.control("reset")
    return storefront_in(wechat)


def log_in(wechat: StandIn, shop: Any, user: str = "alice") -> Any:
    code = wechat.control("login", appid=shop.appid, user=user)["code"]
    return Phone(WebClient(), shop.appid).post("session", {"code": code})


def test_a_code_becomes_a_token_and_the_same_user_the_same_customer(wechat: StandIn, shop: Any) -> None:
    first, second = log_in(wechat, shop), log_in(wechat, shop)
    assert (first.status_code, second.status_code) == (201, 201)
    assert (first.json()["customer"]["new"], second.json()["customer"]["new"]) == (True, False)
    assert first.json()["customer"]["id"] == second.json()["customer"]["id"]
    assert first.json()["token"] != second.json()["token"]
    me = Phone(WebClient(), shop.appid, first.json()["token"]).get("me")
    assert me.json()["id"] == first.json()["customer"]["id"]


def test_a_used_code_or_an_unknown_appid_logs_nobody_in(wechat: StandIn, shop: Any) -> None:
    code = wechat.control("login", appid=shop.appid, user="alice")["code"]
    phone = Phone(WebClient(), shop.appid)
    assert phone.post("session", {"code": code}).status_code == 201
    again = phone.post("session", {"code": code})
    assert (again.status_code, again.json()["code"]) == (422, "invalid_login_code")
    elsewhere = Phone(WebClient(), "wx0000000000000000").post("session", {"code": code})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "storefront_not_found")
    assert (Customer.objects.count(), Session.objects.count()) == (1, 1)


def test_when_wechat_does_not_answer_the_caller_is_told_to_try_again(
    wechat: StandIn, shop: Any, settings: Any
) -> None:
    settings.WECHAT_API_BASE = "http://127.0.0.1:9"
    answer = Phone(WebClient(), shop.appid).post("session", {"code": "a-code"})
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert Customer.objects.count() == 0


def test_the_phone_button_gives_a_masked_number(wechat: StandIn, shop: Any) -> None:
    phone = Phone(WebClient(), shop.appid, log_in(wechat, shop).json()["token"])
    code = wechat.control("phone", appid=shop.appid, phone="13812341234")["code"]
    answer = phone.post("me/phone", {"code": code})
    assert (answer.status_code, answer.json()) == (200, {"phone_masked": "138****1234"})
    assert phone.get("me").json()["phone_masked"] == "138****1234"
    assert phone.post("me/phone", {"code": "nonsense"}).json()["code"] == "invalid_phone_code"


def placed(shop: Any, wechat: StandIn) -> tuple[Phone, Order]:
    token = log_in(wechat, shop).json()["token"]
    customer = Customer.objects.get()
    make.address(customer)
    make.consent(customer, "privacy_policy")
    make.identity(customer)
    make.stock(make.warehouse(shop), make.variant(shop))
    return Phone(WebClient(), shop.appid, token), make.order(customer, ("HD-1", 1), now=make.present())


def test_an_order_is_paid_and_seen_paid_when_the_client_comes_back(wechat: StandIn, shop: Any) -> None:
    phone, order = placed(shop, wechat)
    path = f"orders/{order.number}/payment"
    parameters = phone.post(path).json()
    assert set(parameters) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert parameters["signType"] == "RSA"
    assert phone.post(f"{path}/sync").json() == {"number": order.number, "state": "placed"}
    payment = Payment.objects.get()
    prepay_id = parameters["package"].removeprefix("prepay_id=")
    wechat.control("pay", out_trade_no=payment.out_trade_no, prepay_id=prepay_id)
    assert phone.post(f"{path}/sync").json() == {"number": order.number, "state": "paid"}
    assert phone.post(f"{path}/sync").json()["state"] == "paid"
    again = phone.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "order_not_payable")
    shown = phone.get(f"orders/{order.number}").json()
    assert (shown["state"], [step["state"] for step in shown["history"]]) == ("paid", ["placed", "paid"])
    assert [set(attempt) for attempt in shown["payments"]] == [{"state", "created_at", "succeeded_at"}]
    assert shown["payments"][0]["state"] == "succeeded"


def test_starting_to_pay_twice_is_one_payment(wechat: StandIn, shop: Any) -> None:
    phone, order = placed(shop, wechat)
    first, second = (phone.post(f"orders/{order.number}/payment").json() for _ in range(2))
    assert first["package"] == second["package"]
    assert Payment.objects.count() == 1


def test_a_strangers_payment_is_never_started(wechat: StandIn, shop: Any) -> None:
    _, order = placed(shop, wechat)
    bob = phone_of(WebClient(), make.customer(shop, make.BOB))
    for path in ("payment", "payment/sync"):
        assert bob.post(f"orders/{order.number}/{path}").status_code == 404
    assert Payment.objects.count() == 0

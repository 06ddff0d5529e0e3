"""A Chinese consumer reads Chinese: whatever is wrong with a request, and no Latin word between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from catalog.states import PRODUCT
from kernel.names import ZH
from orders.models import Order
from orders.services.closing import NotCancellable
from orders.states import ORDER
from payments.services.start import NotPayable
from payments.states import PAYMENT
from tests import make
from tests.miniprogram_api.conftest import Phone

# Names that have no other form in Chinese.
KEPT = re.compile(r"JSON|Idempotency-Key")
ADDRESS = {"name": "王爱丽", "phone": "13800138000", "division_code": "310115", "street": "世纪大道 1 号"}
LINE = {"sku": "HD-1", "quantity": 1}


def told(document: Any, key: str = "") -> Iterator[str]:
    """The title and every message of a problem document."""
    if isinstance(document, dict):
        for name, inner in document.items():
            yield from told(inner, name)
    elif isinstance(document, list):
        for inner in document:
            yield from told(inner, key)
    elif key in {"title", "message", "why_zh"}:
        yield document


def all_chinese(answer: Any) -> list[str]:
    assert answer.status_code >= 400
    said = list(told(answer.json()))
    assert said
    for text in said:
        assert not re.search("[A-Za-z]", KEPT.sub("", text)), text
    return said


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(
            ("POST", "me/addresses", {**ADDRESS, **change})
            for change in (
                {"phone": "123"},
                {"phone": 5},
                {"division_code": "x"},
                {"division_code": "999999"},
                {"name": "\0王王"},
                {"name": "王"},
                {"name": []},
                {"street": None},
                {"is_default": "x"},
            )
        ),
        *(("POST", "orders", body) for body in ({}, [], {"quote": "x"})),
        *(
            ("POST", "quotes", body)
            for body in (
                {},
                [],
                {"lines": "x"},
                {"lines": [1]},
                {"lines": [{"sku": "a\0", "quantity": 0}]},
                {"lines": [LINE], "address_id": "x", "coupon_id": "x"},
                {"lines": [LINE], "cart": True},
            )
        ),
        ("GET", "products?sort=x&limit=x&q=%00", None),
        ("GET", "divisions?parent=1", None),
        ("GET", "orders?state=x", None),
        ("PATCH", "me", {"language": "fr"}),
        ("PUT", "me/identity", {"name": "1", "number": "1"}),
        ("PUT", "me/identity", {"name": "王爱丽", "number": "1"}),
        ("POST", "session", {}),
        ("PUT", "cart/lines/HD-1", {"quantity": 1.5}),
    ],
)
def test_what_is_wrong_is_said_in_chinese_alone(alice: Phone, method: str, path: str, body: Any) -> None:
    all_chinese(alice.call(method, path, body, Accept_Language="zh-CN", Idempotency_Key="zh-0000001"))


def test_a_wrong_phone_is_told_what_a_phone_is_in_both_languages(alice: Phone) -> None:
    body = {**ADDRESS, "phone": "123"}
    for language, words in (
        ("zh-CN", "请填写 11 位大陆手机号。"),
        ("en", "A mainland mobile number of 11 digits is needed."),
    ):
        answer = alice.post("me/addresses", body, Accept_Language=language).json()
        assert answer["errors"] == {"phone": [{"message": words, "code": "invalid"}]}


def test_a_part_of_an_address_and_a_state_have_their_names(alice: Phone, world: make.World) -> None:
    bad = alice.post("me/addresses", {**ADDRESS, "division_code": "999999"})
    assert all_chinese(bad)[0] == "收货地址的“所在地区”有误：需为大陆区县级行政区划代码。"
    assert bad.json()["field"] == "division_code"
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    Order.objects.update(state="expired")
    late = alice.post(f"orders/{order.number}/cancel")
    assert all_chinese(late)[0].startswith("订单当前状态为“已超时关闭”，")
    assert late.json()["state"] == "expired"


def test_every_state_a_consumer_can_meet_has_a_chinese_name() -> None:
    for machine in (ORDER, PAYMENT, PRODUCT):
        assert set(machine.states) <= set(ZH["state"])
    for state in ORDER.states:
        for kind in (NotPayable, NotCancellable):
            assert not re.search("[a-z]", kind(state=state).text("zh"))
            assert f"“{state}”" in kind(state=state).text("en")

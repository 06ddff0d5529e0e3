"""What the telephone keeps, sends again and forgets: refused tokens, lost answers, a log-out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from orders.models import Order
from tests.journeys.within import House
from tests.shop.conftest import SECONDS, Phone, phone

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = {"lines": "HD-1:1"}
DEAD = {"token": "no-token-of-ours", "until": "2099-01-01T00:00:00Z"}
SHOWN = (
    ("pages/home/home", {}, "maison 海外旗舰店"),
    ("sub/goods/product", {"code": "p-hd-1"}, "HD-1"),
    ("pages/me/me", {}, "已实名"),
)


def keeps(one: Phone, **told: Any) -> None:
    """As the shop has kept it on the device, before it is opened the next time."""
    for name, data in told.items():
        kept = json.dumps({"type": "object", "data": data})
        one.page.evaluate("([name, kept]) => localStorage.setItem(name, kept)", [name, kept])


def holds(one: Phone) -> set[str]:
    return set(one.page.evaluate("Object.keys(localStorage)"))


def test_a_token_that_is_refused_closes_nothing(house: House, shop_browser: Browser) -> None:
    """The shelves stay open, who has an account logs in once, and a log-out leaves nothing of it."""
    with phone(house, shop_browser, user=house.alice.user) as alice:
        for page, query, says in SHOWN:
            alice.open(page, **query)
            alice.sees(says)
            keeps(alice, token=DEAD, copy={"id": "x", "secret": "y"}, searched=["枕头"])
            alice.asked.clear()
            alice.page.reload()
            alice.sees(says)
            alice.page.wait_for_load_state("networkidle")
        assert alice.asked.count(("POST", "/api/v1/session")) == 1
        alice.open("sub/goods/list", q="100%25")
        alice.page.wait_for_load_state("networkidle")
        assert [one for one in alice.complaints if "URI" in one] == []

        alice.open("sub/me/settings")
        alice.tap("退出登录")
        alice.answers("确定")
        alice.sees("maison 海外旗舰店")
        assert holds(alice) & {"token", "copy", "searched", "pieces"} == set()
        assert alice.page.locator("uni-page").count() == 1


def test_an_order_whose_answer_is_lost_is_found_again(house: House, shop_browser: Browser) -> None:
    """The network breaks once the order is placed; with the goods changed meanwhile no second one is."""

    def lost(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.page.route("**/api/v1/orders", lost)
        alice.open("sub/order/confirm", **CONFIRM)
        alice.here().locator("[role=checkbox]").filter(has_text="我已阅读并确认").click()
        alice.tap("提交订单")
        expect(alice.page.get_by_text("网络不可用")).to_be_visible(timeout=SECONDS * 1000)
        number = Order.objects.get().number
        alice.page.unroute("**/api/v1/orders")
        with alice.page.expect_response("**/api/v1/quotes"):
            alice.tap("+")
        alice.tap("提交订单")
        alice.page.wait_for_url(f"**/sub/order/order?number={number}", timeout=SECONDS * 1000)
        assert Order.objects.count() == 1


CHUNK = "sub-goods-product"


def test_pages_are_fetched_while_nobody_waits_and_open_without_a_network(
    house: House, shop_browser: Browser
) -> None:
    with phone(house, shop_browser, user=house.alice.user) as alice:
        with alice.page.expect_request_finished(lambda one: CHUNK in one.url, timeout=SECONDS * 1000):
            alice.open("pages/home/home")
            alice.sees("HD-1")
        alice.page.wait_for_load_state("networkidle")
        alice.page.context.set_offline(True)
        alice.here().locator(".card").first.click()
        alice.sees("网络不可用")
        alice.page.evaluate("window.same = true")
        alice.page.context.set_offline(False)
        alice.tap("重试")
        alice.sees("价格不含税")
        assert alice.page.evaluate("window.same")


def test_a_page_that_did_not_come_says_so_in_our_words(house: House, shop_browser: Browser) -> None:
    """It is tried again by hand, and once the network is back."""
    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.page.route(f"**/*{CHUNK}*", lambda route: route.abort("internetdisconnected"))
        alice.open("pages/home/home")
        alice.sees("HD-1")
        alice.here().locator(".card").first.click()
        alice.sees("网络不可用")
        alice.page.context.set_offline(True)
        alice.tap("重试")
        alice.sees("网络不可用")
        alice.page.context.set_offline(False)
        alice.page.unroute(f"**/*{CHUNK}*")
        alice.tap("重试")
        alice.sees("价格不含税")

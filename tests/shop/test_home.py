"""The first page is asked for once, at the launch, and grows whole; a long list does not grow without end."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.journeys.within import House
from tests.shop.conftest import SECONDS, phone

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 6
HOME, SHOP, LIST = "**/api/v1/home*", "/api/v1/shop", "**/api/v1/products?*"
TRUTH = 'document.querySelectorAll("uni-page:not([style*=none]) .card").length'


def test_a_long_first_page_is_asked_for_once_and_grows_whole(house: House, shop_browser: Browser) -> None:
    answers: list[dict[str, Any]] = []

    def longer(route: Route) -> None:
        told = route.fetch().json()
        block = next(one for one in told["blocks"] if one["kind"] == "products")
        told["blocks"] = [{**block, "id": f"block-{n}", "items": block["items"][:1] * 5} for n in range(MANY)]
        for one in told["blocks"]:
            one["items"] = [{**card, "code": f"{card['code']}-{n}"} for n, card in enumerate(one["items"])]
        answers.append(told)
        route.fulfill(json=told)

    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.page.route(HOME, longer)
        alice.open("pages/home/home")
        cards = alice.here().locator(".card")
        expect(cards).to_have_count(MANY * 5, timeout=SECONDS * 1000)
        alice.sees("全部商品")
        paths = [path for _, path in alice.asked]
        assert (len(answers), paths.count(SHOP), len(paths) <= 4) == (1, 1, True)
        alice.calm()


def test_a_list_of_a_thousand_keeps_what_is_near_the_screen_and_brings_the_rest_back(
    house: House, shop_browser: Browser
) -> None:
    first: list[dict[str, Any]] = []

    def endless(route: Route) -> None:
        first[:] = first or [route.fetch().json()]
        told = dict(first[0])
        at = int(route.request.url.partition("cursor=")[2].partition("&")[0] or 0)
        card = told["items"][0]
        told["items"] = [
            {**card, "code": f"c-{n}", "name": {"zh": f"第{n}件", "en": f"No. {n}"}}
            for n in range(at, at + 50)
        ]
        told["next_cursor"] = str(at + 50) if at < 950 else None
        route.fulfill(json=told)

    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.page.route(LIST, endless)
        alice.open("sub/goods/list")
        alice.sees("第0件")
        there = []
        for _ in range(120):
            alice.page.mouse.wheel(0, 20_000)
            alice.page.wait_for_timeout(80)
            there.append((alice.page.evaluate(TRUTH), alice.here().locator(".chunk").count()))
            if "第999件" in alice.here().inner_text():
                break
        alice.sees("第999件")
        cards, boxes = (max(figures[len(figures) // 2 :]) for figures in zip(*there, strict=True))
        assert cards <= 120 and boxes <= 14, there
        expect(alice.here()).not_to_contain_text("第0件", use_inner_text=True)
        for _ in range(60):
            alice.page.mouse.wheel(0, -20_000)
            alice.page.wait_for_timeout(80)
        alice.sees("第0件")
        alice.calm()

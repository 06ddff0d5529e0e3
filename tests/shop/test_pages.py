"""Every page of the shop, in both languages and with large letters, full, failing and without a network.

Each asks the API at most three times, is as wide as the telephone, shows words and no keys, and says what
happened when the API fails. With SCREENSHOTS=docs/screenshots a picture of each is kept there.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser

from backend import house as houses
from backend.seeding.demo import plan, put_coupon
from backend.seeding.goods import fill_shelves
from backend.seeding.looks import put_look
from catalog.models import Variant
from catalog.services.prices import cut_price
from miniprogram_api import kept
from tests import make
from tests.journeys.browser import findings
from tests.journeys.within import DAY, House
from tests.shop.conftest import Phone, phone

pytestmark = pytest.mark.django_db(transaction=True)

PAGES_JSON = houses.ROOT / "miniprogram" / "src" / "pages.json"
AT_MOST = 3
COLOURS = 128  # of a picture that is kept
OWN = re.compile(r"/api/v1/(?!shop'|session')")  # what a page asks for itself
SHELVES = ["cosmetics", "perfume"]
KEY = re.compile(r"\b(?:common|goods|order|service|me)\.[a-z]\w+")
LEFT_OPEN = re.compile(r"\{\w+\}|undefined|NaN|\[object")
# Findings of axe that stay, each with its reason.
STAY = {
    # uni's frames scroll, and a finger scrolls them: no view of WeChat's takes the focus of a keyboard.
    "scrollable-region-focusable",
}
TOUCHED = "uni-button, uni-input, [role=button], [role=link], [role=tab], [role=checkbox], [role=radio]"
# What is touched and not 44 px high.
LOW = f"""() => [...document.querySelectorAll("{TOUCHED}")]
    .map(one => [one, one.checkVisibility() ? one.getBoundingClientRect().height : 44])
    .filter(([, height]) => height < 43.5)
    .map(([one, height]) => `${{Math.round(height)}} ${{one.className}} ${{one.innerText}}`)"""

# At the edge of a frame that is not whole pixels wide a line of the next picture is seen.
UNEVEN = """() => [...document.querySelectorAll(".banner")].map(one => one.getBoundingClientRect())
    .filter(({left, width}) => left % 1 || width % 1).map(({width}) => width)"""

# Letters of the library's buttons that have not grown with the others.
FINE = """type => [...document.querySelectorAll(".wd-button")].filter(one => one.checkVisibility())
    .map(one => [one.innerText, parseFloat(getComputedStyle(one).fontSize)])
    .filter(([, px]) => px < 12 * type)"""


def pages() -> list[str]:
    told = json.loads(PAGES_JSON.read_text(encoding="utf-8"))
    below = [f"{part['root']}/{one['path']}" for part in told["subPackages"] for one in part["pages"]]
    return [one["path"] for one in told["pages"]] + below


@pytest.fixture
def furnished(house: House) -> Iterator[dict[str, dict[str, str]]]:
    """A shop with goods on its shelves, and Alice in the midst of things: which page shows what."""
    shop = house.world.shop
    fill_shelves(shop, SHELVES, now=house.now())
    for variant in Variant.objects.filter(storefront=shop, product__category__parent__code__in=SHELVES):
        make.stock(house.world.warehouse, variant)
    put_look(shop, now=house.now())
    put_coupon(shop, "WELCOME", plan()["storefronts"]["maison"]["coupons"]["WELCOME"], house.now())
    cut_price(
        storefront_id=shop.pk,
        sku="XL-1",
        price_fen=19_900,
        starts_at=house.now(),
        ends_at=house.now() + 30 * DAY,
        name_zh="冬季特惠",
        name_en="Winter sale",
        promotion="winter",
        now=house.now(),
    )
    kept.forget()
    delivered = house.delivers(("HD-1", 1), ("IR-1", 2))
    asked = house.asks(
        delivered,
        {"kind": "return", "reason": "changed_mind", "lines": [{"position": 1, "quantity": 1}]},
    )
    paid = house.buys(("HD-1", 1))
    yield {
        "sub/goods/product": {"code": "p-hd-1"},
        "sub/goods/label": {"code": "p-hd-1", "sku": "HD-1"},
        "sub/goods/promotion": {"code": "winter"},
        "sub/me/coupon": {"code": "WELCOME"},
        "sub/goods/reviews": {"code": "p-hd-1"},
        "sub/goods/list": {"category": "cosmetics"},
        "sub/order/confirm": {"lines": "HD-1:1"},
        "sub/order/result": {"number": paid.number},
        "sub/order/order": {"number": paid.number},
        "sub/order/mend": {"number": paid.number},
        "sub/order/parcels": {"number": delivered.number},
        "sub/order/payer": {"number": paid.number},
        "sub/order/price": {"number": delivered.number},
        "sub/order/review": {"number": delivered.number},
        "sub/service/ask": {"number": delivered.number},
        "sub/service/return": {"number": asked["number"]},
        "sub/service/way": {"number": asked["number"]},
    }


@pytest.mark.parametrize(("language", "letters"), [("zh", ""), ("en", ""), ("zh", "1.4")])
def test_every_page_is_whole(
    house: House, shop_browser: Browser, furnished: dict[str, dict[str, str]], language: str, letters: str
) -> None:
    found: dict[str, Any] = {}
    with phone(house, shop_browser, user=house.alice.user, language=language) as alice:
        alice.page.add_init_script(f"localStorage.setItem('h5-type', '{letters}')")
        alice.open("pages/home/home")
        alice.reads()
        alice.open("pages/me/me")
        alice.reads()
        for page in pages():
            alice.open(page, **furnished.get(page, {}))
            text = alice.reads()
            width = alice.page.evaluate("document.documentElement.scrollWidth")
            wrong = {
                "calls": alice.asked if len(alice.asked) > AT_MOST else [],
                "width": width if width > 390 else 0,
                "keys": KEY.findall(text) + LEFT_OPEN.findall(text),
                "empty": len(text.strip()) < 4,
                "complaints": alice.complaints[:],
                "uneven": alice.page.evaluate(UNEVEN),
                "fine": alice.page.evaluate(FINE, float(letters or 1)),
                "low": alice.page.evaluate(LOW),
                "axe": findings(alice.page, but=STAY),
            }
            alice.complaints.clear()
            if any(wrong.values()):
                found[page] = {name: said for name, said in wrong.items() if said}
            if (folder := os.environ.get("SCREENSHOTS")) and not letters:
                picture = Image.open(io.BytesIO(alice.page.screenshot(scale="css"))).quantize(COLOURS)
                name = page.rsplit("/", 1)[-1]
                picture.save(Path(folder) / f"shop-{name}-{language}.png", optimize=True)
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)


def test_every_page_says_what_happened(
    house: House, shop_browser: Browser, furnished: dict[str, dict[str, str]]
) -> None:
    """The API fails, then the network: each page says so and offers to try again."""
    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.open("pages/home/home")
        alice.reads()
        alice.open("pages/me/me")
        alice.reads()
        silent = []
        for page in pages():
            for kind, said in (("failed", "出了点问题"), ("internetdisconnected", "网络不可用")):
                broken(alice, kind)
                alice.open(page, **furnished.get(page, {}))
                text = alice.reads()
                if OWN.search(str(alice.asked)) and said not in text:
                    silent.append((page, kind, text[:80]))
                alice.page.unroute("**/api/v1/**")
            alice.complaints.clear()
        assert not silent, json.dumps(silent, ensure_ascii=False, indent=1)


def broken(one: Phone, kind: str) -> None:
    """From now on the API answers 500, or nothing."""
    problem = {"code": "internal_error", "title": "服务内部错误。", "status": 500}

    def answer(route: Any) -> None:
        if kind == "failed":
            route.fulfill(status=500, content_type="application/problem+json", body=json.dumps(problem))
        else:
            route.abort(kind)

    one.page.route("**/api/v1/**", answer)

"""The consumer looks around: home, categories, lists, search, detail."""

from __future__ import annotations

from typing import Any

from backend.journey.report import expect, expect_that, step
from backend.journey.stage import Stage, yuan

LIMIT_FEN = 500_000  # of a single transaction; the journey only chooses goods by it, the house decides


@step("首页", "the first page")
def home(stage: Stage) -> str:
    page = stage.alice.get("home")
    rails = [block for block in page["blocks"] if block["kind"] == "products"]
    expect_that(bool(rails) and all(rail["items"] for rail in rails), "something to buy", page)
    kinds = " ".join(block["kind"] for block in page["blocks"])
    return f"{page['storefront']['name']['zh']}: {kinds}; {rails[0]['items'][0]['name']['zh']}"


@step("分类", "the category tree")
def categories(stage: Stage) -> str:
    tree = stage.alice.get("categories")["items"]
    expect(9, len(tree))
    return " ".join(shelf["name"]["zh"] for shelf in tree)


@step("商品列表", "every page of the list, cheapest first")
def lists(stage: Stage) -> str:
    cards = products(stage, "sort=price&limit=20")
    prices = [card["price_fen"] for card in cards]
    expect(sorted(prices), prices)
    expect(len(cards), len({card["code"] for card in cards}))
    skus = sum(len(card["skus"]) for card in cards)
    expect_that(skus >= 120, "at least 120 SKUs", skus)
    return f"{len(cards)} products, {skus} SKUs, {yuan(prices[0])} – {yuan(prices[-1])}, none twice"


@step("搜索“精华液”", "search in Chinese")
def search(stage: Stage) -> str:
    found = stage.alice.get("products?q=精华液")["items"]
    expect_that(bool(found) and "精华" in found[0]["name"]["zh"], "a serum first", found)
    return "、".join(card["name"]["zh"] for card in found[:3])


@step("商品详情", "one product with what customs must know")
def detail(stage: Stage) -> str:
    code = stage.alice.get("products?q=精华液")["items"][0]["code"]
    product = stage.alice.get(f"products/{code}")
    variant = next(v for v in product["variants"] if v["in_stock"])
    expect_that(len(variant["hs_code"]) == 10 and variant["e_label_zh"], "HS code and e-label", variant)
    picture = stage.alice.http.get(stage.alice.base + product["pictures"][0]["url"], timeout=5)
    expect(200, picture.status_code)
    stage.basket = [{"sku": variant["sku"], "quantity": 1}]
    return f"{product['name']['zh']} {yuan(variant['price_fen'])}, HS {variant['hs_code']}, picture seen"


@step("挑选", "something to go with it, and far too much")
def choose(stage: Stage) -> str:
    second = next(c for c in products(stage, "sort=price&category=haircare") if c["in_stock"])
    stage.basket.append({"sku": second["skus"][0], "quantity": 2})
    big = next(c for c in products(stage, "sort=-price&category=apparel") if c["in_stock"])
    pieces = max(LIMIT_FEN // big["price_fen"] + 1, 2)
    stage.big_basket = [{"sku": big["skus"][0], "quantity": pieces}]
    return f"2 × {second['name']['zh']}; {pieces} × {big['name']['zh']}"


def products(stage: Stage, query: str) -> list[dict[str, Any]]:
    """All cards of a list, page after page."""
    cards: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = stage.alice.get(f"products?{query}" + (f"&cursor={cursor}" if cursor else ""))
        cards += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return cards


STEPS = (home, categories, lists, search, detail, choose)

"""Look and first page as a storefront has furnished them; a draft is seen by who was given a token alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import PriceCut, Product
from miniprogram_api import kept
from shopfront.services.drafting import save_draft
from shopfront.services.previews import preview_token
from tests import make
from tests.make_looks import banner, grid, link, look, products, shown, words
from tests.miniprogram_api.conftest import Phone, phone_of


def home(phone: Phone, path: str = "home") -> list[dict]:
    kept.forget()
    return phone.get(path).json()["blocks"]


def test_a_new_storefront_looks_decent_at_once(anyone: Phone, alice: Phone, world: make.World) -> None:
    told = anyone.get("shop").json()
    assert told["storefront"]["code"] == "maison" and told["version"] == 0
    assert told["look"]["wordmark"] == {"zh": "maison 海外旗舰店", "en": "Maison Shop"}
    assert [tab["tab"] for tab in told["tabs"]] == ["home", "category", "cart", "me"]
    assert (told["minimum_version"], told["maintenance"], told["notices"]) == (None, None, [])
    shelves, newest, popular = home(anyone)
    assert [one["link"] for one in shelves["items"]] == [{"kind": "category", "code": "small"}]
    assert newest["more"] == {"kind": "page", "code": "newest"}
    for block in (newest, popular):
        assert {card["code"] for card in block["items"]} == {"p-hd-1", "p-ir-1"}
        assert all(card["in_stock"] for card in block["items"])
    assert alice.get("shop").json() == told
    assert anyone.get("shop", If_None_Match=anyone.get("shop")["ETag"]).status_code == 304


def test_blocks_stand_in_order_each_with_its_own_goods(anyone: Phone, world: make.World) -> None:
    for number in range(1, 5):
        make.variant(world.shop, f"N-{number}")
    Product.objects.filter(code="p-n-3").update(sold_count=9)
    Product.objects.filter(code="p-n-4").update(state="withdrawn")
    shown(
        world.shop.pk,
        look(
            banner(link("product", "p-hd-1"), link("coupons")),
            products("picked", "picked", codes=["p-n-2", "p-hd-1"], more=link("category", "small")),
            products("popular", "popular", most=1),
            products("shelf", "category", code="small", most=3),
            products("brand", "brand", code="aube", layout="list"),
            {"id": "say", "kind": "text", "title": words("关于"), "paragraphs": [words("我们")]},
            {"id": "coupons", "kind": "coupons", "title": words("领券")},
        ),
    )
    blocks = home(anyone)
    assert [one["kind"] for one in blocks] == ["banner", *["products"] * 4, "text", "coupons"]
    codes = {one["id"]: [card["code"] for card in one["items"]] for one in blocks[1:5]}
    assert codes == {
        "picked": ["p-n-2", "p-hd-1"],
        "popular": ["p-n-3"],
        "shelf": ["p-n-3", "p-n-2", "p-n-1"],
        "brand": ["p-n-3", "p-n-2", "p-n-1", "p-ir-1", "p-hd-1"],
    }
    picture = blocks[0]["items"][0]["picture"]
    assert (picture["url"], picture["width"], picture["alt"]["zh"]) == (
        "/media/shopfront/maison/a.jpg",
        1500,
        "大图",
    )
    # what is withdrawn later leaves the page, and so does a block that is empty by it
    Product.objects.filter(code__in=("p-hd-1", "p-n-2")).update(state="withdrawn")
    blocks = home(anyone)
    assert [one["link"]["kind"] for one in blocks[0]["items"]] == ["coupons"]
    assert "picked" not in [one["id"] for one in blocks]


def test_a_sale_is_on_the_first_page_until_it_ends(anyone: Phone, world: make.World) -> None:
    now = make.present()
    cut = PriceCut.objects.create(
        storefront=world.shop,
        variant=world.iron,
        price_fen=9_000,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
        name_zh="开店季特惠",
        name_en="Opening season",
        promotion="opening",
    )
    on_sale = products("sale", "promotion", code="opening", more=link("promotion", "opening"))
    shown(world.shop.pk, look(banner(link("promotion", "opening")), on_sale))
    sale, rail = home(anyone)
    assert sale["items"][0]["link"] == rail["more"] == {"kind": "promotion", "code": "opening"}
    assert [card["code"] for card in rail["items"]] == ["p-ir-1"]
    PriceCut.objects.filter(pk=cut.pk).update(ends_at=now - timedelta(seconds=1))
    assert home(anyone) == []


def test_the_number_of_statements_does_not_grow_with_the_blocks(anyone: Phone, world: make.World) -> None:
    def counted(*blocks: dict) -> int:
        nonlocal seen
        seen = shown(world.shop.pk, look(*blocks), seen)
        kept.forget()
        anyone.get("shop")  # reads storefront and shelf, which every page needs
        with CaptureQueriesContext(connection) as captured:
            assert len(anyone.get("home").json()["blocks"]) == len(blocks)
        return sum("set_config" not in q["sql"] and "SAVEPOINT" not in q["sql"] for q in captured)

    seen = 0
    shelves = {**grid(), "id": "shelves", "categories": True}
    few = counted(banner(link("product", "p-hd-1")), shelves, products("newest"))
    sources = [
        *(("newest", "", []), ("popular", "", []), ("category", "small", [])),
        *(("brand", "aube", []), ("picked", "", ["p-ir-1"])),
    ]
    rails = [products(f"r{n}", k, code=c, codes=cs) for n, (k, c, cs) in enumerate(sources * 3)]
    many = counted(
        banner(link("product", "p-hd-1"), link("brand", "aube")),
        {**shelves, "id": "again"},
        grid(link("category", "small"), link("product", "p-ir-1")),
        *rails,
    )
    assert few == many == 5  # look, links, products, cards, shelves


def test_a_draft_is_seen_with_its_token_alone_and_kept_by_nobody(
    client: Client, anyone: Phone, world: make.World
) -> None:
    shop, now = world.shop.pk, make.present()
    shown(shop, look(products("public")))
    save_draft(storefront_id=shop, content=look(grid(link("page", "me"))), revision=1, by="mei", now=now)
    token = preview_token(storefront_id=shop, now=now)
    drafted = anyone.get(f"home?preview={token}")
    assert [one["id"] for one in drafted.json()["blocks"]] == ["grid"]
    assert (drafted["Cache-Control"], "ETag" in drafted) == ("private, no-store", False)
    assert anyone.get(f"shop?preview={token}")["Cache-Control"] == "private, no-store"
    assert [one["id"] for one in anyone.get("home").json()["blocks"]] == ["public"]
    other = phone_of(client, make.customer(make.storefront("swift")))
    old = preview_token(storefront_id=shop, now=now - timedelta(hours=2))
    for phone, bad in (
        (other, token),
        (anyone, old),
        (anyone, token[:-1] + "x"),
        (anyone, ""),
        (anyone, "a:b"),
    ):
        answer = phone.get(f"home?preview={bad}")
        assert (answer.status_code, answer.json()["code"]) == (422, "shop_preview_over")


def test_notices_are_shown_while_they_hold(anyone: Phone, world: make.World) -> None:
    now = make.present()
    hour = timedelta(hours=1)
    spans = {
        "always": (None, None),
        "now": (now - hour, now + hour),
        "over": (None, now - hour),
        "later": (now + hour, None),
    }
    notices = [
        {
            "id": name,
            "kind": "warning",
            "text": words("通知"),
            "from": begins and begins.isoformat(),
            "until": ends and ends.isoformat(),
        }
        for name, (begins, ends) in spans.items()
    ]
    shown(world.shop.pk, look(products("a"), notices=notices, search_words=[words("精华")]))
    told = anyone.get("shop").json()
    assert [one["id"] for one in told["notices"]] == ["always", "now"]
    assert (told["version"], told["search_words"]) == (1, [words("精华")])


@pytest.mark.parametrize("path", ["shop", "home"])
def test_a_published_look_shows_within_a_second(anyone: Phone, world: make.World, path: str) -> None:
    before = anyone.get(path).content
    shown(world.shop.pk, look(products("a"), search_words=[words("新")]))
    kept.shelves.forget()  # as a second later
    assert anyone.get(path).content != before


def test_no_header_fails(anyone: Phone, world: make.World) -> None:
    anyone.client.raise_request_exception = False
    for path in ("shop", "home", "products", "parties"):
        for appid in ("\0", "wx\x7f", "é", "x" * 9_000, "*", " "):
            assert anyone.get(path, X_Appid=appid).status_code == 404, (path, appid[:9])
        for name in ("X_Client_Version", "Accept_Language", "If_None_Match"):
            for said in ("\0", "é", "x" * 9_000, "9999.9999.9999", "٣.1.1", "*"):
                assert anyone.get(path, **{name: said}).status_code in (200, 304), (path, name, said[:9])

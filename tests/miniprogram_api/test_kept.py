"""Kept pages: a hit costs no statement, a change shows within a second, the memory is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import CatalogVersion, PriceCut, Product, Variant
from miniprogram_api import kept, shelf
from miniprogram_api.kept import Page, Pages, pages
from miniprogram_api.shelf import Shelf
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of


class Clock:
    """The process's monotonic clock, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(kept, "time", made)
    monkeypatch.setattr(shelf, "time", made)
    yield made


def statements(phone: Phone, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert phone.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", ["shop", "home", "categories", "brands", "products", "products/p-hd-1"])
def test_a_second_look_costs_no_statement(anyone: Phone, path: str, clock: Clock) -> None:
    assert statements(anyone, path) > 0
    assert statements(anyone, path) == 0


def test_the_answer_is_the_same_bytes_and_304_for_who_has_them(anyone: Phone, clock: Clock) -> None:
    first, second = anyone.get("products"), anyone.get("products")
    assert second.content == first.content
    assert second["ETag"] == first["ETag"]
    assert second["X-Content-Type-Options"] == "nosniff"
    third = anyone.get("products", If_None_Match=first["ETag"])
    assert (third.status_code, third.content, third["ETag"]) == (304, b"", first["ETag"])
    assert anyone.call("HEAD", "products").status_code == 200


def test_a_new_price_shows_as_soon_as_the_version_is_read_again(
    anyone: Phone, world: make.World, clock: Clock
) -> None:
    assert anyone.get("products/p-hd-1").json()["variants"][0]["price_fen"] == 10_000
    Variant.objects.filter(sku="HD-1").update(price_fen=9_000)
    CatalogVersion.objects.filter(storefront=world.shop).update(version=99)
    clock.seconds += 0.9
    assert anyone.get("products/p-hd-1").json()["variants"][0]["price_fen"] == 10_000
    clock.seconds += 0.2
    assert anyone.get("products/p-hd-1").json()["variants"][0]["price_fen"] == 9_000


def test_what_sells_out_shows_a_second_later_without_a_new_version(
    anyone: Phone, world: make.World, clock: Clock
) -> None:
    assert [card["in_stock"] for card in anyone.get("products").json()["items"]] == [True, True]
    for pieces, in_stock, left in ((11, True, None), (10, True, 10), (1, True, 1), (0, False, 0)):
        make.stock(world.warehouse, world.dryer, pieces)
        clock.seconds += 1.1
        card = next(c for c in anyone.get("products").json()["items"] if c["code"] == "p-hd-1")
        assert (card["in_stock"], card["left"]) == (in_stock, left)
        variant = anyone.get("products/p-hd-1").json()["variants"][0]
        assert (variant["in_stock"], variant["left"]) == (in_stock, left)


def test_a_page_whose_own_goods_did_not_change_is_not_made_again(
    anyone: Phone, world: make.World, clock: Clock
) -> None:
    anyone.get("products/p-hd-1")
    make.stock(world.warehouse, world.iron, 0)
    clock.seconds += 1.1
    with CaptureQueriesContext(connection) as captured:
        anyone.get("products/p-hd-1")
    assert not any("catalog_media" in q["sql"] for q in captured.captured_queries)


def test_goods_in_no_warehouse_are_not_in_stock(anyone: Phone, world: make.World) -> None:
    make.variant(world.shop, "NO-1")
    variant = anyone.get("products/p-no-1").json()["variants"][0]
    assert (variant["in_stock"], variant["left"]) == (False, 0)


def test_a_price_cut_that_begins_shows_within_three_seconds(
    anyone: Phone, world: make.World, clock: Clock
) -> None:
    """The lists' own order follows with the catalogue's next version; the price is shown before."""
    now = make.present()
    assert anyone.get("products/p-hd-1").json()["variants"][0]["price_fen"] == 10_000
    PriceCut.objects.create(
        storefront=world.shop,
        variant=world.dryer,
        price_fen=8_000,
        starts_at=now - timedelta(seconds=1),
        ends_at=now + timedelta(days=1),
        name_zh="双十一",
        name_en="Singles' Day",
    )
    Product.objects.filter(code="p-hd-1").update(price_due_at=now - timedelta(seconds=1))
    clock.seconds += 2.9
    variant = anyone.get("products/p-hd-1").json()["variants"][0]
    assert (variant["price_fen"], variant["list_price_fen"]) == (8_000, 10_000)


def test_unknown_parameters_change_nothing_and_fill_nothing(anyone: Phone, clock: Clock) -> None:
    first = anyone.get("products?limit=1&sort=price")
    before = len(pages)
    for number in range(20):
        answer = anyone.get(f"products?utm={number}&sort=price&limit=1")
        assert answer.content == first.content
    assert len(pages) == before


def test_one_storefronts_page_is_never_anothers(client: Client, anyone: Phone, world: make.World) -> None:
    swift = make.storefront("swift")
    assert len(anyone.get("products").json()["items"]) == 2
    assert Phone(client, swift.appid).get("products").json()["items"] == []
    assert phone_of(client, make.customer(swift)).get("products").json()["items"] == []


def test_a_failure_is_not_kept(anyone: Phone, world: make.World) -> None:
    assert anyone.get("products/p-new-1").status_code == 404
    assert anyone.get("products?sort=beauty").status_code == 422
    assert len(pages) == 0
    make.variant(world.shop, "NEW-1")
    assert anyone.get("products/p-new-1").status_code == 200


def test_a_token_is_looked_up_once_in_a_while_for_pages_of_everyone(alice: Phone, clock: Clock) -> None:
    alice.get("products")
    assert statements(alice, "products") == 0
    assert alice.delete("session").status_code == 204
    clock.seconds += 5.1
    assert alice.get("products").status_code == 401


def test_the_memory_is_bounded_in_pages_and_in_bytes() -> None:
    at_hand = Shelf(1, {}, False, 0.0)

    def page(size: int) -> Page:
        return Page(b"x" * size, '"e"', kept.time.monotonic(), at_hand, ())

    few = Pages(at_most=3, at_most_bytes=100)
    for number in range(5):
        few.keep((1, f"/{number}", ()), page(10))
    assert (len(few), few.bytes) == (3, 30)
    assert few.find((1, "/0", ()), at_hand) is None
    assert few.find((1, "/2", ()), at_hand) is not None
    few.keep((1, "/big", ()), page(85))
    assert (len(few), few.bytes) == (2, 95)
    assert few.find((1, "/2", ()), at_hand) is not None  # used last, so the others went
    few.keep((1, "/big", ()), page(5))
    assert (len(few), few.bytes) == (2, 15)
    assert few.find((1, "/big", ()), replace(at_hand, version=2)) is None


def test_a_search_for_what_is_no_text_is_refused(anyone: Phone) -> None:
    answer: Any = anyone.get("products?q=%00")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")

"""Prices, their cuts, and the lowest present price that follows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from catalog import queries
from catalog.models import PriceCut, Product, Variant
from catalog.services.present_prices import refresh_due_prices
from catalog.services.prices import BadPrice, CutInTheWay, NoSuchVariant, cut_price, end_cut, set_price
from kernel.errors import Missing
from kernel.models import Event
from storefronts.models import Storefront
from tests.catalog.shelf import NOW, product

HOUR = timedelta(hours=1)


@pytest.fixture
def serum(shop: Storefront) -> Storefront:
    product(shop, "serum", price="100.00")
    return shop


def cut(shop: Storefront, **changes: Any) -> PriceCut:
    return cut_price(
        **{
            "storefront_id": shop.pk,
            "sku": "SERUM",
            "price_fen": 8_000,
            "starts_at": NOW + HOUR,
            "ends_at": NOW + 3 * HOUR,
            "name_zh": "特惠",
            "name_en": "Sale",
            "now": NOW,
            **changes,
        }
    )


def shown(shop: Storefront, at: datetime) -> tuple[int, int, int | None]:
    """Price and list price on the card, and the kept lowest price."""
    card = queries.products(shop.pk, now=at).items[0]
    return card["price_fen"], card["list_price_fen"], Product.objects.get(code="serum").from_price_fen


def test_a_new_price_is_shown_and_its_history_kept(serum: Storefront) -> None:
    before = queries.version(serum.pk)
    set_price(storefront_id=serum.pk, sku="SERUM", price_fen=12_345, now=NOW)
    assert shown(serum, NOW) == (12_345, 12_345, 12_345)
    assert queries.version(serum.pk) == before + 1
    event = Event.objects.get(name="variant.priced")
    assert event.facts == {"sku": "SERUM", "from_fen": 10_000, "to_fen": 12_345}


def test_a_cut_holds_from_its_first_instant_until_just_before_its_last(serum: Storefront) -> None:
    cut(serum)
    prices = [
        queries.priced_variants(serum.pk, ["SERUM"], at)["SERUM"].price_fen
        for at in (
            NOW + HOUR - timedelta(microseconds=1),
            NOW + HOUR,
            NOW + 3 * HOUR - timedelta(microseconds=1),
            NOW + 3 * HOUR,
        )
    ]
    assert prices == [10_000, 8_000, 8_000, 10_000]


def test_the_kept_lowest_price_follows_a_cut_when_it_begins_and_when_it_ends(serum: Storefront) -> None:
    cut(serum)
    version = queries.version(serum.pk)
    assert refresh_due_prices(now=NOW) == 0
    assert queries.version(serum.pk) == version
    assert refresh_due_prices(now=NOW + HOUR) == 1
    assert shown(serum, NOW + HOUR) == (8_000, 10_000, 8_000)
    assert refresh_due_prices(now=NOW + 2 * HOUR) == 0
    assert refresh_due_prices(now=NOW + 3 * HOUR) == 1
    assert shown(serum, NOW + 3 * HOUR) == (10_000, 10_000, 10_000)
    assert Product.objects.get(code="serum").price_due_at is None
    assert queries.version(serum.pk) == version + 2


@pytest.mark.parametrize(
    "changes",
    [
        {"price_fen": 10_000},
        {"price_fen": 0},
        {"price_fen": -1},
        {"ends_at": NOW + HOUR},
        {"starts_at": NOW - 2 * HOUR, "ends_at": NOW},
    ],
)
def test_a_cut_that_is_none_is_refused(serum: Storefront, changes: dict[str, Any]) -> None:
    version = queries.version(serum.pk)
    with pytest.raises(BadPrice), transaction.atomic():
        cut(serum, **changes)
    assert PriceCut.objects.count() == 0
    assert queries.version(serum.pk) == version


def test_a_second_cut_in_the_same_time_is_refused_and_named(serum: Storefront) -> None:
    cut(serum)
    with pytest.raises(CutInTheWay) as refused, transaction.atomic():
        cut(serum, price_fen=7_000, starts_at=NOW + 2 * HOUR, ends_at=NOW + 9 * HOUR)
    assert refused.value.cut == "Sale"
    assert PriceCut.objects.count() == 1
    cut(serum, price_fen=7_000, starts_at=NOW + 3 * HOUR, ends_at=NOW + 9 * HOUR)
    assert PriceCut.objects.count() == 2


def test_a_price_at_or_below_a_cut_to_come_is_refused(serum: Storefront) -> None:
    cut(serum)
    with pytest.raises(CutInTheWay), transaction.atomic():
        set_price(storefront_id=serum.pk, sku="SERUM", price_fen=8_000, now=NOW)
    assert Variant.objects.get(sku="SERUM").price_fen == 10_000
    set_price(storefront_id=serum.pk, sku="SERUM", price_fen=8_000, now=NOW + 3 * HOUR)


def test_a_running_cut_ends_now_and_one_to_come_goes_away(serum: Storefront) -> None:
    running = cut(serum, starts_at=NOW)
    coming = cut(serum, starts_at=NOW + 5 * HOUR, ends_at=NOW + 6 * HOUR)
    end_cut(storefront_id=serum.pk, cut_id=running.pk, now=NOW + HOUR)
    end_cut(storefront_id=serum.pk, cut_id=coming.pk, now=NOW + HOUR)
    assert list(PriceCut.objects.values_list("ends_at", flat=True)) == [NOW + HOUR]
    assert shown(serum, NOW + HOUR) == (10_000, 10_000, 10_000)
    with pytest.raises(Missing), transaction.atomic():
        end_cut(storefront_id=serum.pk, cut_id=running.pk, now=NOW + 2 * HOUR)


def test_a_price_of_nothing_that_is_there_is_missing(serum: Storefront) -> None:
    with pytest.raises(NoSuchVariant), transaction.atomic():
        set_price(storefront_id=serum.pk, sku="NOPE", price_fen=1, now=NOW)
    with pytest.raises(BadPrice), transaction.atomic():
        set_price(storefront_id=serum.pk, sku="SERUM", price_fen=0, now=NOW)

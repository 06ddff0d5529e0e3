"""Two writers of one catalogue at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from catalog import queries
from catalog.models import PriceCut, Variant
from catalog.services.prices import CutInTheWay, cut_price, set_price
from storefronts.models import Storefront
from tests import make
from tests.catalog.shelf import NOW, product, shelves

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def stocked() -> Storefront:
    shop = make.storefront()
    shelves(shop)
    product(shop, "serum", price="100.00")
    return shop


def at_once(count: int, work: Callable[[int], object]) -> list[str]:
    """Run `work(n)` in `count` threads that begin together; what each ended with, by name."""
    gate = Barrier(count)

    def one(number: int) -> str:
        try:
            gate.wait()
            work(number)
        except Exception as failure:
            return type(failure).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_without_the_writers_queue_overlapping_cuts_run_into_the_database(stocked: Storefront) -> None:
    """The race is real: looked up, none there, both inserted, the constraint has the last word."""
    variant = Variant.objects.get()
    both_looked = Barrier(4)

    def unguarded(number: int) -> None:
        with transaction.atomic():
            assert not PriceCut.objects.filter(variant=variant).exists()
            both_looked.wait()
            PriceCut.objects.create(
                storefront=stocked,
                variant=variant,
                price_fen=100 + number,
                starts_at=NOW,
                ends_at=TOMORROW,
                name_zh="特惠",
                name_en="Sale",
            )

    ended = at_once(4, unguarded)
    assert ended.count("done") == 1
    assert set(ended) - {"done"} <= {IntegrityError.__name__, "OperationalError"}
    assert PriceCut.objects.count() == 1


def test_of_overlapping_cuts_announced_at_once_one_stands_and_the_others_are_told(
    stocked: Storefront,
) -> None:
    version = queries.version(stocked.pk)
    ended = at_once(
        6,
        lambda number: cut_price(
            storefront_id=stocked.pk,
            sku="SERUM",
            price_fen=5_000 + number,
            starts_at=NOW,
            ends_at=TOMORROW,
            name_zh="特惠",
            name_en="Sale",
            now=NOW,
        ),
    )
    assert ended == [CutInTheWay.__name__] * 5 + ["done"]
    assert PriceCut.objects.count() == 1
    assert queries.version(stocked.pk) == version + 1


def test_every_change_of_many_at_once_has_its_own_version(stocked: Storefront) -> None:
    version = queries.version(stocked.pk)
    ended = at_once(
        6,
        lambda number: set_price(storefront_id=stocked.pk, sku="SERUM", price_fen=20_000 + number, now=NOW),
    )
    assert ended == ["done"] * 6
    assert queries.version(stocked.pk) == version + 6
    card = queries.products(stocked.pk, now=NOW).items[0]
    assert card["price_fen"] == Variant.objects.get().price_fen

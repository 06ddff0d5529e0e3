"""Two writers of one catalogue at the same time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import IntegrityError, connection, transaction

from catalog import queries
from catalog.importing.cells import HEADER, rows_of
from catalog.models import PriceCut, Variant
from catalog.services import import_products as import_module
from catalog.services import price_changes
from catalog.services.editing import IMPORT, ImportRuns, editing
from catalog.services.import_products import ChangedSince, check_products, import_products
from catalog.services.price_changes import plan_prices
from catalog.services.prices import CutInTheWay, cut_price, set_price
from kernel import jobs
from kernel.models import Job
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


def test_while_a_file_is_imported_others_are_told_which_and_how_far_it_is_instead_of_waiting(
    stocked: Storefront,
) -> None:
    job = jobs.queue(
        storefront_id=stocked.pk, kind=IMPORT, arguments={"name": "spring.csv"}, by="someone", now=NOW
    )
    Job.objects.filter(pk=job.pk).update(state="running", started_at=NOW, done=700, total=20_000)
    variant = Variant.objects.get()
    planned = {"storefront_id": stocked.pk, "by": "someone", "now": NOW}
    plan_prices(prices={variant.sku: 12_000}, starts_at=TOMORROW, **planned)
    begun, may_end = Event(), Event()

    def imports() -> None:
        try:
            with editing(stocked.pk, alone=True):
                begun.set()
                may_end.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(imports)
        assert begun.wait(30)
        try:
            with pytest.raises(ImportRuns) as told:
                set_price(storefront_id=stocked.pk, sku=variant.sku, price_fen=9_900, now=NOW)
            assert price_changes.apply_due(now=TOMORROW) == 0  # neither stopped nor kept waiting
            with pytest.raises(ImportRuns), editing(stocked.pk, alone=True):
                pass
        finally:
            may_end.set()
        held.result()
    assert told.value.facts() == {"file": "spring.csv", "since": "12:00", "done": 700, "total": 20_000}
    assert "正在导入 spring.csv（12:00 开始，已写入 700 / 20000 个 SKU）" in told.value.text("zh")
    set_price(storefront_id=stocked.pk, sku=variant.sku, price_fen=9_900, now=NOW)
    assert price_changes.apply_due(now=TOMORROW) == 1


def test_what_changed_after_the_file_was_compared_is_not_written_over(
    stocked: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(Variant.objects.select_related("product__category", "product__brand"))
    file = io.StringIO()
    out = csv.DictWriter(file, HEADER)
    out.writeheader()
    out.writerows({**row, "price": "120.00"} for row in rows)
    asked = {
        "storefront_id": stocked.pk,
        "file_name": "f.csv",
        "content": file.getvalue().encode(),
        "now": NOW,
    }
    seen = check_products(**asked).digest
    variant = Variant.objects.get()

    @contextmanager
    def late(storefront_id: int, *, alone: bool) -> Iterator[int]:
        set_price(storefront_id=storefront_id, sku=variant.sku, price_fen=9_900, now=NOW)
        with editing(storefront_id, alone=alone) as number:
            yield number

    with monkeypatch.context() as patch:
        patch.setattr(import_module, "editing", late)
        with pytest.raises(ChangedSince):
            import_products(**asked, seen=seen)
    variant.refresh_from_db()
    assert variant.price_fen == 9_900
    import_products(**asked, seen=check_products(**asked).digest)
    variant.refresh_from_db()
    assert variant.price_fen == 12_000

"""The public history of prices: written with every change, changed by nobody, one answer for everyone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import PublicPrice, Variant
from catalog.priced import priced_variants
from catalog.published import published
from catalog.services.prices import BadPrice, CutInTheWay, cut_price, end_cut, set_price
from kernel.errors import Missing
from storefronts.models import Storefront
from tests import make
from tests.catalog.shelf import NOW, product

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def price(variant: Variant, at: datetime) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT catalog_public_price(%s, %s)", [variant.pk, at])
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def cut(shop: Storefront, fen: int, *, starts: datetime, ends: datetime, now: datetime) -> int:
    return cut_price(
        storefront_id=shop.pk,
        sku="SERUM",
        price_fen=fen,
        starts_at=starts,
        ends_at=ends,
        name_zh="特惠",
        name_en="Sale",
        now=now,
    ).pk


@pytest.fixture
def serum(shop: Storefront) -> Variant:
    product(shop, "serum")
    return Variant.objects.get(sku="SERUM")


def test_an_import_a_price_a_cut_and_its_end_are_each_a_row(shop: Storefront, serum: Variant) -> None:
    set_price(storefront_id=shop.pk, sku="SERUM", price_fen=12_000, now=NOW + HOUR)
    made = cut(shop, 9_000, starts=NOW + 2 * HOUR, ends=NOW + 9 * HOUR, now=NOW + 2 * HOUR)
    end_cut(storefront_id=shop.pk, cut_id=made, now=NOW + 3 * HOUR)
    rows = PublicPrice.objects.order_by("id").values_list("kind", "price_fen", "starts_at", "ends_at")
    assert list(rows) == [
        ("list", 10_000, NOW, None),
        ("list", 12_000, NOW + HOUR, None),
        ("cut", 9_000, NOW + 2 * HOUR, NOW + 9 * HOUR),
        ("cut_ended", 9_000, NOW + 3 * HOUR, None),
    ]
    at = [price(serum, NOW + n * HOUR) for n in (-1, 0, 1, 2, 3)]
    assert at == [None, 10_000, 12_000, 9_000, 12_000]


def test_what_changes_nothing_writes_no_row(shop: Storefront, serum: Variant) -> None:
    set_price(storefront_id=shop.pk, sku="SERUM", price_fen=10_000, now=NOW + HOUR)
    product(shop, "other")
    assert PublicPrice.objects.filter(variant=serum).count() == 1


def test_a_refused_change_leaves_no_row(shop: Storefront, serum: Variant) -> None:
    with pytest.raises(BadPrice), transaction.atomic():
        cut(shop, 10_000, starts=NOW, ends=NOW + HOUR, now=NOW)
    assert PublicPrice.objects.count() == 1


def test_a_cut_taken_back_before_it_began_was_never_in_force(shop: Storefront, serum: Variant) -> None:
    made = cut(shop, 9_000, starts=NOW + 2 * HOUR, ends=NOW + 9 * HOUR, now=NOW)
    end_cut(storefront_id=shop.pk, cut_id=made, now=NOW + HOUR)
    assert price(serum, NOW + 3 * HOUR) == 10_000


def test_nobody_could_buy_at_a_cut_before_it_was_announced(shop: Storefront, serum: Variant) -> None:
    cut(shop, 9_000, starts=NOW, ends=NOW + 9 * HOUR, now=NOW + HOUR)
    assert [price(serum, NOW), price(serum, NOW + HOUR)] == [10_000, 9_000]


def test_the_database_refuses_to_change_what_was_told(serum: Variant) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PublicPrice.objects.update(price_fen=1)
    assert PublicPrice.objects.get().price_fen == 10_000


def test_web_and_worker_may_neither_change_nor_remove_a_row(serum: Variant) -> None:
    with connection.cursor() as cursor:
        for role in ("web", "worker"):
            for act in ("UPDATE", "DELETE"):
                cursor.execute("SELECT has_table_privilege(%s, 'catalog_publicprice', %s)", [role, act])
                assert cursor.fetchone() == (False,), (role, act)


changes = st.lists(
    st.tuples(
        st.sampled_from(["price", "cut", "end"]),
        st.integers(1, 200).map(lambda n: n * 100),
        st.integers(-3, 6),
        st.integers(1, 8),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=changes)
def test_history_function_and_shelf_tell_one_price_whatever_was_changed(changes: list) -> None:
    """At the instant of each change, and at every later one, all three agree."""
    with transaction.atomic():
        shop = make.storefront("history")
        made = make.variant(shop, "SERUM", 10_000)
        cuts: list[int] = []
        now = NOW
        for what, fen, start, length in changes:
            now += HOUR
            try:
                with transaction.atomic():
                    if what == "price":
                        set_price(storefront_id=shop.pk, sku="SERUM", price_fen=fen, now=now)
                    elif what == "cut":
                        starts = now + start * HOUR
                        cuts.append(cut(shop, fen, starts=starts, ends=starts + length * HOUR, now=now))
                    elif cuts:
                        end_cut(storefront_id=shop.pk, cut_id=cuts.pop(), now=now)
            except (BadPrice, CutInTheWay, Missing):
                continue
            shelf = priced_variants(shop.pk, ["SERUM"], now)["SERUM"].price_fen
            assert shelf == price(made, now) == published([made.pk], now)[made.pk].present_fen
        for later in range(12):
            at = now + later * HOUR
            shelf = priced_variants(shop.pk, ["SERUM"], at)["SERUM"].price_fen
            assert shelf == price(made, at) == published([made.pk], at)[made.pk].present_fen
        transaction.set_rollback(True)

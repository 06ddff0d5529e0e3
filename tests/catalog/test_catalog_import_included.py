"""A price with tax in it is kept as the list price that comes to it to the fen, or its row is refused."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import PublicPrice, Variant
from catalog.services.import_products import ImportReport, check_products, import_products
from kernel.models import Event
from storefronts.models import Storefront
from tests import make_tables
from tests.catalog.shelf import NOW, row, table

MILK = {"hs_code": "1901101000", "net_content": "900", "net_content_unit": "g"}
CREAM = {"hs_code": "3304990039", "net_content": "50", "net_content_unit": "ml"}


@pytest.fixture(autouse=True)
def _rates(shop: Storefront) -> None:
    make_tables.tariff()


def given(price: str, **changes: str) -> dict[str, str]:
    return row(price="", price_tax_included=price, **changes)


def check(shop: Storefront, *rows: dict[str, str]) -> list[tuple[int, str, str]]:
    report = check_products(storefront_id=shop.pk, file_name="f.csv", content=table(*rows), now=NOW)
    return [(fault.row, fault.column, fault.message) for fault in report.faults]


def bring_in(shop: Storefront, *rows: dict[str, str]) -> ImportReport:
    return import_products(storefront_id=shop.pk, file_name="f.csv", content=table(*rows), now=NOW)


@pytest.mark.parametrize(
    ("price", "goods", "list_price", "tax"),
    [
        ("99.00", MILK, 9_074, 826),
        ("545.49", CREAM, 49_999, 4_550),
        ("615.29", CREAM, 50_000, 11_529),
        ("5455.00", MILK, 500_000, 45_500),
    ],
)
def test_a_price_with_tax_is_kept_as_list_price_and_tax_that_come_to_it(
    shop: Storefront, price: str, goods: dict[str, str], list_price: int, tax: int
) -> None:
    bring_in(shop, given(price, **goods))
    assert Variant.objects.get().price_fen == list_price
    assert PublicPrice.objects.get().price_fen == list_price
    told = Event.objects.get(name="catalogue.imported").facts["tax_included"]
    assert told == {"RS-30": [list_price + tax, tax]}
    again = bring_in(shop, given(price, **goods))
    assert (again.products_changed, again.variants_changed) == (0, 0)


@pytest.mark.parametrize(
    ("price", "goods", "nearest"),
    [
        ("98.97", MILK, "98.96 and 98.98"),
        ("600.00", CREAM, "545.49 and 615.29"),
        ("5932.50", MILK, "5455.00 and 5932.51"),
    ],
)
def test_a_price_that_no_list_price_comes_to_is_refused_with_the_nearest_that_work(
    shop: Storefront, price: str, goods: dict[str, str], nearest: str
) -> None:
    message = f"no price without tax comes to this with its tax; the nearest that work: {nearest}"
    assert check(shop, given(price, **goods)) == [(2, "price_tax_included", message)]
    for other in nearest.split(" and "):
        assert check(shop, given(other, **goods)) == []


def test_goods_that_cannot_be_taxed_yet_have_no_price_with_tax(shop: Storefront) -> None:
    assert check(shop, given("99.00", hs_code="9503009000")) == [
        (2, "price_tax_included", "There is no tariff for RS-30 yet.")
    ]
    assert check(shop, given("99.00", net_content="", net_content_unit="")) == [
        (2, "price_tax_included", "The net content of RS-30 is needed for its tax.")
    ]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        (
            {"price": "1.00", "price_tax_included": "2.00"},
            [(2, "price_tax_included", "give this or price, not both")],
        ),
        ({"price": "", "price_tax_included": ""}, [(2, "price", "must not be empty")]),
        (
            {"price": "", "price_tax_included": "cheap"},
            [(2, "price_tax_included", "not an amount in yuan like 199.00")],
        ),
    ],
)
def test_a_row_has_one_price(shop: Storefront, changes: dict[str, str], faults: list[Any]) -> None:
    assert check(shop, row(**changes)) == faults


def test_a_file_may_have_prices_of_both_kinds_and_needs_no_column_for_the_other(shop: Storefront) -> None:
    plain = row(product_code="plain", sku="P-1")
    bring_in(shop, plain, given("99.00", **MILK))
    assert dict(Variant.objects.values_list("sku", "price_fen")) == {"P-1": 89_900, "RS-30": 9_074}
    alone = {name: cell for name, cell in given("99.00", **MILK).items() if name != "price"}
    assert check(shop, alone) == []

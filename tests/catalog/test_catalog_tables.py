"""What must hold of a catalogue holds in the database, whoever writes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Brand, Category, PriceCut, Product, PublicPrice, Variant
from storefronts.models import Storefront
from tests import make
from tests.catalog.shelf import NOW, product, shelves


@pytest.fixture
def variant(shop: Storefront) -> Variant:
    product(shop, "serum")
    return Variant.objects.get(sku="SERUM")


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("variant_price_positive", {"price_fen": 0}),
        ("variant_weight_positive", {"weight_g": 0}),
        ("variant_sku_form", {"sku": "a sku"}),
        ("variant_hs_code", {"hs_code": "33049900"}),
        ("variant_origin", {"origin_country": "FR"}),
        ("variant_origin", {"origin_iso": "fr"}),
        ("variant_units", {"unit": "瓶"}),
        ("variant_units", {"legal_quantity_1": Decimal(0)}),
        ("variant_second_unit_whole", {"legal_unit_2": "011"}),
        ("variant_second_unit_whole", {"legal_quantity_2": Decimal(1)}),
        ("variant_second_unit_whole", {"legal_unit_2": "011", "legal_quantity_2": Decimal(0)}),
        ("variant_content_whole", {"net_content": None}),
        ("variant_content_whole", {"net_content_unit": "kg"}),
        ("variant_bar_code", {"bar_code": "12"}),
        ("variant_doubt_is_named", {"customs_confirmed": False, "customs_note": ""}),
    ],
)
def test_a_variant_that_cannot_be_sold_or_declared_is_refused(
    variant: Variant, constraint: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Variant.objects.filter(pk=variant.pk).update(**changes)


def test_a_sku_is_unique_in_its_storefront_only(shop: Storefront, variant: Variant) -> None:
    other = make.storefront("swift")
    shelves(other)
    product(other, "serum")
    variant.pk = None
    with pytest.raises(IntegrityError, match="variant_sku"), transaction.atomic():
        variant.save(force_insert=True)
    assert Variant.objects.filter(sku="SERUM").count() == 2


def test_two_cuts_of_one_variant_cannot_overlap_by_an_instant(shop: Storefront, variant: Variant) -> None:
    def cut(start: int, end: int) -> None:
        PriceCut.objects.create(
            storefront=shop,
            variant=variant,
            price_fen=1,
            starts_at=NOW + timedelta(hours=start),
            ends_at=NOW + timedelta(hours=end),
            name_zh="特惠",
            name_en="Sale",
        )

    cut(1, 3)
    cut(3, 4)  # the end is not part of a cut
    with pytest.raises(IntegrityError, match="cut_one_at_a_time"), transaction.atomic():
        cut(2, 5)
    with pytest.raises(IntegrityError, match="cut_lasts"), transaction.atomic():
        cut(9, 9)


def test_a_published_product_has_the_day_of_its_publication(shop: Storefront, variant: Variant) -> None:
    with pytest.raises(IntegrityError, match="product_published_has_day"), transaction.atomic():
        Product.objects.filter(pk=variant.product_id).update(published_at=None)


def test_nothing_points_into_another_storefront(shop: Storefront, variant: Variant) -> None:
    other = make.storefront("swift")
    shelves(other)
    foreign_category = Category.objects.get(storefront=other, code="coffee")
    foreign_brand = Brand.objects.get(storefront=other, code="aube")
    product_row = Product.objects.filter(pk=variant.product_id)
    PublicPrice.objects.filter(variant=variant).delete()  # its own key would be named before the others
    for constraint, change in (
        ("product_category_tenant", lambda: product_row.update(category=foreign_category)),
        ("product_brand_tenant", lambda: product_row.update(brand=foreign_brand)),
        ("variant_product_tenant", lambda: Variant.objects.filter(pk=variant.pk).update(storefront=other)),
        (
            "category_parent_tenant",
            lambda: Category.objects.filter(storefront=shop, code="coffee").update(parent=foreign_category),
        ),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            change()

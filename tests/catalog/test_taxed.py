"""What a product's page tells of its tax is what is levied of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from catalog import queries
from catalog.models import Variant
from compliance.models import TariffLine
from storefronts.models import Storefront
from tests import make_tables
from tests.catalog.shelf import NOW, product

pytestmark = pytest.mark.django_db


def told(shop: Storefront, price: str, **more: Any) -> dict[str, Any]:
    make_tables.tariff()
    product(shop, "serum", price=price)
    Variant.objects.filter(sku="SERUM").update(**more)
    (variant,) = queries.product(shop.pk, "serum", now=NOW)["variants"]
    tax: dict[str, Any] = variant["tax"]
    return tax


def test_below_the_threshold_no_excise_falls_due(shop: Storefront) -> None:
    tax = told(shop, "299.00")  # 30 ml: 9.97 yuan a ml
    assert (tax["composite_rate"], tax["excise_rate"], tax["tax_fen"]) == ("9.1", "0", 2_721)


def test_a_piece_above_the_single_limit_is_taxed_in_full(shop: Storefront) -> None:
    tax = told(shop, "5000.01")
    assert (tax["composite_rate"], tax["duty_rate"], tax["levied_share"]) == (None, "1", "100")
    value = Decimal("505001.01") / Decimal("0.85")  # with duty and excise
    assert tax["tax_fen"] == round(5000.01) + round(value * Decimal("0.15")) + round(value * Decimal("0.13"))


def test_excise_by_quantity_is_no_share_of_a_value(shop: Storefront) -> None:
    make_tables.tariff()
    TariffLine.objects.filter(hs_code="33049900").update(
        excise_kind="specific",
        excise_rate=None,
        excise_per_unit_fen=100,
        excise_unit="10ml",
        threshold_fen_per_ml_or_g=None,
        threshold_fen_per_piece=None,
    )
    tax = told(shop, "299.00")
    assert (tax["composite_rate"], tax["excise_by_quantity"]) == (None, True)
    assert tax["tax_fen"] == 210 + 2_748  # 70 % of 3 yuan, and of 13 % of 302 yuan


def test_what_cannot_be_reckoned_is_not_told(shop: Storefront) -> None:
    assert told(shop, "299.00", net_content=None, net_content_unit=None) is None
    TariffLine.objects.all().delete()
    (variant,) = queries.product(shop.pk, "serum", now=NOW)["variants"]
    assert variant["tax"] is None

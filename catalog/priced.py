"""What cart, quote and checkout need of a variant, with its present price, in one statement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import orjson
from django.db import connection

from compliance.facts import Goods, Listing

COLUMNS = """
v.id, v.sku, v.product_id, p.code, p.name_zh, p.name_en, b.name_zh, b.name_en, v.options,
least(v.price_fen, coalesce(cut.price_fen, v.price_fen)), v.price_fen,
cut.name_zh, cut.name_en, cut.ends_at,
v.weight_g, v.bar_code, v.hs_code, v.origin_country, v.origin_iso, v.unit,
v.legal_unit_1, v.legal_quantity_1, v.legal_unit_2, v.legal_quantity_2,
v.net_content, v.net_content_unit, v.spec_zh, v.is_food, v.adult_only, v.return_exclusion, v.classes,
v.exclusion_ruled_out,
v.active AND v.customs_confirmed AND p.state = 'published', media.thumbnail_path,
nullif(cut.promotion, '')
"""
TABLES = """
  FROM catalog_variant v
  JOIN catalog_product p ON p.id = v.product_id
  JOIN catalog_brand b ON b.id = p.brand_id
  LEFT JOIN catalog_pricecut cut
    ON cut.variant_id = v.id AND cut.starts_at <= %(now)s AND cut.ends_at > %(now)s
  LEFT JOIN catalog_media media ON media.product_id = p.id AND media.position = 0
"""
BY_SKU = f"SELECT {COLUMNS} {TABLES} WHERE v.storefront_id = %(storefront)s AND v.sku = ANY(%(skus)s)"

KILOGRAM = "035"  # 千克
_OPTIONS = 8  # place of the JSON column


@dataclass(frozen=True, slots=True)
class PricedVariant:
    """A variant at an instant. `price_fen` is what one piece costs now, tax excluded, any public price cut
    taken off; `list_price_fen` is its price without a cut. Legal quantities and content are of one piece.

    `on_sale` is False when the variant is inactive, its classification is not confirmed, or its product is
    not published: show it, do not sell it.
    """

    variant_id: int
    sku: str
    product_id: int
    product_code: str
    name_zh: str
    name_en: str
    brand_zh: str
    brand_en: str
    options: dict[str, dict[str, str]]
    price_fen: int
    list_price_fen: int
    cut_zh: str | None
    cut_en: str | None
    cut_ends_at: datetime | None
    weight_g: int
    bar_code: str
    hs_code: str
    origin_country: str
    origin_iso: str
    unit: str
    legal_unit_1: str
    legal_quantity_1: Decimal
    legal_unit_2: str | None
    legal_quantity_2: Decimal | None
    net_content: Decimal | None
    net_content_unit: Literal["ml", "g", "piece"] | None
    spec_zh: str
    is_food: bool
    adult_only: bool
    return_exclusion: str
    classes: list[str]
    exclusion_ruled_out: bool
    on_sale: bool
    thumbnail_path: str | None
    promotion: str | None

    def goods(self, listing: Listing | None) -> Goods:
        """What one piece is before the law, with what the positive list says of its code."""
        return Goods(listing, self.classes, self.is_food, self.adult_only, self.exclusion_ruled_out)

    @property
    def net_g(self) -> int:
        """Net weight of one piece in grams, as it is declared in kilograms; else its gross weight."""
        for unit, quantity in (
            (self.legal_unit_1, self.legal_quantity_1),
            (self.legal_unit_2, self.legal_quantity_2),
        ):
            if unit == KILOGRAM and quantity is not None:
                return math.ceil(quantity * 1000)
        return self.weight_g


def priced_variants(storefront_id: int, skus: Sequence[str], now: datetime) -> dict[str, PricedVariant]:
    """SKU → variant with its price at `now`; a SKU that the storefront does not have is absent."""
    with connection.cursor() as cursor:
        cursor.execute(BY_SKU, {"storefront": storefront_id, "skus": list(skus), "now": now})
        return {row[1]: from_row(row) for row in cursor.fetchall()}


def from_row(row: Sequence[Any]) -> PricedVariant:
    """A row of COLUMNS as a dataclass; JSON comes from the driver as text."""
    values = list(row)
    values[_OPTIONS] = orjson.loads(row[_OPTIONS])
    return PricedVariant(*values)

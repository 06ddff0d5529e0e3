"""The catalogue in the cells of an import: what is written here is read back as the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from catalog.importing import included
from catalog.importing.columns import COLUMNS
from catalog.importing.read import Row, Table
from catalog.models import Product, Variant
from kernel.money import yuan

# A price with tax is turned into a list price when it is read: what is kept is told as that.
HEADER = tuple(column.name for column in COLUMNS if column.name != included.COLUMN)
_TEXTS = ("name_zh", "name_en", "subtitle_zh", "subtitle_en", "description_zh", "description_en")
_AS_IT_IS = (
    *("sku", "bar_code", "hs_code", "unit", "legal_unit_1", "legal_unit_2", "net_content_unit"),
    *("spec_zh", "e_label_zh", "return_exclusion", "customs_note"),
)
_YES_NO = ("active", "is_food", "adult_only", "exclusion_ruled_out", "customs_confirmed")
_DECIMALS = ("legal_quantity_1", "legal_quantity_2", "net_content")


def of_product(product: Product, *, category: str, brand: str) -> dict[str, str]:
    """The cells of a product; category and brand by their codes."""
    texts = {name: getattr(product, name) for name in _TEXTS}
    return {"product_code": product.code, "category": category, "brand": brand, **texts}


def of_variant(variant: Variant) -> dict[str, str]:
    """The cells of a variant."""
    return {
        **{name: getattr(variant, name) or "" for name in _AS_IT_IS},
        **{name: "yes" if getattr(variant, name) else "no" for name in _YES_NO},
        **{name: _decimal(getattr(variant, name)) for name in _DECIMALS},
        **{f"options_{word}": _options(variant.options.get(word, {})) for word in ("zh", "en")},
        "price": yuan(variant.price_fen),
        "weight_g": str(variant.weight_g),
        "origin": variant.origin_iso,
        "classes": "; ".join(variant.classes),
    }


def rows_of(variants: Iterable[Variant]) -> Iterable[dict[str, str]]:
    """A row of cells for each; product, category and brand are selected with them."""
    for variant in variants:
        product = variant.product
        own = of_product(product, category=product.category.code, brand=product.brand.code)
        yield {**own, **of_variant(variant)}


def table_of(rows: Iterable[Mapping[str, str]]) -> Table:
    """Rows of cells as a file that was read; the first stands in row 2."""
    return Table([*HEADER], [Row(number, {**row}) for number, row in enumerate(rows, start=2)], [])


def _decimal(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def _options(table: Mapping[str, Any]) -> str:
    return ";".join(f"{name}={value}" for name, value in table.items())

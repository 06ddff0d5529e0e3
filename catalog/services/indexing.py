"""What a product is found by: names and brand first, then category and SKU, then subtitle and description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from catalog import words
from catalog.models import Brand, Category, Product, Variant

_UPDATE = """
UPDATE catalog_product AS p SET search = new.vector::tsvector
  FROM unnest(%(ids)s::bigint[], %(vectors)s::text[]) AS new (id, vector)
 WHERE p.id = new.id
"""


def vector_of(
    product: Product, *, brand: Brand, category: Category, variants: Iterable[tuple[str, object]]
) -> str:
    """The tsvector literal of a product; `variants` are pairs of SKU and options."""
    pairs = list(variants)
    return words.vector(
        a=_text(product.name_zh, product.name_en, brand.name_zh, brand.name_en),
        b=_text(category.name_zh, category.name_en, *(sku for sku, _ in pairs)),
        c=_text(product.subtitle_zh, product.subtitle_en, *(_values(options) for _, options in pairs)),
        d=_text(product.description_zh, product.description_en),
    )


def index_products(products: Sequence[int]) -> None:
    """Write the search vectors of these products (ids) anew, in the caller's transaction."""
    rows = list(Product.objects.filter(pk__in=products).select_related("brand", "category"))
    variants: dict[int, list[tuple[str, object]]] = {}
    for product_id, sku, options in Variant.objects.filter(product_id__in=products, active=True).values_list(
        "product_id", "sku", "options"
    ):
        variants.setdefault(product_id, []).append((sku, options))
    vectors = [
        vector_of(row, brand=row.brand, category=row.category, variants=variants.get(row.pk, []))
        for row in rows
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, {"ids": [row.pk for row in rows], "vectors": vectors})


def _text(*parts: str) -> str:
    return "\n".join(parts)


def _values(options: object) -> str:
    """The option values in every language: {"zh": {"色号": "玫瑰"}} → "玫瑰"."""
    if not isinstance(options, dict):
        return ""
    return " ".join(str(v) for table in options.values() if isinstance(table, dict) for v in table.values())

"""What the first page of a shop shows of the catalogue, in one statement a question however much it asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import IntegerField, QuerySet, Value

from catalog.models import Product
from catalog.promotions import goods
from catalog.queries import cards, filtered, picture

_STANDING = """
SELECT 'product', code FROM catalog_product
 WHERE storefront_id = %(storefront)s AND code = ANY(%(product)s) AND state = 'published'
   AND from_price_fen IS NOT NULL
UNION ALL
SELECT 'category', code FROM catalog_category
 WHERE storefront_id = %(storefront)s AND code = ANY(%(category)s)
UNION ALL
SELECT 'brand', code FROM catalog_brand WHERE storefront_id = %(storefront)s AND code = ANY(%(brand)s)
UNION
SELECT 'promotion', promotion FROM catalog_pricecut
 WHERE storefront_id = %(storefront)s AND promotion = ANY(%(promotion)s) AND ends_at > %(now)s
"""
# Each shelf of the first level that has something on it, with the picture of what sells best there.
_FRONTS = """
WITH RECURSIVE below (root, id) AS (
    SELECT id, id FROM catalog_category WHERE storefront_id = %(storefront)s AND parent_id IS NULL
    UNION ALL
    SELECT below.root, c.id FROM catalog_category c JOIN below ON c.parent_id = below.id
)
SELECT c.code, c.name_zh, c.name_en,
       best.path, best.thumbnail_path, best.alt_zh, best.alt_en, best.width, best.height
  FROM catalog_category c
  JOIN LATERAL (
        SELECT m.path, m.thumbnail_path, m.alt_zh, m.alt_en, m.width, m.height
          FROM catalog_product p
          JOIN below ON below.root = c.id AND below.id = p.category_id
          LEFT JOIN catalog_media m ON m.product_id = p.id AND m.position = 0
         WHERE p.storefront_id = %(storefront)s AND p.state = 'published' AND p.from_price_fen IS NOT NULL
         ORDER BY m.id IS NULL, p.sold_count DESC, p.code
         LIMIT 1
       ) best ON true
 WHERE c.storefront_id = %(storefront)s AND c.parent_id IS NULL
 ORDER BY c.position, c.code
"""


@dataclass(frozen=True, slots=True)
class Pick:
    """Some products: the `newest`, the most `popular`, the newest of a `category`, `brand` or
    `promotion` by `code`, or those `picked` by `codes`, in their order."""

    kind: str
    most: int
    code: str = ""
    codes: tuple[str, ...] = ()


def picked(storefront_id: int, wanted: Sequence[Pick], *, now: datetime) -> list[list[dict[str, Any]]]:
    """The cards of each pick, in two statements for all of them; what is not on sale is left out."""
    if not wanted:
        return []
    first, *others = (_rows(storefront_id, place, pick, now) for place, pick in enumerate(wanted))
    found: list[list[tuple[Any, ...]]] = [[] for _ in wanted]
    for place, *row in first.union(*others, all=True) if others else first:
        found[place].append(tuple(row))
    ordered = [_in_order(pick, rows) for pick, rows in zip(wanted, found, strict=True)]
    ids = dict.fromkeys(pk for rows in ordered for _, pk in rows)
    by_code = {card["code"]: card for card in cards(list(ids), now)}
    return [[by_code[code] for code, _ in rows if code in by_code] for rows in ordered]


def standing(storefront_id: int, named: Iterable[tuple[str, str]], *, now: datetime) -> set[tuple[str, str]]:
    """Which of these (kind, code) a consumer can open; kinds are product, category, brand and promotion."""
    codes: dict[str, list[str]] = {"product": [], "category": [], "brand": [], "promotion": []}
    for kind, code in named:
        codes[kind].append(code)
    if not any(codes.values()):
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"storefront": storefront_id, "now": now, **codes})
        return {(kind, code) for kind, code in cursor.fetchall()}


def fronts(storefront_id: int) -> list[dict[str, Any]]:
    """The shelves of the first level on which something lies, each with a picture: code, name, picture."""
    with connection.cursor() as cursor:
        cursor.execute(_FRONTS, {"storefront": storefront_id})
        return [
            {
                "code": row[0],
                "name": {"zh": row[1], "en": row[2]},
                "picture": picture(row[3:]) if row[3] else None,
            }
            for row in cursor.fetchall()
        ]


def _rows(storefront_id: int, place: int, pick: Pick, now: datetime) -> QuerySet[Product, tuple[Any, ...]]:
    kind = pick.kind
    rows = filtered(
        storefront_id,
        category=pick.code if kind == "category" else "",
        brand=pick.code if kind == "brand" else "",
    ).annotate(place=Value(place, IntegerField()))
    if kind == "picked":
        rows = rows.filter(code__in=pick.codes)
    elif kind == "promotion":
        rows = rows.filter(pk__in=goods(storefront_id, pick.code, now=now))
    column = "sold_count" if kind == "popular" else "published_at"
    # Every part of a union has the same columns.
    named = rows.order_by(f"-{column}", "-code").values_list(
        "place", "published_at", "sold_count", "code", "id"
    )
    return named[: len(pick.codes) if kind == "picked" else pick.most]


def _in_order(pick: Pick, rows: list[tuple[Any, ...]]) -> list[tuple[str, int]]:
    """(code, id) in the order of the pick: a union promises none."""
    if pick.kind == "picked":
        places = {code: place for place, code in enumerate(pick.codes)}
        rows.sort(key=lambda row: places[row[2]])
        rows = rows[: pick.most]
    else:
        value = 1 if pick.kind == "popular" else 0
        rows.sort(key=lambda row: (row[value], row[2]), reverse=True)
    return [(row[2], row[3]) for row in rows]

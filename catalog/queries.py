"""What a consumer can see of a catalogue, as plain dicts ready for JSON, in a constant number of statements.

Every name and text is `{"zh": …, "en": …}`; money is fen, tax excluded; times are ISO 8601 in UTC. Nothing
here knows of stock: a door adds what is available by SKU. An answer holds as long as `version` stays, a price
cut that begins or ends being followed by `refresh_due_prices` within seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchQueryField
from django.db import connection
from django.db.models import BooleanField, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from catalog import cursors, promotions, reference, words
from catalog.models import Brand, CatalogVersion, Category, Media, Product
from catalog.priced import COLUMNS, TABLES, PricedVariant, from_row, priced_variants
from catalog.services.publication import NoSuchProduct
from catalog.taxed import taxed
from compliance import queries as compliance
from compliance.facts import Listing
from compliance.kinds import eaten, for_adults
from compliance.law import Law
from compliance.notice import return_exclusion
from kernel.clock import shanghai_day

__all__ = [
    "MAX_LIMIT",
    "SORTS",
    "Page",
    "PricedVariant",
    "brands",
    "cards",
    "categories",
    "filtered",
    "picture",
    "priced_variants",
    "product",
    "products",
    "version",
]

MAX_LIMIT = 50
# sort → column, falling or not; rows of one value are told apart by code, in the same direction
_SORTS = {
    "newest": ("published_at", True),
    "price": ("from_price_fen", False),
    "-price": ("from_price_fen", True),
    "sold": ("sold_count", True),
    "relevance": ("rank", True),
}
SORTS = tuple(_SORTS)

_SUBTREE = """
WITH RECURSIVE subtree AS (
    SELECT id FROM catalog_category WHERE storefront_id = %s AND code = %s
    UNION
    SELECT c.id FROM catalog_category c JOIN subtree ON c.parent_id = subtree.id
)
SELECT id FROM subtree
"""

_CARDS = """
SELECT p.code, p.name_zh, p.name_en, p.subtitle_zh, p.subtitle_en, b.code, b.name_zh, b.name_en, c.code,
       v.lowest, v.list_price, v.highest, v.skus,
       m.path, m.thumbnail_path, m.alt_zh, m.alt_en, m.width, m.height
  FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS page (id, place)
  JOIN catalog_product p ON p.id = page.id
  JOIN catalog_brand b ON b.id = p.brand_id
  JOIN catalog_category c ON c.id = p.category_id
  JOIN LATERAL (
        SELECT min(price) AS lowest, max(price) AS highest,
               (array_agg(one.price_fen ORDER BY price, one.position, one.id))[1] AS list_price,
               array_agg(one.sku ORDER BY one.position, one.id) AS skus
          FROM (
                SELECT variant.*, least(variant.price_fen, cut.price_fen) AS price
                  FROM catalog_variant variant
                  LEFT JOIN catalog_pricecut cut
                    ON cut.variant_id = variant.id AND cut.starts_at <= %(now)s AND cut.ends_at > %(now)s
                 WHERE variant.product_id = p.id AND variant.active
               ) one
       ) v ON v.skus IS NOT NULL
  LEFT JOIN catalog_media m ON m.product_id = p.id AND m.position = 0
 ORDER BY page.place
"""

_VARIANTS = f"""
SELECT v.e_label_zh, {COLUMNS} {TABLES}
 WHERE v.product_id = %(product)s AND v.active
 ORDER BY v.position, v.id
"""


@dataclass(frozen=True)
class Page:
    """Product cards, and the cursor of the next page, None on the last one."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class _Matches(Func):
    """tsvector @@ tsquery, without a text search configuration in between."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def products(
    storefront_id: int,
    *,
    now: datetime,
    category: str = "",
    brand: str = "",
    promotion: str = "",
    q: str = "",
    min_price_fen: int | None = None,
    max_price_fen: int | None = None,
    sort: str = "",
    cursor: str = "",
    limit: int = 20,
) -> Page:
    """One page of published products as cards, in two statements.

    `category` takes its descendants with it; `promotion` is a code of price cuts that run or are to come; `q`
    asks for every word; the price bounds, both included, are on the lowest present price. `sort` is one of
    SORTS, by default newest, or relevance where there is a `q`.
    Raises BadCursor, and ValueError for a sort that does not exist.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    asked = words.query(q) if q.strip() else ""
    sort = sort or ("relevance" if asked else "newest")
    if sort not in _SORTS:
        raise ValueError(f"no such sort: {sort}")
    if q.strip() and not asked:
        return Page([], None)
    if sort == "relevance" and not asked:
        sort = "newest"
    rows = filtered(
        storefront_id, category=category, brand=brand, asked=asked, low=min_price_fen, high=max_price_fen
    )
    if promotion:
        rows = rows.filter(pk__in=promotions.goods(storefront_id, promotion, now=now))
    column, falling = _SORTS[sort]
    if cursor:
        rows = rows.filter(_after(cursors.decode(cursor, sort=sort), column, falling))
    direction = "-" if falling else ""
    found = list(
        rows.order_by(f"{direction}{column}", f"{direction}code").values_list("id", column, "code")[
            : limit + 1
        ]
    )
    following = None
    if len(found) > limit:
        _, value, code = found[limit - 1]
        following = cursors.encode(cursors.Place(sort, _plain(value), code))
    return Page(cards([row[0] for row in found[:limit]], now), following)


def product(storefront_id: int, code: str, *, now: datetime) -> dict[str, Any]:
    """A published product with pictures and variants, and what tariff and positive list say of them today, in
    five statements. Raises NoSuchProduct."""
    row = (
        Product.objects.filter(storefront_id=storefront_id, code=code, state="published")
        .select_related("brand", "category")
        .defer("search")
        .first()
    )
    if row is None:
        raise NoSuchProduct(product=code)
    with connection.cursor() as cursor:
        cursor.execute(_VARIANTS, {"product": row.pk, "now": now})
        found = [(from_row(columns[1:]), columns[0]) for columns in cursor.fetchall()]
    law = Law(shanghai_day(now))
    hs_codes = {v.hs_code for v, _ in found}
    listed = compliance.listing(hs_codes=hs_codes, day=law.day)
    rates = compliance.tariff(hs_codes=hs_codes, day=law.day)
    variants = [
        _variant(v, e_label_zh=e_label_zh, law=law)
        | {"listing": _listing(listed.get(v.hs_code), law), "tax": taxed(v, rates.get(v.hs_code), law)}
        for v, e_label_zh in found
    ]
    pictures = Media.objects.filter(product=row).order_by("position")
    columns = pictures.values_list("path", "thumbnail_path", "alt_zh", "alt_en", "width", "height")
    return {
        "code": row.code,
        "name": _text(row.name_zh, row.name_en),
        "subtitle": _text(row.subtitle_zh, row.subtitle_en),
        "description": _text(row.description_zh, row.description_en),
        "brand": _brand(row.brand),
        "category": {"code": row.category.code, "name": _text(row.category.name_zh, row.category.name_en)},
        "pictures": [picture(found) for found in columns],
        "variants": variants,
    }


def categories(storefront_id: int) -> list[dict[str, Any]]:
    """The category tree, in one statement: code, name, children."""
    rows = list(Category.objects.filter(storefront_id=storefront_id).order_by("position", "code"))
    nodes: dict[int, dict[str, Any]] = {
        row.pk: {"code": row.code, "name": _text(row.name_zh, row.name_en), "children": []} for row in rows
    }
    for row in rows:
        if row.parent_id is not None:
            nodes[row.parent_id]["children"].append(nodes[row.pk])
    return [nodes[row.pk] for row in rows if row.parent_id is None]


def brands(storefront_id: int) -> list[dict[str, Any]]:
    """The storefront's brands by code, in one statement."""
    return [_brand(row) for row in Brand.objects.filter(storefront_id=storefront_id).order_by("code")]


def version(storefront_id: int) -> int:
    """The number of the catalogue's last change, 0 before the first."""
    found = (
        CatalogVersion.objects.filter(storefront_id=storefront_id).values_list("version", flat=True).first()
    )
    return found or 0


def filtered(
    storefront_id: int,
    *,
    category: str = "",
    brand: str = "",
    asked: str = "",
    low: int | None = None,
    high: int | None = None,
) -> QuerySet[Product]:
    """Published products of this kind, in no order; `asked` is a query as `words.query` makes it."""
    rows = Product.objects.filter(
        storefront_id=storefront_id, state="published", from_price_fen__isnull=False
    )
    if category:
        rows = rows.filter(category_id__in=RawSQL(_SUBTREE, [storefront_id, category]))  # noqa: S611
    if brand:
        rows = rows.filter(brand__code=brand)
    if low is not None:
        rows = rows.filter(from_price_fen__gte=low)
    if high is not None:
        rows = rows.filter(from_price_fen__lte=high)
    if asked:
        wanted = Cast(Value(asked), SearchQueryField())
        # ts_rank in millionths: a whole number survives a cursor, a float may not
        rank = Func(F("search"), wanted, function="ts_rank", template="(%(function)s(%(expressions)s) * 1e6)")
        rows = rows.filter(_Matches(F("search"), wanted)).annotate(rank=Cast(rank, IntegerField()))
    return rows


def _after(place: cursors.Place, column: str, falling: bool) -> Q:
    """Behind the last row of the page before; the first condition alone lets an index begin there."""
    value: Any = place.value
    try:
        value = datetime.fromisoformat(str(value)) if column == "published_at" else int(value)
    except ValueError as failure:
        raise cursors.BadCursor() from failure
    beyond = "lt" if falling else "gt"
    return Q(**{f"{column}__{beyond}e": value}) & (
        Q(**{f"{column}__{beyond}": value}) | Q(**{f"code__{beyond}": place.code})
    )


def cards(ids: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    """The cards of these products in this order, in one statement; who has nothing to sell has none."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_CARDS, {"ids": list(ids), "now": now})
        return [_card(row) for row in cursor.fetchall()]


def _card(row: Sequence[Any]) -> dict[str, Any]:
    return {
        "code": row[0],
        "name": _text(row[1], row[2]),
        "subtitle": _text(row[3], row[4]),
        "brand": {"code": row[5], "name": _text(row[6], row[7])},
        "category": row[8],
        "price_fen": row[9],
        "list_price_fen": row[10],
        "price_varies": row[9] != row[11],
        "skus": row[12],
        "picture": picture(row[13:19]) if row[13] else None,
    }


def _variant(v: PricedVariant, *, e_label_zh: str, law: Law) -> dict[str, Any]:
    cut = None
    if v.cut_ends_at is not None:
        cut = {
            "name": _text(v.cut_zh or "", v.cut_en or ""),
            "ends_at": _plain(v.cut_ends_at),
            "promotion": v.promotion,
        }
    content = None
    if v.net_content is not None:
        content = {"value": f"{v.net_content.normalize():f}", "unit": v.net_content_unit}
    return {
        "sku": v.sku,
        "options": v.options,
        "price_fen": v.price_fen,
        "list_price_fen": v.list_price_fen,
        "cut": cut,
        "weight_g": v.weight_g,
        "bar_code": v.bar_code,
        "hs_code": v.hs_code,
        "origin": {"country": v.origin_iso, "name": reference.country_names(v.origin_iso)},
        "unit": reference.unit_name(v.unit),
        "net_content": content,
        "spec_zh": v.spec_zh,
        "e_label_zh": e_label_zh,
        "is_food": eaten(marked=v.is_food, hs_code=v.hs_code, law=law),
        "adult_only": for_adults(marked=v.adult_only, hs_code=v.hs_code, law=law),
        "return_exclusion": _exclusion(v.return_exclusion, law),
    }


def _exclusion(ground: str, law: Law) -> dict[str, Any] | None:
    if not ground:
        return None
    wording = return_exclusion(law, ground)
    return {"ground": ground, "text": _text(" ".join(wording.zh), " ".join(wording.en))}


def _listing(said: Listing | None, law: Law) -> dict[str, Any] | None:
    if said is None:
        return None
    limits = law.figure("import/person_year_quantities")
    return {
        "remark": said.remark,
        "only_modes": list(said.only_modes),
        "grams_per_year": limits.get(said.limit_group) if said.limit_group else None,
    }


def _brand(row: Brand) -> dict[str, Any]:
    return {"code": row.code, "name": _text(row.name_zh, row.name_en), "origin_country": row.origin_country}


def picture(columns: Sequence[Any]) -> dict[str, Any]:
    """Paths, words in both languages and size as every answer shows a picture."""
    path, thumbnail, alt_zh, alt_en, width, height = columns
    return {
        "url": f"{settings.MEDIA_URL}{path}",
        "thumbnail_url": f"{settings.MEDIA_URL}{thumbnail}",
        "alt": _text(alt_zh, alt_en),
        "width": width,
        "height": height,
    }


def _text(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _plain(value: Any) -> int | str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else int(value)

"""The lowest present price of a product, kept beside it for sorting and filtering, follows its price cuts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.db import connection

from catalog.models import Product
from catalog.services.editing import ImportRuns, editing

_BATCH = 500

_UPDATE = """
UPDATE catalog_product AS p
   SET from_price_fen = present.price_fen, price_due_at = present.due_at
  FROM (
        SELECT v.product_id,
               min(least(v.price_fen, cut.price_fen)) FILTER (WHERE v.active) AS price_fen,
               min(next.at) AS due_at
          FROM catalog_variant v
          LEFT JOIN catalog_pricecut cut
            ON cut.variant_id = v.id AND cut.starts_at <= %(now)s AND cut.ends_at > %(now)s
          LEFT JOIN LATERAL (
                SELECT min(CASE WHEN c.starts_at > %(now)s THEN c.starts_at ELSE c.ends_at END) AS at
                  FROM catalog_pricecut c
                 WHERE c.variant_id = v.id AND c.ends_at > %(now)s
               ) next ON true
         WHERE v.product_id = ANY(%(products)s)
         GROUP BY v.product_id
       ) AS present
 WHERE p.id = present.product_id
   AND (p.from_price_fen, p.price_due_at) IS DISTINCT FROM (present.price_fen, present.due_at)
"""


def refresh_products(products: Sequence[int], *, now: datetime) -> int:
    """Bring the lowest present price of these products (ids) up to date, in the caller's transaction.

    Returns how many rows changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, {"products": list(products), "now": now})
        return int(cursor.rowcount)


def refresh_due_prices(*, now: datetime) -> int:
    """Follow the price cuts that began or ended up to `now`, in every storefront; returns changed products.

    Meant to be called every few seconds. A list may sort by a price up to that old; the price it shows,
    and the one a cart or a quote takes, is always the present one.
    """
    changed = 0
    due = Product.objects.filter(price_due_at__lte=now).order_by("storefront_id", "id")
    by_storefront: dict[int, list[int]] = {}
    for storefront_id, product_id in due.values_list("storefront_id", "id"):
        by_storefront.setdefault(storefront_id, []).append(product_id)
    for storefront_id, products in by_storefront.items():
        for start in range(0, len(products), _BATCH):
            with suppress(ImportRuns), editing(storefront_id):  # the next beat comes after it
                changed += refresh_products(products[start : start + _BATCH], now=now)
    return changed

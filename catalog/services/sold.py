"""What was sold is counted, so that "popular" is a fact; the count changes no kept page by itself."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from catalog.models import CatalogVersion
from kernel.tenancy import tenant

_ADD = """
UPDATE catalog_product AS p SET sold_count = GREATEST(p.sold_count + sold.pieces, 0)
  FROM unnest(%(ids)s::bigint[], %(pieces)s::bigint[]) AS sold (id, pieces)
 WHERE p.id = sold.id AND p.storefront_id = %(storefront)s
"""


def count_sold(*, storefront_id: int, pieces: Mapping[int, int]) -> None:
    """Add to `sold_count` of each product (id → pieces; less than none where a sale is taken back).

    In the caller's transaction. Adding is not repeatable: the caller sees to it that a sale is told once. The
    catalogue's version stays as it is, or no page could be kept while goods are selling: a kept page shows
    the new order when the catalogue or availability changes next. The version's row is locked all the same,
    as every writer of products does first, so that this and an import never wait for each other in a circle.
    """
    if not pieces:
        return
    ids = sorted(pieces)
    with tenant(storefront_id):
        CatalogVersion.objects.select_for_update(no_key=True).filter(storefront_id=storefront_id).first()
        with connection.cursor() as cursor:
            cursor.execute(
                _ADD, {"ids": ids, "pieces": [pieces[i] for i in ids], "storefront": storefront_id}
            )

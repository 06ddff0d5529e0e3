"""Casts a business in several processes, and puts it into the database: all or nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import F

from backend.seeding import loading
from backend.seeding.business import FIRST_YEAR, YEARS, Business
from backend.seeding.playing import Tell
from catalog.models import CatalogVersion
from inventory.services.repair import repair
from kernel.clock import now
from kernel.tenancy import tenant
from reporting.services import count_marked, mark_all

CHUNK, PROCESSES, REBUILD_FROM = 200, 2, 5_000
Texts = list[tuple[str, tuple[str, ...], str]]  # what COPY takes: table, columns, rows

_business: Business | None = None  # for the processes that cast, which are forked from this one


def cast(kind: str, first: int, last: int) -> Texts:
    """The text for COPY of these casts, table by table."""
    assert _business is not None
    texts: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for n in range(first, last):
        if kind == "orders":
            caster, values = _business.order_values(n)
        elif kind == "customers":
            caster, values = _business.buyers, _business.buyer_values(n, seal=True)
        else:
            caster, values = _business.ware_values(n)
        for table, text in caster.tables.items():
            texts.setdefault((table, caster.columns[table]), []).append(text.fill(values))
    return [(table, columns, "".join(lines)) for (table, columns), lines in texts.items()]


def _cast(part: tuple[str, int, int]) -> Texts:
    return cast(*part)


def multiply(business: Business, tell: Tell, *, processes: int = PROCESSES) -> None:
    """Cast all of it and put it into the database: all or nothing."""
    global _business  # noqa: PLW0603 -- handed to forked processes, which inherit it
    wish = business.wish
    parts = [
        (kind, first, min(first + CHUNK, many))
        for kind, many in (
            ("wares", business.ware_count),
            ("customers", wish.customers),
            ("orders", wish.orders),
        )
        for first in range(0, many, CHUNK)
    ]
    _business = business
    try:
        with _casting(processes) as casts:
            tables = [*business.tables, "compliance_allowanceaccount"]
            with loading.bulk(tables, rebuild=wish.orders >= REBUILD_FROM):
                done = dict.fromkeys(("wares", "customers", "orders"), 0)
                for (kind, first, last), texts in zip(parts, casts(parts), strict=True):
                    for table, columns, text in texts:
                        loading.copy(table, columns, text)
                    done[kind] += last - first
                    tell(kind, done[kind], {"wares": business.ware_count}.get(kind) or getattr(wish, kind))
                _sum_up(business)
                loading.set_sequences(tables)
                tell("indexes and links", 0, 1)
            tell("indexes and links", 1, 1)
    finally:
        _business = None
    repair()
    CatalogVersion.objects.filter(storefront=business.shop).update(version=F("version") + 1)
    with tenant(business.shop.pk):
        mark_all(storefront_id=business.shop.pk, first=None, last=None, now=now())
    count_marked(now=now())


@contextmanager
def _casting(processes: int) -> Iterator[Callable[[list[Any]], Iterator[Any]]]:
    if not processes:
        yield lambda parts: map(_cast, parts)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield lambda parts: pool.imap(_cast, parts)


def _sum_up(business: Business) -> None:
    """The sums over many: what each person has used of each year, and what was sold of each product."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
INSERT INTO compliance_allowanceaccount (id, person_id, year, measure, reserved, used)
SELECT e.account_id, min(o.person_id::text)::uuid,
       %(year)s + (e.account_id - %(first)s) / %(measures)s %% %(years)s,
       (%(names)s::text[])[1 + (e.account_id - %(first)s) %% %(measures)s],
       sum(CASE 'reserved' WHEN e.target THEN e.amount WHEN e.source THEN -e.amount ELSE 0 END),
       sum(CASE 'used' WHEN e.target THEN e.amount WHEN e.source THEN -e.amount ELSE 0 END)
FROM compliance_allowanceentry e JOIN orders_order o ON o.number = e.order_number
WHERE e.account_id >= %(first)s GROUP BY e.account_id""",
            {
                "year": FIRST_YEAR,
                "years": YEARS,
                "first": business.first_account,
                "measures": len(business.measures),
                "names": business.measures,
            },
        )
        cursor.execute(
            """
UPDATE catalog_product p SET sold_count = t.pieces FROM (
    SELECT v.product_id, sum(l.quantity) AS pieces FROM orders_orderline l
    JOIN orders_order o ON o.id = l.order_id JOIN catalog_variant v ON v.id = l.variant_id
    WHERE o.state = 'paid' AND o.storefront_id = %s GROUP BY v.product_id
) t WHERE t.product_id = p.id""",
            [business.shop.pk],
        )

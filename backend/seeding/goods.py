"""What the demonstration sells and how much of it lies in stock."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db.models import F, Q

import catalog
from catalog.demo.load import draw
from catalog.models import Category, Product, Variant
from catalog.services.import_products import import_products
from catalog.services.publication import publish
from catalog.services.shelves import put_brand, put_category
from inventory.models import BookItem, Stock, Warehouse
from inventory.services import receive, set_on_hand
from kernel.clock import shanghai_day
from storefronts.models import Storefront

FILES = Path(catalog.__file__).parent / "demo"
SPOILING = ["cosmetics", "supplements", "coffee", "pantry"]  # goods that bear an expiry date
MADE_BEFORE, KEEPS = timedelta(days=60), timedelta(days=1095)


def fill_shelves(
    storefront: Storefront, shelves: list[str] | None, labels: list[str] | None = None, *, now: datetime
) -> int:
    """Put the demonstration's catalogue on the shelves, all of it or some categories of the first level, of
    all labels or some.

    Returns how many SKUs are for sale.
    """
    if shelves is None:
        call_command("load_demo_catalogue", storefront=storefront.code, verbosity=0)
    else:
        load_part(storefront, shelves, now, labels)
    return Variant.objects.filter(storefront=storefront, active=True, product__state="published").count()


def load_part(
    storefront: Storefront, shelves: list[str], now: datetime, labels: list[str] | None = None
) -> None:
    """Import only the products of the categories `shelves` and of these labels, with their pictures."""
    categories = [row for row in rows("categories.csv") if {row["code"], row["parent"]} & set(shelves)]
    for position, row in enumerate(categories):
        put_category(storefront_id=storefront.pk, position=position, **row)
    codes = {row["code"] for row in categories}
    kept: list[dict[str, str]] = []
    keeps = False
    for row in rows("products.csv"):
        # A row without a category is one more variant of the product above it.
        if row["category"]:
            keeps = row["category"] in codes and (labels is None or row["brand"] in labels)
        if keeps:
            kept.append(row)
    brands = {row["brand"] for row in kept}
    for row in rows("brands.csv"):
        if row["code"] in brands:
            put_brand(storefront_id=storefront.pk, **row)
    file = io.StringIO()
    writer = csv.DictWriter(file, list(kept[0]))
    writer.writeheader()
    writer.writerows(kept)
    content = file.getvalue().encode()
    import_products(storefront_id=storefront.pk, file_name="part.csv", content=content, now=now)
    for code in Product.objects.filter(storefront=storefront, state="draft").values_list("code", flat=True):
        publish(storefront_id=storefront.pk, code=code, now=now)
    mine = Product.objects.filter(storefront=storefront).select_related("brand", "category").defer("search")
    draw(list(mine), storefront.code, Path(settings.MEDIA_ROOT))


def rows(name: str) -> list[dict[str, str]]:
    """A file of the demonstration's catalogue."""
    with (FILES / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill_warehouse(
    warehouse: Warehouse, pieces: int, shelves: list[str] | None, *, without: list[str], now: datetime
) -> int:
    """Top every SKU of `shelves` (all when None) and of none of `without` up to `pieces` that nobody holds.

    They come as lots, with days where goods spoil; a bonded lot names its inbound list. What nobody holds of
    goods that it is `without` now is counted out. Returns how many pieces were added.
    """

    def on(codes: list[str]) -> Q:
        found = Category.objects.filter(storefront=warehouse.storefront, code__in=codes)
        return Q(product__category__in=found) | Q(product__category__parent__in=found)

    variants = Variant.objects.filter(storefront=warehouse.storefront, active=True)
    kept_elsewhere = variants.filter(on(without))
    variants = variants.exclude(on(without))
    if shelves is not None:
        variants = variants.filter(on(shelves))
    enough = Stock.objects.filter(warehouse=warehouse, on_hand__gte=F("reserved") + F("quarantined") + pieces)
    spoiling = set(variants.filter(on(SPOILING)).values_list("pk", flat=True))
    made = shanghai_day(now) - MADE_BEFORE
    bonded = warehouse.trade_mode != Warehouse.TradeMode.DIRECT
    if bonded:
        BookItem.objects.bulk_create(
            (
                BookItem(
                    storefront=warehouse.storefront,
                    warehouse=warehouse,
                    variant=variant,
                    item_no=str(variant.pk),
                    record_no=f"LJ{variant.sku}"[:30],
                    filed_on=made,
                )
                for variant in variants
            ),
            ignore_conflicts=True,
        )
    for stock in Stock.objects.filter(
        warehouse=warehouse, on_hand__gt=F("reserved"), variant__in=kept_elsewhere
    ):
        set_on_hand(warehouse=warehouse, variant=stock.variant, on_hand=stock.reserved, by="seed", now=now)
    added = 0
    for variant in variants.exclude(pk__in=enough.values("variant_id")):
        before = Stock.objects.filter(warehouse=warehouse, variant=variant).first()
        more = pieces - (before.available if before else 0)
        spoils = variant.pk in spoiling
        receive(
            warehouse=warehouse,
            variant=variant,
            quantity=more,
            code=f"L{made:%y%m%d}",
            produced_on=made if spoils else None,
            expires_on=made + KEEPS if spoils else None,
            inbound_list=f"QD{warehouse.customs_district}{made:%y}I{made:%m%d}00001" if bonded else "",
            by="seed",
            now=now,
        )
        added += more
    return added

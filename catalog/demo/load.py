"""The demo assortment in a storefront: shelves, brands, products, pictures and a sale; twice is once."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from catalog.demo import pictures, stage
from catalog.models import Media, PriceCut, Product
from catalog.services.import_products import ImportReport, import_products
from catalog.services.prices import cut_price
from catalog.services.publication import publish
from catalog.services.shelves import Picture, put_brand, put_category, put_pictures
from kernel.errors import Refused

_HERE = Path(__file__).parent
PRODUCTS = _HERE / "products.csv"
SALE_DAYS = 30
# SKU → sale price in fen: public price cuts, so that a merchant sees one
_SALE = {"AUB-003-200": 22_800, "NER-051-B1000": 19_900, "KES-068-PCH": 149_900}


@dataclass(frozen=True)
class Loaded:
    """What was done. `held_back` are foods that wait for a food recall firm on file."""

    imported: ImportReport
    published: int
    held_back: int
    drawn: int
    on_sale: int


def load(*, storefront_id: int, storefront_code: str, media_root: Path, now: datetime) -> Loaded:
    """Put the whole assortment on the shelves; what is there already stays as it is."""
    for position, row in enumerate(_rows("categories.csv")):
        put_category(storefront_id=storefront_id, position=position, **row)
    for row in _rows("brands.csv"):
        put_brand(storefront_id=storefront_id, **row)
    imported = import_products(
        storefront_id=storefront_id, file_name=PRODUCTS.name, content=PRODUCTS.read_bytes(), now=now
    )
    mine = Product.objects.filter(
        storefront_id=storefront_id, code__in={row["product_code"] for row in _rows("products.csv")}
    ).order_by("pk")
    published, held_back = _publish(mine.filter(state="draft"), storefront_id, now)
    drawn = draw(list(mine.select_related("brand", "category")), storefront_code, media_root)
    return Loaded(imported, published, held_back, drawn, _start_sale(storefront_id, now))


def _publish(drafts: QuerySet[Product], storefront_id: int, now: datetime) -> tuple[int, int]:
    """Publish what may be shown; returns how many were, and how many foods must wait."""
    shown = held = 0
    for code in list(drafts.values_list("code", flat=True)):
        try:
            with transaction.atomic():
                # a minute apart, so that “newest” has an order to show
                publish(storefront_id=storefront_id, code=code, now=now - timedelta(minutes=shown))
            shown += 1
        except Refused:
            held += 1
    return shown, held


def draw(products: list[Product], storefront_code: str, media_root: Path) -> int:
    """Draw what has no picture in the catalogue or no file on disk; another shop's picture is copied."""
    below = Path("catalog") / storefront_code
    folder = media_root / below
    known = set(
        Media.objects.filter(product__in=products, position=0).values_list("product__code", flat=True)
    )
    found: dict[str, Picture] = {}
    drawn = 0
    for product in products:
        names = pictures.file_names(product.code)
        there = all((folder / name).exists() for name in names)
        if there and product.code in known:
            continue
        beside = next((one.parent for one in folder.parent.glob(f"*/{names[1]}")), folder)
        if not there and all((beside / name).exists() for name in names):
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                shutil.copyfile(beside / name, folder / name)
        elif not there:
            picture = pictures.draw(
                code=product.code,
                category=product.category.code,
                brand=product.brand.code,
                brand_name=product.brand.name_en,
                name=product.name_en,
            )
            pictures.save(picture, folder, product.code)
            drawn += 1
        full, small = (str(below / name) for name in names)
        found[product.code] = Picture(full, small, stage.SIDE, stage.SIDE)
    if found:
        put_pictures(storefront_id=products[0].storefront_id, pictures=found)
    return drawn


def _start_sale(storefront_id: int, now: datetime) -> int:
    """Cut the prices of the sale, unless it has been announced before."""
    begun = set(
        PriceCut.objects.filter(storefront_id=storefront_id, variant__sku__in=_SALE).values_list(
            "variant__sku", flat=True
        )
    )
    for sku in _SALE.keys() - begun:
        cut_price(
            storefront_id=storefront_id,
            sku=sku,
            price_fen=_SALE[sku],
            starts_at=now,
            ends_at=now + timedelta(days=SALE_DAYS),
            name_zh="开店季特惠",
            name_en="Opening season",
            promotion="opening",
            now=now,
        )
    return len(_SALE.keys() - begun)


def _rows(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

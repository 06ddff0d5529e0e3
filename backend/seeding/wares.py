"""Many SKUs like a few: each product of the demonstration is the mould of a row of others beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db.models import Model

from backend.seeding.casting import Caster, Known
from backend.seeding.filling import Space
from backend.seeding.moulds import Rows, read
from inventory.models import Stock
from storefronts.models import Storefront

TABLES = (
    "catalog_product",
    "catalog_variant",
    "catalog_publicprice",
    "catalog_media",
    "inventory_bookitem",
    "inventory_stock",
    "inventory_lot",
    "inventory_movement",
)
PIECES = 20_000  # in every lot, so that whatever is sold was there
DEAREST_FEN, PATTERNS = 20_000, 14
CAST = r"-\d{5}$"  # of what was cast before
LASTING = {"produced_on", "expires_on", "unsellable_from", "near_from", "floor_on"}


@dataclass(frozen=True)
class Ware:
    """A product of the demonstration with what lies of it in stock."""

    rows: Rows
    sku: str
    began: datetime


def models_by_table() -> dict[str, type[Model]]:
    """Every table of the house."""
    return {m._meta.db_table: m for m in apps.get_models()}


def wares(shop: Storefront, warehouse_id: int) -> list[Ware]:
    """Products in stock of which one may buy several at no limit; the first SKU of each is sold."""
    stocks = Stock.objects.filter(
        warehouse_id=warehouse_id,
        on_hand__gte=100,
        variant__storefront=shop,
        variant__active=True,
        variant__product__state="published",
        variant__price_fen__lte=DEAREST_FEN,
    ).exclude(variant__product__code__regex=CAST)
    found: dict[int, str] = {}
    for product, sku in stocks.order_by("variant__sku").values_list("variant__product_id", "variant__sku"):
        found.setdefault(product, sku)
    return [ware(product, sku) for product, sku in list(found.items())[:PATTERNS]]


def ware(product_id: int, sku: str) -> Ware:
    """One of them."""
    rows: Rows = {"catalog_product": read("catalog_product", "id = %s", [product_id])}
    rows["catalog_variant"] = read("catalog_variant", "product_id = %s", [product_id])
    rows["catalog_media"] = read("catalog_media", "product_id = %s", [product_id])
    variants = [row["id"] for row in rows["catalog_variant"]]
    for table in ("catalog_publicprice", "inventory_bookitem", "inventory_stock"):
        rows[table] = read(table, "variant_id = ANY(%s)", [variants])
    stocks = [row["id"] for row in rows["inventory_stock"]]
    rows["inventory_lot"] = read("inventory_lot", "stock_id = ANY(%s)", [stocks])
    lots = [row["id"] for row in rows["inventory_lot"]]
    received = read("inventory_movement", "lot_id = ANY(%s) AND kind = 'receive'", [lots])
    firsts = {row["lot_id"]: row for row in reversed(received)}  # one a lot: the pieces are ours
    rows["inventory_movement"] = sorted(firsts.values(), key=lambda row: row["id"])
    lots_kept = set(firsts)
    rows["inventory_lot"] = [row for row in rows["inventory_lot"] if row["id"] in lots_kept]
    rows = {table: found for table, found in rows.items() if found}
    _fill(rows)
    return Ware(rows, sku, rows["catalog_product"][0]["created_at"])


def _fill(rows: Rows) -> None:
    """As many pieces in each lot as anyone could want, and nothing held."""
    for row in rows["inventory_movement"]:
        row["on_hand"] = PIECES
    for row in rows["inventory_lot"]:
        row.update(on_hand=PIECES, picked=0, quarantined=0)
    for row in rows["inventory_stock"]:
        lots = sum(lot["stock_id"] == row["id"] for lot in rows["inventory_lot"])
        row.update(on_hand=PIECES * lots, reserved=0, quarantined=0)
    for row in rows["catalog_product"]:
        row["sold_count"] = 0


def caster_of(one: Ware, space: Space) -> Caster:
    """The mould of products like this one: other code, SKUs and names."""
    known = Known()
    for row in one.rows["catalog_product"]:
        known.texts[row["code"]] = ("named", row["code"], "-")
        known.texts[row["name_zh"]] = ("named", row["name_zh"], " ")
        known.texts[row["name_en"]] = ("named", row["name_en"], " ")
    for row in one.rows["catalog_variant"]:
        known.texts[row["sku"]] = ("named", row["sku"], "-")
    return Caster(
        one.rows, began=one.began, space=space, models_=models_by_table(), known=known, lasting=LASTING
    )

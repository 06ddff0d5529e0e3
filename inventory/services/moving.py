"""The one way into the ledger: a stock's row is locked, and a movement of one of its lots is written."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, QuerySet

from catalog.models import Variant
from inventory.models import Lot, Movement, SaleStop, Stock, Warehouse
from kernel.cases import open_case
from kernel.errors import Invalid

# Holders of what is quarantined because too little of its life is left, or papers of customs are missing.
FLOOR, PAPERS = "floor", "papers"


class OtherStorefront(Invalid):
    """Stock is owned by one storefront, its goods and its warehouse alike."""

    code = "other_storefront"
    title = "The warehouse and the goods are not of the same storefront."
    title_zh = "仓库与商品不属于同一店铺。"


def stop_key(stop_id: int) -> str:
    """The holder of what is quarantined because the sale of its lot is stopped."""
    return f"stop:{stop_id}"


def stop_of(lot: Lot) -> SaleStop | None:
    """The stop that keeps this lot from being sold, if one does: with a number it is the whole batch's."""
    return stop_of_batch(lot.stock.variant_id, lot.code) if lot.code else _open().filter(lot=lot).first()


def stop_of_batch(variant_id: int, code: str) -> SaleStop | None:
    """The stop of a lot's number, wherever its pieces lie; lots without a number have none in common."""
    return _open().filter(variant=variant_id, lot__code=code).first() if code else None


def _open() -> QuerySet[SaleStop]:
    return SaleStop.objects.filter(lifted_at=None)


def stock_of(*, warehouse: Warehouse, variant: Variant) -> Stock:
    """The locked stock of a SKU in a warehouse, made where there is none; inside a transaction.

    Raises OtherStorefront.
    """
    if variant.storefront_id != warehouse.storefront_id:
        raise OtherStorefront()
    rows = Stock.objects.filter(warehouse=warehouse, variant=variant)
    if not rows.exists():
        Variant.objects.select_for_update(no_key=True).get(pk=variant.pk)  # no stop of sale slips between
        stopped = SaleStop.objects.filter(variant=variant, lot=None, lifted_at=None).exists()
        Stock.objects.get_or_create(
            warehouse=warehouse,
            variant=variant,
            defaults={"storefront_id": warehouse.storefront_id, "stopped": stopped},
        )
    return rows.select_for_update(no_key=True).get()


def locked(stock_id: int) -> Stock:
    """The stock, its row locked; inside a transaction."""
    return Stock.objects.select_for_update(no_key=True).get(pk=stock_id)


def move(
    lot: Lot,
    kind: Movement.Kind,
    *,
    on_hand: int = 0,
    reserved: int = 0,
    picked: int = 0,
    quarantined: int = 0,
    holder: str = "",
    reason: str = "",
    by: str = "",
    now: datetime,
) -> Movement:
    """Write one movement of a lot whose stock the caller has locked; the balances change with it."""
    return Movement.objects.create(
        storefront_id=lot.storefront_id,
        stock_id=lot.stock_id,
        lot=lot,
        kind=kind,
        on_hand=on_hand,
        reserved=reserved,
        picked=picked,
        quarantined=quarantined,
        holder=holder,
        reason=reason,
        by=by,
        at=now,
    )


def tell_short(*, stock_ids: list[int], now: datetime) -> None:
    """Put before an operator the stocks of which more is promised than is fit to leave."""
    short = Stock.objects.filter(pk__in=stock_ids, reserved__gt=F("on_hand") - F("quarantined"))
    for stock in short.select_related("variant", "warehouse"):
        open_case(
            storefront_id=stock.storefront_id,
            kind="stock.short",
            key=f"stock:{stock.pk}",
            title="More is promised than is fit to be shipped",
            facts={
                "sku": stock.variant.sku,
                "warehouse": stock.warehouse.code,
                "pieces": stock.reserved + stock.quarantined - stock.on_hand,
            },
            now=now,
        )

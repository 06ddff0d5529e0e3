"""Bonded goods without their papers are taken in, because they are there, and held until the papers are.

A lot needs the number of its inbound list (核注清单), and its SKU the item of the account book under which it
is filed (商品备案). What is missing is a case; entering it sells what was held.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from catalog.models import Variant
from inventory.models import BookItem, Lot, Stock, Warehouse
from inventory.services.holding import lacks_papers, look_again, missing
from inventory.services.moving import FLOOR, PAPERS, OtherStorefront, locked, tell_short
from inventory.services.shelf import days_of, set_floors
from kernel import events
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict, Invalid
from kernel.models import Case

CASE = "lot.papers"


class BadDays(Invalid):
    """Goods are made before they end."""

    code = "lot_days"
    title = "A lot cannot end before it was produced."
    title_zh = "到期日不能早于生产日期。"


class LotThere(Conflict):
    """Pieces of one lot under one inbound list are one row: these belong to the other one."""

    code = "lot_under_list"
    title = "This lot is kept under that inbound list already: adjust the pieces down here and up there."
    title_zh = "该批次已有此核注清单编号的记录，请在本记录盘亏、在该记录盘盈相应件数。"


class PaperNeeded(Invalid):
    """A number of customs' may be wrong and is put right; it is not taken away."""

    code = "inbound_list_needed"
    title = "The number of the inbound list can be corrected, not emptied."
    title_zh = "核注清单编号只能更正，不能清空。"


class NotBonded(Invalid):
    """Only a bonded warehouse has an account book."""

    code = "warehouse_not_bonded"
    title = "Only a bonded warehouse has an account book."
    title_zh = "仅保税仓有账册。"


class ItemTaken(Conflict):
    """Another SKU lies under that item of the account book."""

    code = "book_item_taken"
    title = "Another SKU is filed under this item of the account book."
    title_zh = "该账册项号已备案其他商品。"


@transaction.atomic
def correct_lot(
    *,
    lot: Lot,
    produced_on: date | None,
    expires_on: date | None,
    inbound_list: str,
    reason: str,
    by: str,
    now: datetime,
) -> Lot:
    """Put right what was entered of a lot; the event `lot.corrected` keeps what stood there before.

    Pieces are sold or held as the new days and papers say, at once. Raises BadDays, PaperNeeded, LotThere.
    """
    locked(lot.stock_id)
    lot = Lot.objects.select_related("stock__warehouse", "stock__variant").get(pk=lot.pk)
    if produced_on and expires_on and produced_on > expires_on:
        raise BadDays()
    if lot.inbound_list and not inbound_list:
        raise PaperNeeded()
    same = Lot.objects.filter(stock=lot.stock_id, code=lot.code, inbound_list=inbound_list)
    if same.exclude(pk=lot.pk).exists():
        raise LotThere()
    before = _said(lot)
    lot.produced_on, lot.expires_on, lot.inbound_list = produced_on, expires_on, inbound_list
    after = _said(lot)
    if before == after:
        return lot
    lot.unsellable_from, lot.near_from = days_of(
        storefront_id=lot.storefront_id, variant_id=lot.stock.variant_id, expires_on=expires_on
    )
    lot.save(update_fields=["produced_on", "expires_on", "inbound_list", "unsellable_from", "near_from"])
    events.record(
        storefront_id=lot.storefront_id,
        name="lot.corrected",
        key=f"lot:{lot.pk}",
        facts={
            "by": by,
            "reason": reason,
            **{name: f"{was} → {after[name]}" for name, was in before.items() if was != after[name]},
        },
        now=now,
    )
    _settle(lot, by=by, now=now)
    return lot


@transaction.atomic
def file_item(
    *,
    warehouse: Warehouse,
    variant: Variant,
    item_no: str,
    record_no: str,
    filed_on: date | None,
    by: str,
    now: datetime,
) -> BookItem:
    """Enter under which item of the account book a SKU is filed; what was held for want of it is sold.

    A filing is the book's: it counts in every warehouse of that book.

    Raises OtherStorefront, NotBonded, ItemTaken.
    """
    if warehouse.storefront_id != variant.storefront_id:
        raise OtherStorefront()
    if not warehouse.bonded:
        raise NotBonded()
    try:
        with transaction.atomic():
            item, _ = BookItem.objects.update_or_create(
                warehouse=warehouse,
                variant=variant,
                defaults={
                    "storefront_id": warehouse.storefront_id,
                    "item_no": item_no,
                    "record_no": record_no,
                    "filed_on": filed_on,
                },
            )
    except IntegrityError as clash:
        raise ItemTaken() from clash
    of_book = Stock.objects.filter(warehouse__ems_no=warehouse.ems_no, variant=variant)
    stocks = list(of_book.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    for lot in _lots().filter(stock__in=stocks).order_by("stock_id", "pk"):
        _settle(lot, by=by, now=now)
    return item


def tell_missing_papers(lot: Lot, *, now: datetime) -> None:
    """Put before an operator what a lot lacks, newly where that has changed; settled once it is whole."""
    if not lot.stock.warehouse.bonded:
        return
    lacks = missing(lot) if lot.on_hand else []
    key = f"lot:{lot.pk}"
    told = Case.objects.filter(kind=CASE, key=key, state=Case.State.OPEN).first()
    if told is not None and told.facts["papers"] != lacks:
        settle_open(kinds=[CASE], key=key, by="system", note="entered", now=now)
    if lacks:
        open_case(
            storefront_id=lot.storefront_id,
            kind=CASE,
            key=key,
            title="Bonded goods are held because their papers are missing",
            facts={
                "sku": lot.stock.variant.sku,
                "warehouse": lot.stock.warehouse.code,
                "lot": lot.code,
                "papers": lacks,
            },
            now=now,
        )


def without_papers() -> QuerySet[Lot]:
    """Lots of bonded warehouses that lack a paper and have pieces which nothing holds."""
    return _lots().filter(lacks_papers(), on_hand__gt=F("picked") + F("quarantined"))


@transaction.atomic
def hold_without_papers(*, stock_id: int, now: datetime) -> None:
    """Hold what lies in a stock without papers however it came there, with its case."""
    locked(stock_id)
    for lot in without_papers().filter(stock=stock_id).order_by("pk"):
        _settle(lot, by="", now=now)


def _settle(lot: Lot, *, by: str, now: datetime) -> None:
    look_again(lot, over=[FLOOR, PAPERS], by=by, now=now)
    set_floors([lot.stock_id])
    tell_short(stock_ids=[lot.stock_id], now=now)
    tell_missing_papers(lot, now=now)


def _lots() -> QuerySet[Lot]:
    return Lot.objects.select_related("stock__warehouse", "stock__variant")


def _said(lot: Lot) -> dict[str, str]:
    return {
        "produced_on": str(lot.produced_on or ""),
        "expires_on": str(lot.expires_on or ""),
        "inbound_list": lot.inbound_list,
    }

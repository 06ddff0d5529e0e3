"""No list takes more out of an account book (账册) than it holds; book and shelves are compared every day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from catalog.models import Variant
from customs.account_book import compared, left_in_book
from customs.documents.build import BONDED
from customs.matching import Mismatch
from customs.models import BookEntry, BookStock, Declaration, ListedPieces
from inventory.models import BookItem, Warehouse
from kernel.cases import open_case, settle_open
from kernel.errors import Invalid
from kernel.models import Case
from orders.models import Order, OrderLine
from payments.models import RefundLine
from payments.services.refund_parts import NOTHING, returned

DIFFERS = "customs.book_differs"
_KEPT = ("held", "listed", "on_hand", "on_way", "beside", "difference", "compared_at")
_COMPARE = """
INSERT INTO customs_bookstock (storefront_id, ems_no, variant_id, {kept})
SELECT storefront_id, ems_no, variant_id, held, listed, on_hand, on_way, beside,
       on_hand + on_way - beside - held, %(at)s::timestamptz
FROM ({sums}) told ORDER BY ems_no, variant_id
ON CONFLICT (ems_no, variant_id) DO UPDATE SET {news}
"""


class NotInABook(Invalid):
    """Only goods of the storefront in a bonded warehouse are in an account book."""

    code = "not_in_account_book"
    title = "Only goods of a bonded warehouse are in an account book."
    title_zh = "仅保税仓的本店铺商品在账册内。"


class NoPiecesEntered(Invalid):
    """An entry of no piece says nothing."""

    code = "no_pieces_entered"
    title = "Say how many pieces customs entered in the book, or below zero how many it wrote off."
    title_zh = "请填写海关核增的件数；核减的填负数。"


def too_much(order: Order) -> list[Mismatch]:
    """What the list of an order would take beyond what its account book has left; empty where it may go.

    The items of the book are held until the list is on its way: of two lists for its last pieces, one waits.
    """
    if order.trade_mode not in BONDED:
        return []
    ems_no, wanted = order.warehouse.ems_no, _wanted(order)
    variants = [variant for variant, _ in wanted]
    _hold(ems_no, variants)
    left = left_in_book(ems_no=ems_no, variant_ids=variants)
    return [
        Mismatch(f"book_stock:{sku}", f"清单 {pieces} 件", f"≤ 账册余量 {left[variant]} 件", "operator")
        for (variant, sku), pieces in wanted.items()
        if pieces > left[variant]
    ]


def take_out(*, order: Order, declaration: Declaration) -> None:
    """Note what the list that is filed now takes out of the book, in the place of an earlier one's."""
    ListedPieces.objects.filter(declaration=declaration).delete()
    if order.trade_mode in BONDED:
        ListedPieces.objects.bulk_create(
            ListedPieces(
                storefront_id=order.storefront_id,
                declaration=declaration,
                warehouse_id=order.warehouse_id,
                variant_id=variant,
                quantity=pieces,
            )
            for (variant, _), pieces in _wanted(order).items()
        )


def come_back(*, declaration: Declaration, pieces: Mapping[str, int]) -> None:
    """The book holds again what customs granted to come back (退货), pieces by SKU."""
    for sku, many in pieces.items():
        rows = ListedPieces.objects.filter(declaration=declaration, variant__sku=sku)
        rows.update(returned=F("returned") + many)


def enter(
    *, warehouse: Warehouse, variant: Variant, pieces: int, paper: str, reason: str, by: str, now: datetime
) -> BookEntry:
    """Enter what customs has added to the book or written off (核增核减), by which paper; compared at once.

    Raises NotInABook, NoPiecesEntered.
    """
    if not warehouse.bonded or not warehouse.ems_no or warehouse.storefront_id != variant.storefront_id:
        raise NotInABook()
    if not pieces:
        raise NoPiecesEntered()
    with transaction.atomic():
        entry = BookEntry.objects.create(
            storefront_id=warehouse.storefront_id,
            warehouse=warehouse,
            variant=variant,
            pieces=pieces,
            paper=paper,
            reason=reason,
            by=by,
            at=now,
        )
        compare(now=now, ems_no=warehouse.ems_no, variant_ids=[variant.pk])
    return entry


@transaction.atomic
def compare(*, now: datetime, ems_no: str = "", variant_ids: Collection[int] = ()) -> int:
    """Compare book and shelves of every SKU, or of those named; returns how many differ.

    Each difference is a case until there is none; one that has changed is a new case.
    """
    sums, values = compared(ems_no=ems_no, variant_ids=variant_ids)
    news = ", ".join(f"{name} = excluded.{name}" for name in ("storefront_id", *_KEPT))
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE.format(kept=", ".join(_KEPT), sums=sums, news=news), {**values, "at": now})
    rows = BookStock.objects.all()
    if variant_ids:
        rows = rows.filter(ems_no=ems_no, variant__in=variant_ids)
        keys = [_key(ems_no, variant) for variant in variant_ids]
    else:
        rows.filter(compared_at__lt=now).delete()  # of a book that was renumbered
        keys = None
    return _put_before(rows.exclude(difference=0), keys, now)


def _hold(ems_no: str, variants: list[int]) -> None:
    items = BookItem.objects.filter(warehouse__ems_no=ems_no, variant__in=variants).order_by("pk")
    list(items.select_for_update(no_key=True, of=("self",)))


def _put_before(differing: Any, keys: list[str] | None, now: datetime) -> int:
    told = Case.objects.filter(kind=DIFFERS, state=Case.State.OPEN)
    known = dict((told if keys is None else told.filter(key__in=keys)).values_list("key", "facts"))
    found = {_key(row.ems_no, row.variant_id): row for row in differing.select_related("variant")}
    for key, row in found.items():
        facts = {
            "ems_no": row.ems_no,
            "sku": row.variant.sku,
            "in_book": row.held,
            "on_shelves": row.on_hand + row.on_way - row.beside,
        }
        if known.get(key) == facts:
            continue
        if key in known:
            settle_open(kinds=[DIFFERS], key=key, by="system", note="another difference now", now=now)
        open_case(
            storefront_id=row.storefront_id,
            kind=DIFFERS,
            key=key,
            title="An account book holds other than what lies on its shelves",
            facts=facts,
            now=now,
        )
    for key in known.keys() - found.keys():
        settle_open(kinds=[DIFFERS], key=key, by="system", note="they agree", now=now)
    return len(found)


def _key(ems_no: str, variant_id: int) -> str:
    return f"book:{ems_no}/{variant_id}"


def _wanted(order: Order) -> Counter[tuple[int, str]]:
    """What is left of an order: pieces by SKU, as its list says them."""
    gone = returned(RefundLine.objects.filter(refund__order=order, refund__state="succeeded"))
    pieces = Counter[tuple[int, str]]()
    for line in OrderLine.objects.filter(order=order).order_by("variant_id"):
        pieces[line.variant_id, line.sku] += line.quantity - gone.get(line.pk, NOTHING).quantity
    return +pieces

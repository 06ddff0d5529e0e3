"""Which picked pieces lie in which box: each in one at most, and what is in one is what was picked.

A box is an opaque key of whoever packs, as a holder is: inventory knows no parcels. Callers let one at a time
change what a holder holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from inventory.models import Pick, Reservation, Stock
from kernel.cases import open_anew, settle_open
from kernel.errors import Conflict

LACKING = "stock.picked_damaged"


@dataclass(eq=False)
class NotInHand(Conflict):
    """More pieces of a lot were named than are picked, lie in no box and have not left."""

    code = "pieces_not_in_hand"
    title = "Only {pieces} pieces of this lot are picked and packed in no parcel."
    title_zh = "该批次已拣且未装箱的只有 {pieces} 件。"
    pieces: int


@transaction.atomic
def put_in_box(*, holder: str, box: str, pieces: Mapping[int, int]) -> None:
    """Put picked pieces (lot id → how many) that lie in no box into this one. Raises NotInHand."""
    found: dict[int, list[Pick]] = {}
    for one in in_hand(holder=holder):
        found.setdefault(one.lot_id, []).append(one)
    for lot_id, wanted in pieces.items():
        for packed in parts(found.get(lot_id, []), wanted):
            packed.box = box
            packed.save(update_fields=["box"])


def empty_box(*, box: str) -> int:
    """Nothing lies in this box any more but what has left in it; how many picks it had."""
    return Pick.objects.filter(box=box, shipped_at=None, put_back_at=None).update(box="")


def in_box(*, box: str) -> Counter[int]:
    """Lot id → pieces that lie in a box or have left in it; those that were put back are not in it."""
    found: Counter[int] = Counter()
    for lot_id, quantity in Pick.objects.filter(box=box, put_back_at=None).values_list("lot", "quantity"):
        found[lot_id] += quantity
    return found


def in_hand(*, holder: str) -> list[Pick]:
    """What is picked for a holder and lies in no box, with its lots."""
    rows = Pick.objects.filter(reservation__holder=holder, box="", shipped_at=None, put_back_at=None)
    rows = rows.select_related("lot__stock", "reservation__stock__variant")
    return list(rows.order_by("reservation__stock_id", "pk"))


def lacking(*, holder: str) -> dict[Reservation, int]:
    """Of what was picked for a holder, how many pieces are held and in nobody's hands: they were damaged
    there, and none was left to take their place."""
    rows = _lacks(Reservation.objects.filter(holder=holder)).order_by("stock")
    return {row: row.lacks for row in rows.select_related("stock__variant")}


def lacking_of(stock: Stock) -> int:
    """The same of one stock, for whomever they are held."""
    return sum(row.lacks for row in _lacks(Reservation.objects.filter(stock=stock)))


def _lacks(rows: QuerySet[Reservation]) -> QuerySet[Any]:
    mine = Coalesce(Sum("picks__quantity", filter=Q(picks__put_back_at=None)), 0)
    rows = rows.filter(state=Reservation.State.PICKED)
    return rows.annotate(lacks=F("quantity") - mine).filter(lacks__gt=0)


def tell_lacking(*, holder: str, note: str = "", now: datetime) -> None:
    """A case of all that lacks now; settled with `note` once all was picked or given up."""
    lacks = lacking(holder=holder)
    if not lacks:
        settle_open(kinds=[LACKING], key=holder, by="system", note=note, now=now)
        return
    pieces = " ".join(f"{row.stock.variant.sku}×{many}" for row, many in lacks.items())
    open_anew(
        storefront_id=next(iter(lacks)).storefront_id,
        kind=LACKING,
        key=holder,
        title="Picked pieces were damaged, and none are there in their place",
        facts={"order": holder.removeprefix("order:"), "pieces": pieces},
        now=now,
    )


def parts(picks: list[Pick], pieces: int) -> list[Pick]:
    """Picks of exactly so many pieces out of these, the first ones first. Raises NotInHand."""
    there = sum(one.quantity for one in picks)
    if pieces > there:
        raise NotInHand(pieces=there)
    found: list[Pick] = []
    for one in picks:
        if taken := min(pieces, one.quantity):
            pieces -= taken
            found.append(part(one, taken))
    return found


def part(pick: Pick, pieces: int) -> Pick:
    """A pick of exactly so many of its pieces: itself, or a new row beside what is left of it."""
    if pieces == pick.quantity:
        return pick
    pick.quantity -= pieces
    pick.save(update_fields=["quantity"])
    return Pick.objects.create(
        storefront_id=pick.storefront_id,
        reservation_id=pick.reservation_id,
        lot=pick.lot,
        quantity=pieces,
        box=pick.box,
        at=pick.at,
    )

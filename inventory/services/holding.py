"""Why pieces that lie there are not sold; what comes back for one reason stays held for the next.

A lot is held because its sale is stopped, because too little of its life is left, or because papers of
customs are missing, in this order. Some of its pieces are kept for one matter, a parcel that nobody expected
or a shipment abroad, and are nobody else's until it lets them go. Callers have locked the stock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from inventory.models import BookItem, Lot, Movement
from inventory.models.places import BONDED
from inventory.services.moving import FLOOR, PAPERS, move, stop_key, stop_of
from kernel.clock import shanghai_day


def stops(lot: Lot) -> list[str]:
    """The holder of what is held for the sake of a stop, if the lot is stopped."""
    stop = stop_of(lot) if lot.stopped else None
    return [stop_key(stop.pk)] if stop else []


def ended(lot: Lot, *, now: datetime) -> bool:
    """Whether the lot has reached its floor."""
    return lot.unsellable_from is not None and lot.unsellable_from <= shanghai_day(now)


def missing(lot: Lot) -> list[str]:
    """Papers without which a bonded lot is not sold: filing (商品备案) and inbound list (核注清单)."""
    warehouse = lot.stock.warehouse
    if not warehouse.bonded:
        return []
    book = BookItem.objects.filter(warehouse__ems_no=warehouse.ems_no, variant=lot.stock.variant_id)
    filed = book.exists()
    return [*([] if lot.inbound_list else ["inbound_list"]), *([] if filed else ["book_item"])]


def lacks_papers() -> Q:
    """The same of many lots: a condition on rows of lots."""
    filed = BookItem.objects.filter(
        warehouse__ems_no=OuterRef("stock__warehouse__ems_no"), variant=OuterRef("stock__variant")
    )
    return Q(Q(inbound_list="") | Q(~Exists(filed)), stock__warehouse__trade_mode__in=BONDED)


def reasons(lot: Lot, *, now: datetime) -> list[str]:
    """For whose sake the lot is held today, as holders of movements; the first one counts."""
    found = [*stops(lot), *([FLOOR] if ended(lot, now=now) else [])]
    return found or ([PAPERS] if missing(lot) else [])


def kept_key(holder: str) -> str:
    """The holder of what is quarantined for one matter and for nobody else."""
    return f"kept:{holder}"


def kept(lots: Iterable[Lot], *, holder: str | None = None) -> Counter[int]:
    """Lot id → pieces of it that are kept, for whatever matter or for that of `holder`."""
    rows = Movement.objects.filter(lot__in=[lot.pk for lot in lots])
    named = {"holder__startswith": kept_key("")} if holder is None else {"holder": kept_key(holder)}
    return Counter(dict(rows.filter(**named).values_list("lot").annotate(pieces=Sum("quarantined"))))


def aside(lot: Lot, pieces: int, *, now: datetime) -> None:
    """Quarantine pieces that have come into a lot that is not sold."""
    for holder in reasons(lot, now=now)[:1]:
        move(lot, Movement.Kind.QUARANTINE, quarantined=pieces, holder=holder, now=now)


def restore_held(
    *, lot: Lot, holder: str, by: str, now: datetime, most: int | None = None, reason: str = ""
) -> int:
    """Bring back what was quarantined for `holder`'s sake and is still, at `most` so many; returns how many.

    Whoever writes pieces off says for whose sake they lay there, so that nothing comes back in the place of a
    piece that is not fit.
    """
    rows = Movement.objects.filter(lot=lot, holder=holder)
    held: int = rows.aggregate(pieces=Coalesce(Sum("quarantined"), 0))["pieces"]
    pieces = max(0, held if most is None else min(held, most))
    if pieces:
        move(lot, Movement.Kind.RESTORE, quarantined=-pieces, holder=holder, reason=reason, by=by, now=now)
    return pieces


def free_held(lot: Lot, most: int, *, by: str, now: datetime, reason: str = "") -> int:
    """Bring back so many of the pieces that a stop, the floor or missing papers hold; how many there were.

    Whoever takes quarantined pieces and does not know which takes these first: what is left of those that
    are not fit is never taken for fit.
    """
    left = most
    for holder in (*stops(lot), FLOOR, PAPERS):
        left -= restore_held(lot=lot, holder=holder, by=by, now=now, most=left, reason=reason)
    return most - left


def keep_pieces(lot: Lot, pieces: int, *, unfit: int, holder: str, by: str, now: datetime) -> None:
    """Keep pieces, so many of which are taken out of those that are quarantined for their own state."""
    if unfit:
        move(lot, Movement.Kind.RESTORE, quarantined=-unfit, by=by, now=now)
    move(lot, Movement.Kind.QUARANTINE, quarantined=pieces, holder=kept_key(holder), by=by, now=now)


def look_again(lot: Lot, *, over: Iterable[str], by: str, now: datetime) -> None:
    """Bring back what lies for the sake of what may be `over`, and hold all of a lot that is not sold."""
    holding = reasons(lot, now=now)[:1]
    for holder in over:
        if holder not in holding:
            restore_held(lot=lot, holder=holder, by=by, now=now)
    lot.refresh_from_db()
    if lot.free:
        aside(lot, lot.free, now=now)
        lot.refresh_from_db()

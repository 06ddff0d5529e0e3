"""Picked pieces that cannot leave are swapped for others before packing; what is damaged is never sold on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inventory.models import Lot, Movement, Reservation
from inventory.services.boxing import NotInHand, in_hand, parts, tell_lacking
from inventory.services.held import SaleStopped
from inventory.services.holding import aside
from inventory.services.moving import locked, move, tell_short
from inventory.services.picking import CannotPick, fit_to_leave, set_aside, tell_missing


def swap(*, holder: str, lot: Lot, pieces: int, damaged: bool, reason: str, by: str, now: datetime) -> int:
    """Put picked pieces of a lot back and pick as many others of the same item, first expired first.

    What is `damaged` goes into quarantine until somebody restores it, and others of its own lot may take its
    place; else they come of another lot, and these lie where their lot does. What lies in a box is taken out
    of it by the caller first.

    Where fewer others are there than were `damaged`, these are set aside all the same, because they are sold
    to nobody: what is lacking stays promised, is a case, and is what this returns. It is picked once more has
    come in (`pick`), or given up (`lessen`).

    Raises NotInHand, SaleStopped; CannotPick, with a case, where fit pieces are short: then none moves.
    """
    try:
        with transaction.atomic():
            row = _picked(holder, lot, pieces, now)
            move(lot, Movement.Kind.PUT_BACK, picked=-pieces, holder=holder, reason=reason, by=by, now=now)
            if damaged:
                move(lot, Movement.Kind.QUARANTINE, quarantined=pieces, reason=reason, by=by, now=now)
            else:
                aside(lot, pieces, now=now)
            others = [one for one in fit_to_leave([lot.stock_id], now) if damaged or one.pk != lot.pk]
            lacks = set_aside(row, others, pieces, by=by, now=now)
            if lacks and not damaged:
                raise CannotPick(sku=row.stock.variant.sku, missing=lacks)
            if lacks:
                tell_lacking(holder=holder, now=now)
            tell_short(stock_ids=[lot.stock_id], now=now)
            return lacks
    except CannotPick as missing:
        tell_missing(holder=holder, missing=missing, now=now)
        raise


def _picked(holder: str, lot: Lot, pieces: int, now: datetime) -> Reservation:
    """The reservation for which they are picked no more; its stock is locked."""
    rows = Reservation.objects.select_for_update(no_key=True, of=("self",)).select_related("stock__variant")
    row = rows.filter(holder=holder, stock=lot.stock_id, state=Reservation.State.PICKED).first()
    stock = locked(lot.stock_id)
    mine = [one for one in in_hand(holder=holder) if one.lot_id == lot.pk]
    if row is None or pieces < 1:
        raise NotInHand(pieces=sum(one.quantity for one in mine))
    if stock.stopped:
        raise SaleStopped()
    for ended in parts(mine, pieces):
        ended.put_back_at = now
        ended.save(update_fields=["put_back_at"])
    return row

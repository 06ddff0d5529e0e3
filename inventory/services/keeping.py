"""Quarantined pieces that are one matter's: a parcel that nobody expected, a shipment abroad."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inventory.models import Lot, Movement
from inventory.services.holding import free_held, keep_pieces, kept, kept_key, restore_held
from inventory.services.lots import TooFewPieces
from inventory.services.moving import locked, move


@transaction.atomic
def keep_for(*, lot: Lot, pieces: int, holder: str, by: str, now: datetime) -> Lot:
    """Keep quarantined pieces for one matter: nobody restores, writes off or sends them else. Raises
    TooFewPieces."""
    locked(lot.stock_id)
    lot.refresh_from_db()
    most = lot.quarantined - kept([lot])[lot.pk]
    if not 0 < pieces <= most:
        raise TooFewPieces(pieces=most)
    unfit = pieces - free_held(lot, pieces, by=by, now=now)
    keep_pieces(lot, pieces, unfit=unfit, holder=holder, by=by, now=now)
    lot.refresh_from_db()
    return lot


@transaction.atomic
def let_go(*, lot: Lot, holder: str, by: str, now: datetime, most: int | None = None) -> int:
    """Keep pieces for that matter no longer, at `most` so many; how many. They stay in quarantine until a
    person has looked at them."""
    locked(lot.stock_id)
    pieces = restore_held(lot=lot, holder=kept_key(holder), by=by, now=now, most=most)
    if pieces:
        move(lot, Movement.Kind.QUARANTINE, quarantined=pieces, by=by, now=now)
    lot.refresh_from_db()
    return pieces

"""What lies in a parcel, by the packer's word and by what is still picked for it: where they differ it stays.

The picked pieces of a parcel are a box of inventory's under its key. The one parcel of an import list has all
that is picked for its order.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from inventory import services as inventory
from logistics.models import Parcel, ParcelLine

Pieces = Counter[int]  # lot id → pieces


def packed(parcel: Parcel) -> Pieces:
    """What was put into it."""
    found: Pieces = Counter()
    for lot_id, quantity in ParcelLine.objects.filter(parcel=parcel).values_list("lot", "quantity"):
        found[lot_id] += quantity
    return found


def picked(parcel: Parcel, holder: str) -> Pieces:
    """What of it is picked for the order, or has left for it: refunded pieces are not."""
    if not parcel.single:
        return inventory.in_box(box=parcel.event_key)
    found: Pieces = Counter()
    for one in inventory.picked(holder=holder):
        found[one.lot_id] += one.quantity
    return found


def beyond(parcel: Parcel, holder: str) -> Pieces:
    """What was put into it and is picked for the order no more, lot by lot: refunded since, or cancelled."""
    return packed(parcel) - picked(parcel, holder)


def refunded(parcel: Parcel, holder: str) -> Counter[str]:
    """SKU → pieces that were put into it and are not to be shipped any more."""
    over = beyond(parcel, holder)
    found: Counter[str] = Counter()
    for lot_id, sku in ParcelLine.objects.filter(parcel=parcel).values_list("lot", "line__sku").distinct():
        found[sku] += over.pop(lot_id, 0)
    return +found


def ship(parcel: Parcel, holder: str, *, by: str, now: datetime, gone: bool) -> None:
    """Let its pieces leave the ledger, and no others of the order."""
    box = None if parcel.single else parcel.event_key
    inventory.ship(holder=holder, box=box, by=by, now=now, gone=gone)

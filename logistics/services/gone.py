"""What has left the house leaves the ledger, of the very lots that were picked, once, whoever tells of it."""

from __future__ import annotations

from datetime import datetime

from inventory.services import SaleStopped
from kernel.cases import open_case
from logistics.models import Parcel, Shipment
from logistics.services import contents
from orders.models import Order

STOPPED_LEFT = "shipment.stopped_left"


def let_go(
    *, order: Order, row: Shipment, parcel: Parcel, by: str, now: datetime, seen: bool = False
) -> None:
    """Ship what lies in a parcel; the caller holds order, shipment and parcel, and says how far all is then.

    What is `seen` outside already, by a carrier's scan, has left although its sale was stopped: the ledger
    follows, and it is a case. Gone before, it changes nothing. Raises SaleStopped of inventory where it has
    not left yet.
    """
    if parcel.left_at is not None:
        return
    try:
        contents.ship(parcel, order.event_key, by=by, now=now, gone=False)
    except SaleStopped:
        if not seen:
            raise
        contents.ship(parcel, order.event_key, by=by, now=now, gone=True)
        open_case(
            storefront_id=row.storefront_id,
            kind=STOPPED_LEFT,
            key=row.event_key,
            title="Goods have left although their sale was stopped",
            facts={"order": row.number},
            now=now,
        )
    parcel.left_at = now
    parcel.save(update_fields=["left_at"])

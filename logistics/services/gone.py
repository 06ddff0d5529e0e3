"""What has left the house leaves the ledger, of the very lots that were picked, once, whoever tells of it."""

from __future__ import annotations

from datetime import datetime

from inventory import services as inventory
from kernel.cases import open_case, settle_open
from logistics.models import Shipment
from logistics.services.shipments import LATE
from orders.models import Order

STOPPED_LEFT = "shipment.stopped_left"


def let_go(*, order: Order, row: Shipment, by: str, now: datetime, seen: bool = False) -> None:
    """Ship what was picked; the caller holds the order and its shipment, and moves the latter.

    What is `seen` outside already, by a carrier's scan, has left although its sale was stopped: the ledger
    follows, and it is a case. Raises SaleStopped of inventory where it has not left yet.
    """
    try:
        inventory.ship(holder=order.event_key, by=by, now=now)
    except inventory.SaleStopped:
        if not seen:
            raise
        inventory.ship(holder=order.event_key, by=by, now=now, gone=True)
        open_case(
            storefront_id=row.storefront_id,
            kind=STOPPED_LEFT,
            key=row.event_key,
            title="Goods have left although their sale was stopped",
            facts={"order": row.number},
            now=now,
        )
    if row.late_at is not None:
        row.late_at = None
        row.save(update_fields=["late_at"])
    settle_open(kinds=[LATE], key=row.event_key, by=by, note="it has left", now=now)

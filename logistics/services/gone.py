"""What has left the house leaves the ledger, of the very lots that were picked, once, whoever tells of it."""

from __future__ import annotations

from datetime import datetime

from inventory import services as inventory
from inventory.models import Lot
from inventory.services import SaleStopped
from kernel.cases import open_case, settle_open
from logistics.models import Parcel, Shipment
from logistics.services import contents
from logistics.services.shipments import LEFT_CANCELLED, LEFT_REFUNDED
from logistics.services.standing import PACKED_REFUNDED
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
    if seen:
        not_for_sale(order=order, row=row, parcel=parcel, by=by, now=now)
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


def not_for_sale(*, order: Order, row: Shipment, parcel: Parcel, by: str, now: datetime) -> None:
    """A carrier has a parcel of which pieces had come back by the books alone: they are outside.

    They are set aside, so that nobody is sold them, and a person is told, who writes them off or has them
    brought back. Of a cancelled order that is all of them. The caller holds order, shipment and parcel.
    """
    over = contents.beyond(parcel, order.event_key)
    if not over:
        return
    for lot in Lot.objects.filter(pk__in=over).order_by("stock_id", "pk"):
        inventory.set_aside(lot=lot, pieces=over[lot.pk], reason=parcel.own_number, by=by, now=now)
    cancelled = row.state == "cancelled"
    settle_open(kinds=[PACKED_REFUNDED], key=row.event_key, by="system", note="it has left", now=now)
    open_case(
        storefront_id=row.storefront_id,
        kind=LEFT_CANCELLED if cancelled else LEFT_REFUNDED,
        key=row.event_key,
        title=f"A parcel left with pieces of {'a cancelled order' if cancelled else 'a refund'}",
        facts={"order": row.number, "parcels": parcel.waybill, "pieces": over.total()},
        now=now,
    )

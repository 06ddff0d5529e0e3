"""That a carrier has an order's parcel is recorded once, as an event that whoever needs it hears."""

from __future__ import annotations

from datetime import datetime

from kernel import events
from kernel.models import Event
from kernel.tenancy import tenant
from logistics.gateways.carrying import Handover
from orders.models import Order

HANDED_OVER = "shipment.handed_over"


def record_handover(*, order: Order, handover: Handover, now: datetime) -> bool:
    """Record `shipment.handed_over`; False where this waybill of the order was told before.

    Another waybill of the same order is another fact: who rests on it judges whether both can be. Locks the
    order.
    """
    with tenant(order.storefront_id):
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        told = Event.objects.filter(key=order.event_key, name=HANDED_OVER)
        if told.filter(facts__waybill=handover.waybill).exists():
            return False
        events.record(
            storefront_id=order.storefront_id,
            name=HANDED_OVER,
            key=order.event_key,
            facts={
                "order": order.number,
                "waybill": handover.waybill,
                "carrier": handover.carrier,
                "at": handover.at.isoformat(),
            },
            now=now,
        )
    return True

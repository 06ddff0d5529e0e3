"""That customs has released an order's list is recorded once, as an event that whoever needs it hears."""

from __future__ import annotations

from datetime import datetime

from customs.gateways.clearing import Release
from kernel import events
from kernel.models import Event
from kernel.tenancy import tenant
from orders.models import Order

RELEASED = "customs.released"


def record_release(*, order: Order, release: Release, now: datetime) -> bool:
    """Record `customs.released`; False where this list of the order was told before. Locks the order."""
    with tenant(order.storefront_id):
        Order.objects.select_for_update(no_key=True).only("pk").get(pk=order.pk)
        told = Event.objects.filter(key=order.event_key, name=RELEASED)
        if told.filter(facts__list=release.list).exists():
            return False
        events.record(
            storefront_id=order.storefront_id,
            name=RELEASED,
            key=order.event_key,
            facts={"order": order.number, "list": release.list, "at": release.at.isoformat()},
            now=now,
        )
    return True

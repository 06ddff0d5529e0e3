"""That customs has released an order's list is recorded once, as an event that whoever needs it hears."""

from __future__ import annotations

from datetime import datetime

from customs.gateways.clearing import Release
from kernel import events
from kernel.models import Event
from kernel.tenancy import tenant
from orders.models import Order

RELEASED, HELD_BACK = "customs.released", "customs.held_back"


def record_release(*, order: Order, release: Release, now: datetime) -> bool:
    """Record `customs.released`; False where this list of the order was told before, and not held back since.

    Locks the order.
    """
    with tenant(order.storefront_id):
        Order.objects.select_for_update(no_key=True).only("pk").get(pk=order.pk)
        told = Event.objects.filter(
            key=order.event_key, name__in=[RELEASED, HELD_BACK], facts__list=release.list
        )
        last = told.order_by("-seq").values_list("name", flat=True).first()
        if last == RELEASED:
            return False
        events.record(
            storefront_id=order.storefront_id,
            name=RELEASED,
            key=order.event_key,
            facts={"order": order.number, "list": release.list, "at": release.at.isoformat()},
            now=now,
        )
    return True


def record_held_back(*, order: Order, list_no: str, now: datetime) -> None:
    """Record that customs holds back what it had released. The caller holds the order."""
    events.record(
        storefront_id=order.storefront_id,
        name=HELD_BACK,
        key=order.event_key,
        facts={"order": order.number, "list": list_no},
        now=now,
    )

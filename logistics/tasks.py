"""Event handlers and Celery entry points of logistics."""

from __future__ import annotations

from celery import shared_task

from kernel.clock import now
from kernel.models import Event
from logistics.services import receipt, shipments, watching, waybills
from orders.models import Order


@shared_task
def go_on() -> None:
    """Go on with waybills that are wanted, or wanted back, with parcels to be watched and receipts that are
    due."""
    waybills.sweep(now=now())
    watching.sweep(now=now())
    receipt.sweep(now=now())


def open_shipment(event: Event) -> None:
    """Handler of `order.paid`: what was paid is to be shipped."""
    shipments.open_shipment(order=_order(event), now=now())


def cancel_shipment(event: Event) -> None:
    """Handler of `order.cancelled`: nothing leaves for it."""
    by = str(event.facts.get("by", "system"))[:80]
    shipments.cancel_shipment(order=_order(event), by=by, now=now())


def look_at_parcel(event: Event) -> None:
    """Handler of `order.lessened`: what a parcel has too many is taken out."""
    shipments.look_at_parcel(order=_order(event), now=now())


def _order(event: Event) -> Order:
    return Order.objects.get(number=event.key.removeprefix("order:"))

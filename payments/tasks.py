"""Celery entry points and event handlers of payments."""

from __future__ import annotations

from celery import shared_task

from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.services import close
from payments.services.query import sweep as sweep_payments


@shared_task
def sweep() -> None:
    """Find the payments whose notifications were lost."""
    sweep_payments(now=now())


def close_attempts(event: Event) -> None:
    """Handler of `order.closing`."""
    order = Order.objects.get(number=event.key.removeprefix("order:"))
    if order.state == "closing":
        close.close_attempts(order=order, now=now())

"""Celery entry points and event handlers of payments."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.models import Notification
from payments.services import close
from payments.services.query import sweep as sweep_payments

NOISE_KEPT_FOR = timedelta(days=30)


@shared_task
def sweep() -> None:
    """Find the payments whose notifications were lost."""
    sweep_payments(now=now())


@shared_task
def forget_noise() -> None:
    """Drop the deliveries that were not WeChat's, after a month."""
    Notification.objects.filter(
        outcome=Notification.Outcome.REJECTED, received_at__lt=now() - NOISE_KEPT_FOR
    ).delete()


def close_attempts(event: Event) -> None:
    """Handler of `order.closing`."""
    order = Order.objects.get(number=event.key.removeprefix("order:"))
    if order.state == "closing":
        close.close_attempts(order=order, now=now())

"""Celery entry points and event handlers of payments."""

from __future__ import annotations

from celery import shared_task

from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.services import close, refund_gate, send_refund
from payments.services.query import sweep as sweep_payments


@shared_task
def sweep() -> None:
    """Find the payments whose notifications were lost."""
    sweep_payments(now=now())


@shared_task
def sweep_refunds() -> None:
    """Go on with refunds whose outcome is not known, or whose time has come."""
    send_refund.sweep(now=now())


def send_accepted(event: Event) -> None:
    """Handler of `refund.accepted`."""
    send_refund.send_refund(out_refund_no=event.key.removeprefix("refund:"), now=now())


def gate_moved(event: Event) -> None:
    """Handler of `order.gate_*`: what waited for customs may leave."""
    refund_gate.let_go(number=event.key.removeprefix("order:"), now=now())


def close_attempts(event: Event) -> None:
    """Handler of `order.closing`."""
    order = Order.objects.get(number=event.key.removeprefix("order:"))
    if order.state == "closing":
        close.close_attempts(order=order, now=now())

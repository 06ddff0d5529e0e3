"""Celery entry points of orders."""

from __future__ import annotations

from celery import shared_task

from kernel.clock import now
from orders.services.closing import expire_due


@shared_task
def expire() -> None:
    """Close the orders that were not paid in time."""
    expire_due(now=now())

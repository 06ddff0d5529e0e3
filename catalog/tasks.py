"""Celery entry points of the catalogue: thin, safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from catalog.services import present_prices, price_changes
from kernel.clock import now


@shared_task
def refresh_due_prices() -> None:
    """Put planned prices in force, and follow the price cuts that began or ended."""
    price_changes.apply_due(now=now())
    present_prices.refresh_due_prices(now=now())

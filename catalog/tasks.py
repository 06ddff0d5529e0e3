"""Celery entry points of the catalogue: thin, safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from catalog.services import present_prices, price_changes
from kernel.clock import now


@shared_task
def apply_price_changes() -> None:
    """Put planned prices in force."""
    price_changes.apply_due(now=now())


@shared_task
def refresh_due_prices() -> None:
    """Follow the price cuts that began or ended."""
    present_prices.refresh_due_prices(now=now())

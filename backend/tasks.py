"""Celery entry points of the house itself: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from backend import delivery
from kernel import files, receipts
from kernel.clock import now


@shared_task
def deliver() -> None:
    """Deliver what is due."""
    delivery.drain()


@shared_task
def forget() -> None:
    """Remove what has had its day: receipts after 30 days, files after their expiry."""
    receipts.forget(now=now())
    files.forget(now=now())

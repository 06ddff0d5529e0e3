"""Celery entry points of inventory: thin, safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from inventory.services import release_expired, sweep
from kernel.clock import now


@shared_task
def look_at_lots() -> None:
    """Take out of sale what has too little of its life left, and tell of what soon will."""
    sweep(now=now())


@shared_task
def release_overdue() -> None:
    """Give back what was held until a time that is over."""
    release_expired(now=now())

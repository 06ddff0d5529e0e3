"""What customs does by itself: it hears what became of declared orders."""

from __future__ import annotations

from celery import shared_task

from customs.services import follow as following
from kernel.clock import now


@shared_task
def follow() -> None:
    """Parcels handed over and lists released, where someone can be asked."""
    following.follow(now=now())

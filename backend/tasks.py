"""Celery entry points of the house itself: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from backend import delivery, retention
from kernel import files
from kernel.clock import now


@shared_task
def deliver() -> None:
    """Deliver what is due."""
    delivery.drain()


@shared_task
def forget() -> None:
    """Let go of what has had its day, and of files that nobody knows."""
    try:
        retention.run(by="beat", dry_run=False, now=now())
    finally:
        files.sweep(now=now())

"""Celery entry points of compliance: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from compliance.services.chain import chain_logs
from kernel.clock import now


@shared_task
def chain() -> None:
    """Hang what was logged since the last second on its chain."""
    chain_logs(now=now())

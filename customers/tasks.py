"""Celery entry points of customers."""

from __future__ import annotations

from celery import shared_task

from customers.services.verification import sweep
from kernel.clock import now


@shared_task
def verify_identities() -> None:
    """Ask again about the identities whose provider did not answer."""
    sweep(now=now())

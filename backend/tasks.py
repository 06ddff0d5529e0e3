"""Celery entry points of the house itself: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from backend import delivery
from customers.services.findings import forget_findings
from customers.services.login import forget_sessions
from kernel import files, receipts
from kernel.clock import now
from orders.services.quote import forget_quotes
from payments.webhooks import forget_noise


@shared_task
def deliver() -> None:
    """Deliver what is due."""
    delivery.drain()


@shared_task
def forget() -> None:
    """Remove what has had its day: receipts, files, sessions, findings, unused quotes, noise."""
    at = now()
    receipts.forget(now=at)
    files.forget(now=at)
    forget_sessions(now=at)
    forget_findings(now=at)
    forget_quotes(now=at)
    forget_noise(now=at)

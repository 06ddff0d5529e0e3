"""Celery entry points of compliance: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from pathlib import Path

from celery import shared_task
from django.conf import settings

from compliance import audit, services
from compliance.services.chain import chain_logs
from compliance.services.incident_watch import watch_incidents
from compliance.services.new_year import carry_over
from kernel.clock import now


@shared_task
def chain() -> None:
    """Hang what was logged since the last second on its chain."""
    chain_logs(now=now())


@shared_task
def keep_heads() -> None:
    """Write the ends of the logs' chains outside the database, where `audit verify` looks for them."""
    audit.keep(Path(settings.AUDIT_HEADS))


@shared_task
def refund_overdue_payers() -> None:
    """Give up the orders whose consumers did not name the payer in time."""
    services.refund_overdue_payers(now=now())


@shared_task
def carry_allowances() -> None:
    """Move what is reserved in past years into this one."""
    carry_over(now=now())


@shared_task
def watch() -> None:
    """Put clocks of incidents that run out before an operator."""
    watch_incidents(now=now())

"""Celery entry points of compliance: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from pathlib import Path

from celery import shared_task
from django.conf import settings

from compliance import heads, services
from compliance.chain import LOGS
from compliance.services.assessments import watch_assessments
from compliance.services.chain import chain_log
from compliance.services.incident_watch import watch_incidents
from compliance.services.new_year import carry_over
from kernel.clock import now


@shared_task
def chain() -> None:
    """Hang what was logged since the last second on its chain, and say outside the database where it ends."""
    for log in LOGS:
        heads.tell(Path(settings.AUDIT_HEADS), chain_log(log=log))


@shared_task
def keep_heads() -> None:
    """Compare what was told of the chains' ends, and keep them where `audit verify` looks for them."""
    heads.keep(Path(settings.AUDIT_HEADS))


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


@shared_task
def watch_impact() -> None:
    """Put impact assessments that are missing or overdue before an operator."""
    watch_assessments(now=now())

"""Celery entry points of the storefronts: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from compliance.services.rates import watch_rates
from kernel.clock import now
from storefronts.queries import currencies


@shared_task
def watch_reference_rates() -> None:
    """Tell the operators of the platform which rates grow old."""
    watch_rates(currencies=currencies(), now=now())

"""Celery entry points of the storefronts: thin calls, each safe to run twice or at the same time."""

from __future__ import annotations

from celery import shared_task

from compliance.services.rates import watch_rates
from kernel.clock import now
from storefronts.queries import currencies
from storefronts.services.key_watch import watch_keys
from storefronts.services.platform_keys import refresh


@shared_task
def watch_reference_rates() -> None:
    """Tell the operators of the platform which rates grow old."""
    watch_rates(currencies=currencies(), now=now())


@shared_task
def refresh_platform_keys() -> None:
    """Fetch the platform certificates of merchants whose time has come or who were sent an unknown serial."""
    refresh(now=now())


@shared_task
def watch_pay_keys() -> None:
    """Put keys that end soon before an operator."""
    watch_keys(now=now())

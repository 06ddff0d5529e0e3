"""Celery entry points of the partners' door."""

from __future__ import annotations

from celery import shared_task

from kernel.clock import now
from partner_api import folders


@shared_task
def look_into_folders() -> None:
    """Take what partners without developers have put there."""
    folders.look(now=now())

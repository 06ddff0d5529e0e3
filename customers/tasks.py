"""Celery entry points of customers."""

from __future__ import annotations

from celery import shared_task

from customers.services import news_pushes
from customers.services.verification import sweep
from kernel.clock import now
from kernel.models import Event


@shared_task
def verify_identities() -> None:
    """Ask again about the identities whose provider did not answer."""
    sweep(now=now())


def read_news_push(event: Event) -> None:
    """Handler of `message.news`."""
    news_pushes.read(message_id=event.facts["message"], now=now())

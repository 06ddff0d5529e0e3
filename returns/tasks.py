"""Celery entry points of returns, and what returns do when an event tells them."""

from __future__ import annotations

from celery import shared_task

from kernel.clock import now
from kernel.models import Event
from payments.models import Refund
from returns.services import deadlines, settle


@shared_task
def sweep() -> None:
    """Move on the returns whose time has come."""
    deadlines.sweep(now=now())


def money_asked(event: Event) -> None:
    """refund.requested: where it stands for one that was closed, its return follows it."""
    settle.follow(refund=_refund(event), now=now())


def money_arrived(event: Event) -> None:
    """refund.succeeded, refund.transferred: a return whose money has arrived is settled."""
    refund = _refund(event)
    if refund.arrived_at is not None:
        settle.finish(refund=refund, now=now())


def _refund(event: Event) -> Refund:
    return Refund.objects.get(out_refund_no=event.key.removeprefix("refund:"))

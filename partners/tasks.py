"""What a worker does of itself for partners."""

from __future__ import annotations

from celery import shared_task
from oauth2_provider.models import AccessToken

from kernel.clock import now
from partners.services.replay import forget_nonces


@shared_task
def sweep() -> None:
    """Let go of numbers and tokens that nobody believes any more."""
    present = now()
    forget_nonces(now=present)
    AccessToken.objects.filter(expires__lte=present).delete()

"""What a worker does of itself for partners."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils.module_loading import import_string
from oauth2_provider.models import AccessToken

from kernel.clock import now
from kernel.models import Event
from partners.published import SUBJECTS
from partners.services import publishing, sandbox
from partners.services.replay import forget_nonces


@shared_task
def sweep() -> None:
    """Let go of numbers and tokens that nobody believes any more, and of what was told long ago."""
    present = now()
    forget_nonces(now=present)
    publishing.forget(now=present)
    sandbox.sweep(now=present)
    AccessToken.objects.filter(expires__lte=present).delete()


def publish(event: Event) -> None:
    """An event that partners may hear (partners/published.py)."""
    if event.storefront_id is not None:
        kind = SUBJECTS.get(event.name)
        publishing.publish(
            storefront_id=event.storefront_id,
            name=event.name,
            key=f"{kind}:{event.facts[kind]}" if kind else event.key,
            warehouse=import_string(settings.WAREHOUSE_OF)(event.key),
            at=event.at,
            now=now(),
        )

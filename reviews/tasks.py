"""What reviews do when an event tells them."""

from __future__ import annotations

from kernel.clock import now
from kernel.models import Event
from reviews.services.check import check


def check_words(event: Event) -> None:
    """review.written: WeChat is asked about the words."""
    check(key=event.key, kind=event.facts["kind"], now=now())

"""One at a time works on a refund: a hold of a minute, taken and given back by conditional UPDATE.

Who died leaves a hold that runs out. Who was slow finds it gone before anything leaves, and leaves the refund
to whoever holds it now. A hold that ends later than any does was taken by a clock that is wrong, and is none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from kernel.tenancy import tenant
from payments.models import Refund

LEASE = timedelta(seconds=60)  # longer than all calls of one try take together
AHEAD = timedelta(minutes=1)  # how far the clocks of two of our machines may differ


def free(at: datetime) -> Q:
    """Refunds that nobody works on at `at`."""
    return Q(held_until=None) | Q(held_until__lte=at) | Q(held_until__gt=at + LEASE + AHEAD)


def is_held(refund: Refund, at: datetime) -> bool:
    """Whether somebody works on the refund at `at`."""
    return refund.held_until is not None and at < refund.held_until <= at + LEASE + AHEAD


def hold(refund: Refund, *, at: datetime) -> bool:
    """Take the hold of a refund that stands where it was read; False where another has it or moved it."""
    until = at + LEASE
    with tenant(refund.storefront_id):
        taken = Refund.objects.filter(free(at), pk=refund.pk, state=refund.state).update(held_until=until)
    if taken:
        refund.held_until = until
    return taken == 1


def renew(refund: Refund, *, at: datetime, **changes: Any) -> bool:
    """Keep the hold for another minute, with `changes`; False where it was lost, or the refund stands
    elsewhere by now."""
    until = at + LEASE
    with tenant(refund.storefront_id):
        kept = Refund.objects.filter(
            pk=refund.pk, state=refund.state, held_until=refund.held_until, held_until__gt=at
        ).update(held_until=until, **changes)
    if kept:
        refund.held_until = until
    return kept == 1


def release(refund: Refund, **changes: Any) -> None:
    """Give the hold back, with `changes`; where it is another's by now, nothing is written."""
    with tenant(refund.storefront_id):
        Refund.objects.filter(pk=refund.pk, held_until=refund.held_until).update(held_until=None, **changes)

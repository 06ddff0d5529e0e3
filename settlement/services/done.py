"""An order of which all has gone abroad is looked at no more, until something of it is entered again."""

from __future__ import annotations

from datetime import date, datetime

from kernel.clock import shanghai_day
from kernel.tenancy import tenant
from settlement.models import OpenOrder
from settlement.unsettled import unsettled
from storefronts.models import Storefront

CHUNK = 1_000


def let_go_of_done(*, now: datetime) -> int:
    """Take the orders of which nothing is left from those that are looked through; how many.

    An order that is being entered at this moment stays. An entry that comes afterwards waits for the commit
    and adds its order again, so that none is lost between.
    """
    gone = 0
    for storefront_id in Storefront.objects.order_by("pk").values_list("pk", flat=True):
        last = 0
        while (chunk := _chunk(storefront_id, last, shanghai_day(now))) is not None:
            last, more = chunk
            gone += more
    return gone


def _chunk(storefront_id: int, after: int, day: date) -> tuple[int, int] | None:
    """The last order of the next CHUNK and how many of them went; None at the end."""
    with tenant(storefront_id):
        ids = list(
            OpenOrder.objects.select_for_update(skip_locked=True)
            .filter(storefront_id=storefront_id, pk__gt=after)
            .order_by("pk")
            .values_list("pk", flat=True)[:CHUNK]
        )
        if not ids:
            return None
        left = {one.order_id for one in unsettled(storefront_id=storefront_id, day=day, only=ids)}
        OpenOrder.objects.filter(pk__in=set(ids) - left).delete()
    return ids[-1], len(ids) - len(left)

"""A day that was promised and is over without the parcel having left comes before an operator, once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kernel.cases import open_case
from kernel.tenancy import tenant
from logistics.models import Shipment
from logistics.services.shipments import LATE, NOT_LEFT
from logistics.services.tracking import AFTER_RELEASE_ONLY, is_released

BATCH = 200


def sweep(*, now: datetime) -> int:
    """Open a case for each shipment whose day is over, with what it waits for; returns how many."""
    with transaction.atomic():
        due = list(
            Shipment.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("order")
            .filter(late_at__lte=now)
            .order_by("late_at")[:BATCH]
        )
        Shipment.objects.filter(pk__in=[row.pk for row in due]).update(late_at=None)
        late = [row for row in due if row.state in NOT_LEFT and row.ship_by is not None]
        for row in late:
            _put_before(row, now)
    return len(late)


def _put_before(row: Shipment, now: datetime) -> None:
    assert row.ship_by is not None
    with tenant(row.storefront_id):
        open_case(
            storefront_id=row.storefront_id,
            kind=LATE,
            key=row.event_key,
            title="An order has not left by the day that was promised",
            facts={
                "order": row.number,
                "promised": row.ship_by.isoformat(),
                "state": row.state,
                "waits_for": _waits_for(row),
            },
            now=now,
        )


def _waits_for(row: Shipment) -> str:
    if row.state == "labelled" and row.order.trade_mode in AFTER_RELEASE_ONLY and not is_released(row.order):
        return "release"
    return {"to_pick": "picking", "packing": "packing"}.get(row.state, "dispatch")

"""A day that was promised and is over without the parcel having left comes before an operator, once."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.cases import open_case, open_failing, settle_open
from kernel.tenancy import tenant
from logistics.models import Shipment, ShippingInfo
from logistics.services.shipments import TO_LEAVE, locked
from logistics.services.standing import LATE
from logistics.services.waiting import LOOKED_AT_AGAIN, is_told_by_hours, last_hour, waits_for

BATCH, AGAIN_AFTER = 200, timedelta(minutes=30)
FAILING = "shipment.late_failing"


def sweep(*, now: datetime) -> int:
    """Open a case for each shipment whose day is over, with what it waits for; returns how many.

    One that fails in a way that nobody foresaw silences no other: it is a case, and looked at again later.
    """
    late = 0
    for row in list(Shipment.objects.filter(late_at__lte=now).order_by("late_at")[:BATCH]):
        try:
            late += _look(row, now)
        except Exception as failure:
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=row.event_key,
                title="Whether an order is late cannot be told: something that nobody foresaw",
                facts={"order": row.number},
                failure=failure,
                now=now,
            )
            Shipment.objects.filter(pk=row.pk, late_at=row.late_at).update(late_at=now + AGAIN_AFTER)
    return late


def _look(shipment: Shipment, now: datetime) -> bool:
    with tenant(shipment.storefront_id):
        order, row = locked(shipment)
        if row.late_at is None or row.late_at > now:
            return False
        if row.state in TO_LEAVE and is_told_by_hours(order):
            Shipment.objects.filter(pk=row.pk).update(late_at=now + LOOKED_AT_AGAIN)
            return False
        Shipment.objects.filter(pk=row.pk).update(late_at=None)
        settle_open(kinds=[FAILING], key=row.event_key, by="system", note="looked at", now=now)
        if row.state not in TO_LEAVE or row.ship_by is None:
            return False
        _put_before(row, now)
        return True


def _put_before(row: Shipment, now: datetime) -> None:
    assert row.ship_by is not None
    info = ShippingInfo.objects.filter(order=row.order_id).first()
    open_case(
        storefront_id=row.storefront_id,
        kind=LATE,
        key=row.event_key,
        title="An order has not left by the day that was promised",
        facts={
            "order": row.number,
            "promised": row.ship_by.isoformat(),
            **({"until": last_hour(info)} if info else {}),
            "state": row.state,
            "waits_for": waits_for(row.order, row),
        },
        now=now,
    )

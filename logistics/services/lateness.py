"""What is not shipped comes before an operator before WeChat's 48 hours are over, with what holds it."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.cases import open_failing, settle_open
from kernel.tenancy import tenant
from logistics.models import Shipment, ShippingInfo, TradeManagement
from logistics.services import shipping_info
from logistics.services.waiting import LOOKED_AT_AGAIN, is_told_by_day, last_hour, waits_for
from orders.models import Order

BATCH, AGAIN_AFTER = 200, timedelta(minutes=30)
FAILING = "shipping_info.late_failing"
NOT_TOLD = ("waiting", "owed", "refused")


def sweep(*, now: datetime) -> int:
    """Open a case for every order that is late by now; returns how many.

    One that fails in a way that nobody foresaw silences no other: it is a case, and looked at again later.
    """
    late = 0
    due = ShippingInfo.objects.filter(late_at__lte=now).order_by("late_at")
    for row in list(due[:BATCH]):
        try:
            late += _look(row, now)
        except Exception as failure:
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=row.event_key,
                title="Whether an order is late at WeChat cannot be told: something that nobody foresaw",
                facts={"order": row.number},
                failure=failure,
                now=now,
            )
            ShippingInfo.objects.filter(pk=row.pk, late_at=row.late_at).update(late_at=now + AGAIN_AFTER)
    return late


def _look(row: ShippingInfo, now: datetime) -> bool:
    with tenant(row.storefront_id):
        info = shipping_info.locked(row)
        if info.late_at is None or info.late_at > now:
            return False
        ShippingInfo.objects.filter(pk=info.pk).update(late_at=None)
        settle_open(kinds=[FAILING], key=info.event_key, by="system", note="looked at", now=now)
        unmanaged = TradeManagement.objects.filter(storefront=info.storefront_id, managed=False)
        told = info.state not in NOT_TOLD and not info.known_partial
        if told or unmanaged.exists():
            return False
        if is_told_by_day(info.order):
            ShippingInfo.objects.filter(pk=info.pk).update(late_at=now + LOOKED_AT_AGAIN)
            return False
        put_before(info, shipping_info.LATE, now)
        return True


def put_before(row: ShippingInfo, kind: str, now: datetime) -> None:
    """The order with its last hour, what was promised, and what it waits for."""
    order = Order.objects.select_related("quote").get(pk=row.order_id)
    promised = order.quote.ship_by
    shipping_info.case(
        row,
        kind,
        now,
        until=last_hour(row),
        promised=promised.isoformat() if promised else "",
        waits_for=waits_for(order, Shipment.objects.filter(order=order).first(), row),
    )

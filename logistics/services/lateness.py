"""What is not shipped comes before an operator before WeChat's 48 hours are over, with what holds it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from kernel.tenancy import tenant
from logistics.models import Shipment, ShippingInfo, TradeManagement
from logistics.services import shipping_info
from logistics.services.tracking import AFTER_RELEASE_ONLY, is_released
from orders.models import Order

WITHIN = timedelta(hours=48)
BATCH = 200
NOT_TOLD = ("waiting", "owed", "refused")


def sweep(*, now: datetime) -> int:
    """Open a case for every order that is late by now; returns how many."""
    with transaction.atomic():
        due = list(
            ShippingInfo.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(late_at__lte=now)
            .order_by("late_at")[:BATCH]
        )
        ShippingInfo.objects.filter(pk__in=[row.pk for row in due]).update(late_at=None)
        unmanaged = set(TradeManagement.objects.filter(managed=False).values_list("storefront_id", flat=True))
        late = [row for row in due if row.state in NOT_TOLD and row.storefront_id not in unmanaged]
        for row in late:
            with tenant(row.storefront_id):
                put_before(row, shipping_info.LATE, now)
    return len(late)


def put_before(row: ShippingInfo, kind: str, now: datetime) -> None:
    """The order with its last hour, what was promised, and what it waits for."""
    order = Order.objects.select_related("quote").get(pk=row.order_id)
    promised = order.quote.ship_by
    shipping_info.case(
        row,
        kind,
        now,
        until=(row.paid_at + WITHIN).isoformat(timespec="minutes"),
        promised=promised.isoformat() if promised else "",
        waits_for=_waits_for(order, row),
    )


def _waits_for(order: Order, row: ShippingInfo) -> str:
    if row.state != "waiting":
        return "wechat"
    shipment = Shipment.objects.filter(order=order).first()
    if shipment is not None and shipment.state == "dispatched":
        return "carrier"
    if shipment is not None and shipment.state == "labelled":
        waits = order.trade_mode in AFTER_RELEASE_ONLY and not is_released(order)
        return "release" if waits else "carrier"
    if order.trade_mode in AFTER_RELEASE_ONLY and not is_released(order):
        return "release"
    return "packing"

"""What an order that has not left waits for, in one set of words; that it is late is told by one case.

Two hours may pass over it: the day that was promised (`overdue`) and WeChat's 48 hours (`lateness`).
Whichever comes first is the case, with WeChat's last hour in either; the other one waits until that is
settled, and is opened where the order is late by it still: by WeChat's hours also after the goods have left,
as long as no carrier has them or WeChat was not told.
"""

from __future__ import annotations

from datetime import timedelta

from kernel.models import Case
from logistics.models import Shipment, ShippingInfo
from logistics.services.shipping_info import LATE as HOURS_OVER
from logistics.services.standing import LATE as DAY_OVER
from logistics.services.tracking import AFTER_RELEASE_ONLY, is_released
from orders.models import Order

LOOKED_AT_AGAIN = timedelta(hours=1)
WITHIN = timedelta(hours=48)  # of the payment, for ordinary goods
STEPS = {"to_pick": "picking", "packing": "packing", "labelled": "dispatch", "leaving": "dispatch"}


def waits_for(order: Order, shipment: Shipment | None, info: ShippingInfo | None = None) -> str:
    """The next step: WeChat's once all has left; customs' release, without which nothing leaves a bonded
    zone; the warehouse's; the carrier's."""
    if info is not None and info.state != "waiting" and not info.partial:
        return "wechat"
    if shipment is not None and shipment.state not in STEPS:
        return "carrier"
    if order.trade_mode in AFTER_RELEASE_ONLY and not is_released(order):
        return "release"
    return STEPS[shipment.state if shipment else "to_pick"]


def last_hour(info: ShippingInfo) -> str:
    """By when WeChat is to know that it has left."""
    return (info.paid_at + WITHIN).isoformat(timespec="minutes")


def is_told_by_hours(order: Order) -> bool:
    """Whether a case tells already that it is late by WeChat's hours."""
    info = ShippingInfo.objects.filter(order=order).first()
    return info is not None and _is_open(HOURS_OVER, info.event_key)


def is_told_by_day(order: Order) -> bool:
    """Whether a case tells already that it is late by the promised day."""
    return _is_open(DAY_OVER, order.event_key)


def _is_open(kind: str, key: str) -> bool:
    return Case.objects.filter(kind=kind, key=key, state=Case.State.OPEN).exists()

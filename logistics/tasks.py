"""Event handlers and Celery entry points of logistics."""

from __future__ import annotations

from datetime import datetime

from celery import shared_task

from customers.occasions import Occasion
from customers.services import news
from kernel.clock import now
from kernel.models import Event
from logistics.models import ShippingInfo
from logistics.services import (
    comparing,
    lateness,
    overdue,
    receipt,
    shipments,
    shipping_info,
    telling,
    trade_pushes,
    watching,
    waybills,
)
from orders.models import Order

OCCASIONS = {
    "shipment.handed_over": Occasion.SHIPPED.value,
    "customs.released": Occasion.CLEARED.value,
    "shipment.delivered": Occasion.DELIVERED.value,
}


@shared_task
def go_on() -> None:
    """Go on with waybills that are wanted, or wanted back, with parcels to watch, with what is late and with
    receipts that are due."""
    waybills.sweep(now=now())
    watching.sweep(now=now())
    overdue.sweep(now=now())
    receipt.sweep(now=now())


@shared_task
def tell_wechat() -> None:
    """Tell WeChat of what has left, and an operator of what is late."""
    telling.sweep(now=now())
    lateness.sweep(now=now())


@shared_task
def compare_with_wechat() -> None:
    """Lay WeChat's list of orders beside ours, once a day each storefront."""
    comparing.sweep(now=now())


def open_shipment(event: Event) -> None:
    """Handler of `order.paid`: what was paid is to be shipped."""
    shipments.open_shipment(order=_order(event), now=now())


def cancel_shipment(event: Event) -> None:
    """Handler of `order.cancelled`: nothing leaves for it."""
    by = str(event.facts.get("by", "system"))[:80]
    shipments.cancel_shipment(order=_order(event), by=by, now=now())


def look_at_parcel(event: Event) -> None:
    """Handler of `order.lessened`: what a parcel has too many is taken out."""
    shipments.look_at_parcel(order=_order(event), left=event.facts.get("left", {}), now=now())


def open_shipping_info(event: Event) -> None:
    """Handler of `order.paid`: WeChat will have to be told of its shipping."""
    shipping_info.open_info(order=_order(event), now=now())


def drop_shipping_info(event: Event) -> None:
    """Handler of `order.cancelled`: nothing is told of it any more."""
    shipping_info.cancelled(order=_order(event), now=now())


def owe_shipping_info(event: Event) -> None:
    """Handler of `shipment.handed_over`: a carrier has a parcel of it."""
    shipping_info.owe(order=_order(event), now=now())


def remind_to_confirm(event: Event) -> None:
    """Handler of `shipment.delivered`."""
    at = datetime.fromisoformat(event.facts["at"])
    shipping_info.delivered(order=_order(event), at=at, now=now())


def follow_receipt(event: Event) -> None:
    """Handler of `shipping_info.received`: receipt was confirmed at WeChat."""
    number = event.key.removeprefix("shipping_info:")
    info = ShippingInfo.objects.select_related("order").get(number=number)
    receipt.follow_wechat(order=info.order, at=info.receipt_at or event.at, now=now())


def read_trade_access(event: Event) -> None:
    """Handler of `message.trade_access`."""
    trade_pushes.read_access(message_id=event.facts["message"], now=now())


def read_trade_reminder(event: Event) -> None:
    """Handler of `message.trade_reminder`."""
    trade_pushes.read_reminder(message_id=event.facts["message"], now=now())


def read_trade_settlement(event: Event) -> None:
    """Handler of `message.trade_settlement`."""
    trade_pushes.read_settlement(message_id=event.facts["message"], now=now())


def tell_consumer(event: Event) -> None:
    """Handler of what an order's consumer may have asked to be told: see `OCCASIONS`."""
    order = _order(event)
    if order.customer_id is None:
        return
    fact = news.Fact(
        order_number=order.number,
        occasion=OCCASIONS[event.name],
        at=datetime.fromisoformat(event.facts["at"]),
        recorded_at=event.at,
        carrier=event.facts.get("carrier", ""),
        stands=order.state == "paid",
    )
    news.tell(customer_id=order.customer_id, fact=fact, now=now())


def _order(event: Event) -> Order:
    return Order.objects.get(number=event.key.removeprefix("order:"))

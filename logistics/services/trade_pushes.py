"""What WeChat pushes of trades is taken in once, in the caller's transaction; unreadable it is a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from logistics.models import ShippingInfo
from logistics.services import lateness, shipping_info, trade_management
from logistics.services.shipping_info import locked
from orders.models import Order
from storefronts.services import messages
from wechat.errors import WechatError
from wechat.trade_messages import TradeMessage

log = structlog.get_logger(__name__)

Take = Callable[[int, Mapping[str, Any], datetime], None]


def read_access(*, message_id: int, now: datetime) -> None:
    """WeChat asks that shipping be told by its interface."""
    _read(message_id, _access, now)


def read_reminder(*, message_id: int, now: datetime) -> None:
    """WeChat reminds of an order that it takes for unshipped."""
    _read(message_id, _reminder, now)


def read_settlement(*, message_id: int, now: datetime) -> None:
    """WeChat tells that an order is shipped, or settled."""
    _read(message_id, _settlement, now)


def _read(message_id: int, take: Take, now: datetime) -> None:
    try:
        found = messages.read(message_id=message_id)
        if found is None:
            return
        row, message = found
        take(row.storefront_id, message, now)
    except WechatError as failure:
        messages.failed(message_id=message_id, failure=failure, now=now)
        return
    messages.taken(message=row, now=now)


def _access(storefront_id: int, message: Mapping[str, Any], now: datetime) -> None:
    trade_management.be_reminded(storefront_id=storefront_id, now=now)


def _reminder(storefront_id: int, message: Mapping[str, Any], now: datetime) -> None:
    """It is put before an operator with what the order waits for."""
    row = _row(storefront_id, TradeMessage.from_message(message), now)
    if row is None or row.state in shipping_info.OVER:
        return
    lateness.put_before(row, shipping_info.REMINDED, now)


def _settlement(storefront_id: int, message: Mapping[str, Any], now: datetime) -> None:
    told = TradeMessage.from_message(message)
    row = _row(storefront_id, told, now)
    if row is None:
        return
    if told.settles_at is not None:
        ShippingInfo.objects.filter(pk=row.pk).update(settles_at=told.settles_at)
    if row.state == "owed" and told.shipped_at is not None and row.attempted_at is None:
        ShippingInfo.objects.filter(pk=row.pk).update(
            attempted_at=now
        )  # someone told it: it is asked before it is told
    elif row.state == "waiting" and told.shipped_at is not None:
        shipping_info.case(row, shipping_info.OTHERWISE, now)
    if told.received_at is not None:
        ShippingInfo.objects.filter(pk=row.pk, receipt_at=None).update(receipt_at=told.received_at)
    if told.settled_at is not None:
        shipping_info.settle(row, now, at=told.settled_at)
    elif told.received_at is not None:
        shipping_info.receive(row, now, at=told.received_at)


def _row(storefront_id: int, told: TradeMessage, now: datetime) -> ShippingInfo | None:
    """The order's row, locked; a payment that is no order of ours is left to the daily comparison."""
    rows = ShippingInfo.objects.filter(storefront_id=storefront_id, transaction_id=told.transaction_id)
    row = rows.first()
    if row is None and told.out_trade_no:
        order = Order.objects.filter(
            storefront_id=storefront_id, transaction_id=told.transaction_id, paid_at__isnull=False
        ).first()
        row = shipping_info.open_info(order=order, now=now) if order else None
    if row is None:
        log.warning("trade_message_of_nothing", storefront=storefront_id)
        return None
    return locked(row)

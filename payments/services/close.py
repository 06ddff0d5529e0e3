"""Closing an order's attempts at WeChat, so that nothing held is given back while someone can still pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.cases import settle_open
from kernel.errors import Upstream
from kernel.tenancy import tenant
from orders.models import Order
from orders.services.closing import finish_closing
from payments.gateways.wechat_pay import client_of
from payments.models import Payment
from payments.services.query import FAILING, put_before, query
from payments.states import PAYMENT
from wechat.errors import OrderClosed, OrderNotExist, OrderPaid

OPEN = ("created", "prepared")


@dataclass(eq=False)
class StillOpen(Upstream):
    """WeChat will not close a payment and will not say that it is paid: neither end is certain."""

    code = "payment_still_open"
    title = "A payment of order {order} is neither closed nor paid at WeChat."
    title_zh = "订单 {order} 的支付在微信侧既未关闭也未完成。"
    order: str


def close_attempts(*, order: Order, now: datetime) -> None:
    """Close every open attempt of a closing order, then let the order end; what was paid meanwhile is paid.

    Raises StillOpen, and wechat.errors when WeChat's answer is not known: then nothing has ended, and the
    caller tries again. One whose money cannot be written is a case, too.
    """
    for payment in Payment.objects.filter(order=order, state__in=OPEN):
        try:
            client_of(payment.mchid).close(payment.out_trade_no)
        except (OrderNotExist, OrderClosed):
            pass  # it never reached WeChat, or is closed there already
        except OrderPaid:
            _paid(payment, now)
            continue
        _closed(payment, now)
    if Payment.objects.filter(order=order, state__in=OPEN).exists():
        raise StillOpen(order=order.number)
    finish_closing(order=order, now=now)


def _paid(payment: Payment, now: datetime) -> None:
    try:
        query(payment=payment, now=now)
    except Upstream:
        raise
    except Exception as failure:
        put_before(payment=payment, failure=failure, now=now)


def _closed(payment: Payment, now: datetime) -> None:
    with tenant(payment.storefront_id):
        row = Payment.objects.select_for_update().get(pk=payment.pk)
        if row.state in OPEN:
            PAYMENT.move(row, "close", now=now)
            note = f"{row.out_trade_no} was closed"
            settle_open(kinds=[FAILING], key=row.event_key, by="system", note=note, now=now)

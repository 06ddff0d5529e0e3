"""A paid order ends before anything is declared: what it held comes back once, its money by event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.law import Law
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders.models import Order
from orders.services.closing import CANCELLED, NotCancellable, give_back
from orders.states import ORDER


@dataclass(eq=False)
class HoldOver(Conflict):
    """The time in which a paid order can be cancelled is over, or customs has its list."""

    code = "order_hold_over"
    title = "This paid order can no longer be cancelled; please ask for a refund."
    title_zh = "该订单已进入申报流程，无法直接取消，请申请退款。"


def hold_ends_at(order: Order) -> datetime | None:
    """Until when the consumer may cancel this order, if it was paid and nothing is declared of it yet."""
    if order.state != "paid" or order.paid_at is None or order.gate != Order.Gate.BEFORE_LIST:
        return None
    minutes: int = Law(shanghai_day(order.paid_at)).figure("orders/cancel_minutes")
    return order.paid_at + timedelta(minutes=minutes)


def cancel_paid(*, number: str, by: str, now: datetime, within_hold: bool = True) -> Order:
    """End a paid order of which nothing is declared; `within_hold`: only in the time after payment.

    Locks the order, then what it holds. Cancelled before, it changes nothing. Raises NotCancellable,
    HoldOver. The event `order.cancelled` asks for the money to go back.
    """
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        order = Order.objects.select_for_update().get(number=number)
        if order.state == "cancelled" and order.paid_at is not None:
            return order
        if order.state != "paid":
            raise NotCancellable(state=order.state)
        ends = hold_ends_at(order)
        if ends is None or (within_hold and now > ends):
            raise HoldOver()
        end_paid(order=order, by=by, now=now)
    return order


def end_paid(*, order: Order, by: str, now: datetime) -> None:
    """Cancel a paid order whose row the caller holds; allowance, coupon and stock come back."""
    ORDER.move(order, "cancel", now=now, facts={"by": by}, closing_reason=CANCELLED, closed_at=now)
    give_back(order=order, now=now)

"""An unpaid order ends in two steps: first WeChat closes its payments, then everything held is given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from compliance import services as compliance
from inventory import services as inventory
from kernel.cases import open_failing, resting, settle_over
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders.models import CouponClaim, Order
from orders.states import ORDER

EXPIRED, CANCELLED = "expired", "cancelled"
FAILING = "order.failing"
_VERB = {EXPIRED: "expire", CANCELLED: "cancel"}


@dataclass(eq=False)
class NotCancellable(Conflict):
    """An order that has ended, or that customs has, cannot be cancelled; it is refunded on request."""

    code = "order_not_cancellable"
    title = "This order is “{state}” and cannot be cancelled; a paid order is refunded on request."
    title_zh = "订单当前状态为“{state}”，无法直接取消；已付款订单请申请退款。"
    state: str


def begin_closing(*, order: Order, reason: str, now: datetime) -> None:
    """Stop taking payments for the order and ask for its attempts to be closed at WeChat (by event).

    Nothing is given back yet. Of an order that is already closing only the reason may change: a consumer who
    cancels while it expires has cancelled it, so that money which comes all the same goes back. Raises
    NotCancellable in any other state.
    """
    if order.state == "closing":
        if reason == CANCELLED:
            _cancel_closing(order)
        return
    if "close" not in ORDER.verbs(order.state):
        raise NotCancellable(state=order.state)
    with tenant(order.storefront_id):
        ORDER.move(order, "close", now=now, facts={"reason": reason}, closing_reason=reason)


def _cancel_closing(order: Order) -> None:
    """The consumer's word stands over the clock's while the order is closing, by one conditional UPDATE."""
    with tenant(order.storefront_id):
        closing = Order.objects.filter(pk=order.pk, state="closing")
        heard = closing.update(closing_reason=CANCELLED)
    if not heard:
        order.refresh_from_db(fields=["state", "closing_reason"])
        if order.state != CANCELLED:
            raise NotCancellable(state=order.state)
    order.closing_reason = CANCELLED


def finish_closing(*, order: Order, now: datetime) -> None:
    """End a closing order whose payments are closed for certain; stock, allowance and coupon come back.

    Safe to call twice and against a payment that arrived meanwhile: the state decides, once.
    """
    with tenant(order.storefront_id):
        order = Order.objects.select_for_update().get(pk=order.pk)
        if order.state != "closing":
            return
        ORDER.move(order, _VERB[order.closing_reason], now=now, closed_at=now)
        give_back(order=order, now=now)


def give_back(*, order: Order, now: datetime) -> None:
    """Allowance, coupon and stock of an order that has ended, in the order of their locks; twice is once."""
    compliance.allowance_free(order_number=order.number, now=now)
    if order.claim_id is not None:
        CouponClaim.objects.filter(pk=order.claim_id, order_number=order.number).update(order_number="")
    inventory.release(holder=order.event_key, now=now)


def expire_due(*, now: datetime, limit: int = 200) -> int:
    """Begin closing the orders whose time to pay is over; returns how many.

    One that fails in a way that nobody foresaw stops no other: it is a case, settled once it is over, and
    rests the longer the more often it fails.
    """
    due = Order.objects.filter(state="placed", expires_at__lte=now)
    failing = [key.removeprefix("order:") for key in resting(kind=FAILING, now=now)]
    closed = 0
    for order in due.exclude(number__in=failing).order_by("expires_at")[:limit]:
        try:
            begin_closing(order=order, reason=EXPIRED, now=now)
            closed += 1
        except Conflict:
            continue  # paid or cancelled in this instant: its new state decides
        except Exception as failure:
            open_failing(
                storefront_id=order.storefront_id,
                kind=FAILING,
                key=order.event_key,
                title="An order whose time to pay is over cannot be closed",
                facts={"order": order.number},
                failure=failure,
                now=now,
            )
    settle_over(
        kind=FAILING,
        waits=lambda key: due.filter(number=key.removeprefix("order:")).exists(),
        now=now,
    )
    return closed

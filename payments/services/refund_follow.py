"""What follows from a refund, by event: an order of which nothing is left ends; a promise goes on."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum

from kernel.tenancy import tenant
from orders.models import Order
from orders.services.cancel_paid import end_paid
from payments.models import Complaint, Payment, Refund
from payments.services import complaint_clocks


def all_is_back(payment: Payment) -> bool:
    """Whether all that was paid for an order has gone back."""
    back = Refund.objects.filter(payment=payment, state="succeeded").aggregate(sum=Sum("amount_fen"))["sum"]
    return payment.state == "succeeded" and (back or 0) >= (payment.received_fen or 0)


def end_order(*, refund: Refund, now: datetime) -> bool:
    """End the order of a payment that has gone back whole before the list: stock, coupon and allowance too.

    False where something is left, where customs has had the list, or where it has ended. Locks the order,
    then what it holds.
    """
    with tenant(refund.storefront_id):
        order = Order.objects.select_for_update().get(pk=refund.order_id)
        if order.state != "paid" or order.gate != Order.Gate.BEFORE_LIST or not all_is_back(refund.payment):
            return False
        end_paid(order=order, by="system", now=now)
    return True


def promise(*, refund: Refund, instead_of: list[str], now: datetime) -> None:
    """What was promised to who complained comes with `refund`, which took its place. Locks the complaints."""
    moved = Complaint.objects.filter(refund__out_refund_no__in=instead_of).update(refund=refund)
    if moved and refund.state == "succeeded" and not refund.owed:
        complaint_clocks.arrived(refund=refund, now=now)

"""What settlement does when an event tells it: each fact of money is entered once."""

from __future__ import annotations

from kernel.clock import now
from kernel.models import Event
from payments.models import Payment, Refund
from settlement.services.entries import enter_payment, enter_refund


def enter_paid(event: Event) -> None:
    """payment.succeeded, payment.stray."""
    number = event.key.removeprefix("payment:")
    payment = Payment.objects.select_related("order").get(out_trade_no=number)
    if payment.stray_reason != "currency":  # what is not fen is its case's alone
        enter_payment(payment=payment, now=now())


def enter_refunded(event: Event) -> None:
    """refund.succeeded."""
    enter_refund(refund=Refund.objects.get(out_refund_no=event.key.removeprefix("refund:")), now=now())

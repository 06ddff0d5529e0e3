"""What declarations do when an event tells them."""

from __future__ import annotations

from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.models import PaymentDeclaration, Refund
from payments.services import ask_payer, declare, declare_change, refund_follow


def open_declarations(event: Event) -> None:
    """order.paid: its payment will be declared to customs, once the hold is over."""
    declare.open_declarations(order=_order(event), now=now())


def withdraw_declarations(event: Event) -> None:
    """order.cancelled: nothing of it is declared any more."""
    declare_change.withdraw_declarations(order=_order(event), now=now())


def follow_refund(event: Event) -> None:
    """refund.succeeded, refund.named, refund.unnamed: what is declared is what is left."""
    declare_change.follow_refund(out_refund_no=event.key.removeprefix("refund:"), now=now())


def end_payer_check(event: Event) -> None:
    """refund.succeeded: once all of an order's money has gone back, nobody asks who paid."""
    number = event.key.removeprefix("refund:")
    ask_payer.end_refunded(
        refund=Refund.objects.select_related("payment", "order").get(out_refund_no=number), now=now()
    )


def end_refunded(event: Event) -> None:
    """refund.succeeded, refund.named: an order of which nothing is left ends where customs has no list of
    it; of another, stock and allowance of what went back are free."""
    refund = Refund.objects.select_related("order").get(out_refund_no=event.key.removeprefix("refund:"))
    refund_follow.follow(number=refund.order.number, now=now())


def ask_about_payer(event: Event) -> None:
    """declaration.succeeded, declaration.matched: is the payer the orderer? Calls WeChat in the v3 family."""
    row = PaymentDeclaration.objects.select_related("order", "payment")
    ask_payer.ask_about_payer(declaration=row.get(pk=event.key.removeprefix("declaration:")), now=now())


def ask_payer_again(event: Event) -> None:
    """payer.renamed: is the payer the one whom the consumer named?"""
    ask_payer.ask_again(order_number=event.key.removeprefix("payer:"), now=now())


def refund_for_payer(event: Event) -> None:
    """payer.refunding: payer and orderer stay two people. The order ends, and its money goes back by that."""
    ask_payer.end_for_payer(order_number=event.key.removeprefix("payer:"), now=now())


def _order(event: Event) -> Order:
    return Order.objects.get(number=event.key.removeprefix("order:"))

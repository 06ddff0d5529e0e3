"""After a payment is declared, WeChat says whether its payer is the orderer: the same, or another one.

It never says who. The domestic family says it with the declaration, the v3 family when asked by name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db.models import Sum

from compliance import services as compliance
from compliance.models import PayerCheck
from kernel.cases import settle_open
from kernel.tenancy import tenant
from orders.models import Order
from orders.services.cancel_paid import HoldOver, cancel_paid
from orders.services.closing import NotCancellable
from payments.gateways.customs import customs_client
from payments.models import PaymentDeclaration, Refund
from payments.services.declare import amend, piece_of
from payments.services.declare_match import WAITING
from payments.services.declare_outcome import locked
from payments.services.declare_told import disclose_orderer, named_orderer
from wechat.pay.customs import CustomsClient, Match

_ANSWERS: dict[str, Literal["same", "different"]] = {"SAME": "same", "DIFFERENT": "different"}


def ask_about_payer(*, declaration: PaymentDeclaration, now: datetime) -> None:
    """Ask about the payer of a declared payment, if that is not known yet, and take in the answer.

    Raises wechat.errors: whether they are the same is then not known, the check stays asked, and the same
    call may be made again.
    """
    check = PayerCheck.objects.filter(order_number=declaration.order.number).first()
    if check is None or check.state not in WAITING or declaration.state != "succeeded":
        return
    client = customs_client(declaration.payment.mchid, declaration.family)
    if client.matches_with_declaration:
        match = declaration.match
        if not match:  # not yet: the sweep asks on (declare_match.py)
            return
        compliance.ask_payer(check=check, now=now)
    else:
        match = _asked(client, declaration, check, now)
        if not match:
            return
    compliance.answer_payer(check=check, answer=_ANSWERS[match], now=now)


def ask_again(*, order_number: str, now: datetime) -> None:
    """The payer has been named as orderer: ask once more, with the new name.

    The domestic family asks with the declaration, which is therefore made void and new. Raises as above.
    """
    rows = PaymentDeclaration.objects.filter(order__number=order_number, state="succeeded")
    for row in rows.select_related("order", "payment").order_by("id"):
        if customs_client(row.payment.mchid, row.family).matches_with_declaration:
            with tenant(row.storefront_id):
                Order.objects.select_for_update().get(pk=row.order_id)
                held = locked(row)
                if held.state == "succeeded" and held.round == row.round:
                    amend(held, now=now)
        else:
            ask_about_payer(declaration=row, now=now)


def end_for_payer(*, order_number: str, now: datetime) -> None:
    """End a paid order whose payer is not its orderer: before the list, whole, with all that it held.

    What has gone to customs already is left to the operator, whose case stays open; an order that has ended
    otherwise is left as it is.
    """
    try:
        cancel_paid(number=order_number, by="system", now=now, within_hold=False)
    except (HoldOver, NotCancellable):
        return
    note = "支付人与订购人不一致，订单已取消并退款 · cancelled and refunded"
    settle_open(kinds=["payer.refunding"], key=f"order:{order_number}", by="system", note=note, now=now)


def end_refunded(*, refund: Refund, now: datetime) -> bool:
    """End the check of an order whose payment has gone back whole; False where something is left of it."""
    payment = refund.payment
    gone = Refund.objects.filter(payment=payment, state="succeeded").aggregate(sum=Sum("amount_fen"))["sum"]
    if payment.state != "succeeded" or (gone or 0) < (payment.received_fen or 0):
        return False
    return compliance.end_payer_check(order_number=refund.order.number, now=now)


def _asked(client: CustomsClient, declaration: PaymentDeclaration, check: PayerCheck, now: datetime) -> str:
    """What WeChat answers to the orderer's name and number; empty once nobody can read them any more."""
    with tenant(declaration.storefront_id):
        order = Order.objects.select_related("key").get(pk=declaration.order_id)
        named = named_orderer(order, now)
        if named is None:
            return ""
        disclose_orderer(order, now=now)
        compliance.ask_payer(check=check, now=now)
    match: Match = client.match(piece_of(declaration), named)
    PaymentDeclaration.objects.filter(pk=declaration.pk, round=declaration.round).update(match=match.value)
    return match.value

"""After a payment is declared, WeChat says whether its payer is the orderer: the same, or another one.

It never says who. The domestic family says it with the declaration, the v3 family when asked by name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance import services as compliance
from compliance.models import PayerCheck
from compliance.states import PAYER
from kernel.cases import settle_open
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.models import Order
from orders.services.cancel_paid import HoldOver, cancel_paid
from orders.services.closing import NotCancellable
from payments.gateways.customs import customs_client
from payments.models import PaymentDeclaration, Refund
from payments.services.declare import amend, piece_of
from payments.services.declare_match import SAYS_IT_ITSELF, WAITING
from payments.services.declare_told import disclose_orderer, named_orderer
from payments.services.refund_follow import all_is_back
from wechat.pay.customs import CustomsClient, Match

# Which declarations WeChat may have been told of with the orderer's name, and which will be with the new one.
HEARD = ("to_declare", "submitted", "processing", "succeeded", "excepted")
NOT_HEARD = ("to_declare", "amending", "held")
_ANSWERS: dict[str, Literal["same", "different"]] = {"SAME": "same", "DIFFERENT": "different"}


def ask_about_payer(*, declaration: PaymentDeclaration, now: datetime) -> None:
    """Ask about the payer of a declared payment, if that is not known yet, and take in the answer.

    Raises wechat.errors: whether they are the same is then not known, the check stays asked, and the same
    call may be made again.
    """
    check = PayerCheck.objects.filter(order_number=declaration.order.number).first()
    if check is None or check.state not in WAITING or declaration.state != "succeeded":
        return
    orderer = declaration.order.person_id
    client = customs_client(declaration.payment.mchid, declaration.family)
    if client.matches_with_declaration:
        match = declaration.match
        if check.state == "renamed":  # it was said of the orderer before; asked again in a moment
            return
        if not match:  # not yet: the sweep asks on (declare_match.py)
            return
        compliance.ask_payer(check=check, now=now)
    else:
        match = _asked(client, declaration, check, now)
        if not match:
            return
    with tenant(declaration.storefront_id):
        order = Order.objects.select_for_update().get(pk=declaration.order_id)
        present = PaymentDeclaration.objects.filter(pk=declaration.pk, round=declaration.round).exists()
        if present and order.person_id == orderer:  # else it is said of someone whom another has replaced
            compliance.answer_payer(check=check, answer=_ANSWERS[match], now=now)


def ask_again(*, order_number: str, now: datetime) -> None:
    """The payer has been named as orderer: ask once more, with the new name.

    The domestic family asks with the declaration, which is therefore made void and new, at every port that
    has heard of the orderer before. Raises as above.
    """
    check = PayerCheck.objects.filter(order_number=order_number, state__in=("renamed", "asked")).first()
    if check is None:
        return
    _tell_anew(check, now)
    rows = PaymentDeclaration.objects.filter(order__number=order_number).select_related("order", "payment")
    for row in rows.exclude(family=SAYS_IT_ITSELF).order_by("id"):
        ask_about_payer(declaration=row, now=now)


def _tell_anew(check: PayerCheck, now: datetime) -> None:
    """The domestic family hears of the orderer as they are now; what it said before is of somebody else.

    One transaction: until it is over nobody listens, after it nothing of the old is left to hear.
    """
    with tenant(check.storefront_id):
        order = Order.objects.select_for_update().get(number=check.order_number)
        check.refresh_from_db()
        mine = PaymentDeclaration.objects.filter(order=order, family=SAYS_IT_ITSELF)
        rows = list(mine.select_for_update().order_by("id"))
        if check.state != "renamed" or not rows:
            return
        for row in rows:
            if row.state in HEARD and row.sent_at is not None:
                amend(row, now=now)
            elif row.state in NOT_HEARD:
                PaymentDeclaration.objects.filter(pk=row.pk).update(round=row.round + 1, match="")
        compliance.ask_payer(check=check, now=now)


def refund_instead(*, order_number: str, now: datetime) -> None:
    """The consumer names nobody and wants the money back: the order ends now, whole.

    A second time it changes nothing. Raises HoldOver where customs has the list, WrongState where payer and
    orderer are one person or that is still being asked.
    """
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=order_number)):
        order = Order.objects.select_for_update().get(number=order_number)
        check = PayerCheck.objects.select_for_update().filter(order_number=order_number).first()
        if check is None or check.state not in ("different", "refunding"):
            raise WrongState(machine=PAYER.name, verb="refund", state=check.state if check else PAYER.start)
        if order.state == "paid" and order.gate != Order.Gate.BEFORE_LIST:
            raise HoldOver()
        compliance.refund_payer(check=check, reason="asked", now=now)
        end_for_payer(order_number=order_number, now=now)


def may_refund_instead(order: Order, check: PayerCheck | None) -> bool:
    """Whether the consumer may have the money back now instead of naming the payer."""
    before = order.state == "paid" and order.gate == Order.Gate.BEFORE_LIST
    return before and check is not None and check.state == "different"


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
    if not all_is_back(refund.payment):
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

"""Where refunds and declaration meet: what waited leaves by the gate, and no list goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.errors import Conflict
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.models import Order
from orders.services.gate import move_gate
from payments.models import Payment, PaymentDeclaration, Refund
from payments.services.declarable import LEAVING, declarable, is_behind
from payments.services.declare import is_declared
from payments.services.refund_follow import free_refunded, no_piece_left
from payments.services.refund_pieces import unnamed
from payments.services.refunds import accept, may_leave, waits_no_more
from payments.states import REFUND


@dataclass(eq=False)
class MoneyLeaving(Conflict):
    """A refund of the order is on its way: what would be declared is not settled yet."""

    code = "refund_leaving"
    title = "A refund of this order is on its way ({numbers}); it cannot be declared until that has ended."
    title_zh = "该订单有退款正在进行（{numbers}），完成前不能申报。"
    numbers: list[str]


class NothingLeft(Conflict):
    """All that was paid, or every piece, has gone back: there is nothing that a list could be of."""

    code = "nothing_left"
    title = "All the money or every piece of this order has gone back; nothing of it can be declared."
    title_zh = "该订单款项或商品已全部退回，无可申报。"


class NotDeclared(Conflict):
    """Customs does not have the payment yet, at one port at least."""

    code = "payment_not_declared"
    title = (
        "Customs does not have this order's payment yet; its list may go once the declaration has succeeded."
    )
    title_zh = "该订单的支付单尚未申报成功，成功后方可申报清单。"


@dataclass(eq=False)
class PiecesNotNamed(Conflict):
    """WeChat Pay gave a part back by itself and nobody has said of which pieces: the sums do not agree."""

    code = "refund_not_named"
    title = "Nobody has said which pieces were refunded by {numbers}: name them, or cancel the order."
    title_zh = "退款 {numbers} 未指定对应商品，须先指定商品或取消订单。"
    numbers: list[str]


class DeclarationBehind(Conflict):
    """A refund has gone back and the payment's declaration does not say so yet."""

    code = "declaration_behind"
    title = "The declaration of this order's payment is being amended after a refund; try again in a moment."
    title_zh = "该订单退款后支付申报尚未更新，请稍后再试。"


def send_to_customs(*, number: str, now: datetime) -> Order:
    """Close the gate for the list of a paid order, as `move_gate` with "send" does; customs has its payment.

    Who declares calls this before the first 621 and no other: under the locks of payment and order a refund
    is either seen here or waits. At every port the payment's declaration must have succeeded with what is
    left of it. Pieces that have gone back are not kept any more: the list closes the gate to who would free
    them by the refund's event, where that comes late.

    Raises MoneyLeaving, NothingLeft, PiecesNotNamed, DeclarationBehind, NotDeclared, WrongState.
    """
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        paid = list(
            Payment.objects.select_for_update(of=("self",)).filter(order__number=number, state="succeeded")
        )
        order = Order.objects.select_for_update().get(number=number)
        demand_settled(order, paid)
        if order.state == "paid" and order.gate == Order.Gate.BEFORE_LIST:
            free_refunded(order=order, now=now)
        return move_gate(number=number, verb="send", now=now)


def demand_settled(order: Order, paid: list[Payment]) -> None:
    """Raise what keeps documents of an order from customs: its money moves, or is not what customs has.

    `paid` are its payments that succeeded; the caller holds them and the order. Raises MoneyLeaving,
    NothingLeft, PiecesNotNamed, DeclarationBehind, NotDeclared.
    """
    leaving = Refund.objects.filter(order=order, state__in=LEAVING).exclude(kind=Refund.Kind.STRAY)
    numbers = list(leaving.order_by("id").values_list("out_refund_no", flat=True))
    if numbers:
        raise MoneyLeaving(numbers=numbers)
    if order.state == "paid" and order.gate == Order.Gate.BEFORE_LIST:
        _declared(order, paid)


def _declared(order: Order, paid: list[Payment]) -> None:
    """Raise what keeps the list from going: nothing is left, or it is not the sum that customs has."""
    if no_piece_left(order) or not any(declarable(payment, order).order_fen for payment in paid):
        raise NothingLeft()
    if numbers := unnamed(order):
        raise PiecesNotNamed(numbers=numbers)
    declared = PaymentDeclaration.objects.filter(order=order).exclude(state="withdrawn")
    if any(is_behind(row, order) for row in declared.select_related("payment")):
        raise DeclarationBehind()
    if not is_declared(order=order):
        raise NotDeclared()


def let_go(*, number: str, now: datetime) -> int:
    """Accept what waited for the gate of an order, the oldest first; returns how many may leave now.

    Locks payment, order. Where the gate is still shut, nothing happens.
    """
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        waiting = Refund.objects.filter(order__number=number, state="requested").order_by("id")
        payments = list(waiting.values_list("payment_id", flat=True))
        if not payments:
            return 0
        list(Payment.objects.select_for_update().filter(pk__in=payments).order_by("pk"))
        order = Order.objects.select_for_update().get(number=number)
        free = [one for one in waiting.select_for_update() if may_leave(order, one.kind)]
        for refund in free:
            accept(refund, now=now)
    return len(free)


def withdraw(*, refund: Refund, by: str, note: str, now: datetime) -> None:
    """Take back the wish while it waits; raises WrongState once it may have left."""
    with tenant(refund.storefront_id):
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.state != "requested":
            raise WrongState(machine="refund", verb="withdraw", state=row.state)
        REFUND.move(row, "withdraw", now=now, facts={"by": by, "note": note})
        waits_no_more(row, now)

"""How much of a payment customs is told of: what was paid, less what was given back, in one sum."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Sum

from orders.models import Order
from payments.models import Payment, PaymentDeclaration, Refund, RefundLine

_TAX = F("duty_fen") + F("vat_fen") + F("excise_fen")
LEAVING = ("accepted", "processing", "abnormal")  # WeChat may have taken it off already, or not yet


@dataclass(frozen=True, slots=True)
class Declarable:
    """The amounts of a declaration, in fen; `leaving` where a refund is on its way and may change them."""

    order_fen: int
    transport_fen: int
    product_fen: int
    duty_fen: int
    leaving: bool

    @property
    def columns(self) -> dict[str, int]:
        """As the columns of a declaration."""
        names = ("order_fen", "transport_fen", "product_fen", "duty_fen")
        return {name: getattr(self, name) for name in names}


def declarable(payment: Payment, order: Order) -> Declarable:
    """What is left to declare of `payment`, now; read under the lock of its order."""
    refunds = Refund.objects.filter(payment=payment)
    back = refunds.filter(state="succeeded").aggregate(amount=Sum("amount_fen", default=0))["amount"]
    lines = RefundLine.objects.filter(refund__payment=payment, refund__state="succeeded")
    shares = lines.aggregate(freight=Sum("freight_fen", default=0), tax=Sum(_TAX, default=0))
    order_fen = max(0, payment.amount_fen - back)
    transport_fen = min(max(0, order.freight_fen - shares["freight"]), order_fen)
    return Declarable(
        order_fen=order_fen,
        transport_fen=transport_fen,
        product_fen=order_fen - transport_fen,
        duty_fen=max(0, order.tax_fen - shares["tax"]),
        leaving=refunds.filter(state__in=LEAVING).exists(),
    )


def is_behind(row: PaymentDeclaration, order: Order) -> bool:
    """Whether a declaration tells another sum than is left, before the list: it is amended in a moment.

    From the list on it stands, and what goes back stands beside it.
    """
    told = {name: getattr(row, name) for name in ("order_fen", "transport_fen", "product_fen", "duty_fen")}
    return order.gate == Order.Gate.BEFORE_LIST and told != declarable(row.payment, order).columns

"""The payment behind a request of customs, its originals and every order that it paid, opened on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from compliance import vault
from customs.documents.payment_data import Bought, Good, PaymentData, Receiver
from customs.models import DataRequest, Declaration, PortAccount
from customs.services.filing import new_guid
from orders.models import Order, OrderLine
from payments.models import Payment, PaymentDeclaration
from payments.services.originals import Original, open_original
from storefronts.models import LegalParty

WHO, PURPOSE = "customs", "give customs the payment data that it asked for"
Role = LegalParty.Role
# Into whose account the money came: a merchant of WeChat's domestic interface is the platform's, one of the
# global interface the seller's abroad, who may have no number here (recpCode may be blank).
RECEIVER = {"v2": Role.EBP, "v3": Role.EBC}


class NotGiven(Exception):
    """Why nothing is given; `lasting` until a person has mended it, else it is tried again."""

    def __init__(self, trouble: str, *, lasting: bool = True) -> None:
        super().__init__(trouble)
        self.trouble, self.lasting = trouble, lasting


@dataclass(frozen=True, slots=True)
class Found:
    """What is given, of which orders, and by which account it is signed."""

    data: PaymentData
    order: Order
    orders: tuple[Order, ...]
    account: PortAccount


def look_up(row: DataRequest) -> Payment:
    """The payment that customs means, noted with its order. Raises NotGiven.

    The number is that of the payment, which is the order's at customs (customs/services/gather.py).
    """
    payment = Payment.objects.filter(out_trade_no=row.number).select_related("order__key").first()
    order = payment.order if payment else Order.objects.filter(number=row.number).first()
    if order is None:
        raise NotGiven("unknown")
    row.order, row.storefront_id = order, order.storefront_id
    DataRequest.objects.filter(pk=row.pk).update(order=order, storefront_id=order.storefront_id)
    if payment is None:  # asked by the number that consumers see, which customs was never told
        raise NotGiven("own_number")
    return payment


def find(*, session: str, payment: Payment, now: datetime) -> Found:
    """Everything that is given, with a row of access for each original, in the caller's transaction.

    Raises NotGiven before anything is opened.
    """
    order = payment.order
    if payment.state != "succeeded" or payment.succeeded_at is None or not payment.transaction_id:
        raise NotGiven("unpaid")
    told = PaymentDeclaration.objects.filter(payment=payment).exclude(department="").order_by("id").first()
    if told is None:  # WeChat Pay has yet to say who verified the payment
        raise NotGiven("undeclared", lasting=False)
    account = _account(order)
    parties = {one.role: one for one in LegalParty.objects.filter(storefront_id=order.storefront_id)}
    platform, firm, receiver = (parties.get(role) for role in (Role.EBP, Role.PAY, RECEIVER[told.family]))
    if not (platform and firm and receiver and platform.customs_code and firm.customs_code):
        raise NotGiven("no_party")
    orders = paid_by(order)
    original = _original(payment, now)
    data = PaymentData(
        session=session,
        guid=new_guid(),
        request=original.request,
        response=original.response,
        platform_code=platform.customs_code,
        payment_firm_code=firm.customs_code,
        transaction_id=payment.transaction_id,
        amount_fen=payment.amount_fen,
        department=told.department,
        paid_at=payment.succeeded_at,
        receiver=Receiver(payment.mchid, receiver.credit_code, receiver.name),
        orders=tuple(_bought(one) for one in orders),
    )
    return Found(data, order, orders, account)


def paid_by(order: Order) -> tuple[Order, ...]:
    """Every order that the payment of this one paid."""
    same = Order.objects.filter(storefront_id=order.storefront_id, transaction_id=order.transaction_id)
    return tuple(same.select_related("storefront").order_by("id"))


def goods_link(storefront: str, product: str) -> str:
    """Where a good is shown to whoever has no mini-program, as customs has none."""
    return f"{settings.PUBLIC_BASE_URL}/customs/goods/{storefront}/{product}"


def _bought(order: Order) -> Bought:
    lines = OrderLine.objects.filter(order=order).select_related("variant__product").order_by("position")
    code = order.storefront.code
    goods = tuple(Good(line.name_zh, goods_link(code, line.variant.product.code)) for line in lines)
    return Bought(order.out_trade_no, goods)


def _account(order: Order) -> PortAccount:
    """Whose key signs: that of the account by which the order is declared."""
    declared = Declaration.objects.filter(order=order).select_related("account__storefront__key").first()
    account = declared.account if declared else None
    if account is None:
        account = (
            PortAccount.objects.filter(
                storefront_id=order.storefront_id, customs_code=order.warehouse.customs_district, active=True
            )
            .select_related("storefront__key")
            .first()
        )
    if account is None:
        raise NotGiven("no_account")
    if account.machine_refused:
        raise NotGiven("machine_refused", lasting=False)
    return account


def _original(payment: Payment, now: datetime) -> Original:
    try:
        original = open_original(payment=payment, who=WHO, purpose=PURPOSE, now=now)
    except vault.VaultClosed as closed:
        raise NotGiven("unreadable") from closed
    if original is None:
        raise NotGiven("no_original")
    return original

"""What was declared follows what was given back, and a person may send a declaration on its way again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel import events
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.models import Order
from payments.models import Payment, PaymentDeclaration, Refund
from payments.services.declarable import Declarable, declarable
from payments.services.declare import amend
from payments.services.declare_match import may_be_told_again
from payments.services.declare_outcome import locked, settle_cases, withdraw
from payments.states import DECLARATION


def follow_refund(*, out_refund_no: str, now: datetime) -> None:
    """Money has gone back: before the list the declarations are amended to what is left, or withdrawn.

    From the list on nothing is changed: what goes back then stands beside what was declared. Told again it
    changes nothing.
    """
    refund = Refund.objects.select_related("payment").get(out_refund_no=out_refund_no)
    with tenant(refund.storefront_id):
        order = Order.objects.select_for_update().get(pk=refund.order_id)
        if order.gate != Order.Gate.BEFORE_LIST:
            return
        amounts = declarable(refund.payment, order)
        for row in _rows(refund.payment):
            _follow(row, order, amounts, now)


def withdraw_declarations(*, order: Order, now: datetime) -> None:
    """The order has ended before anything was sent to customs: nothing of it is declared any more."""
    with tenant(order.storefront_id):
        Order.objects.select_for_update().get(pk=order.pk)
        for payment in Payment.objects.filter(order=order, state="succeeded"):
            for row in _rows(payment):
                if row.state in DECLARATION.moves["withdraw"]:
                    withdraw(row, now)


def declare_payment_again(*, order: Order, now: datetime) -> int:
    """Customs refused the payment that WeChat Pay told it of: it is made void and told anew; how many ports.

    Before the list alone, and what is on its way to customs already is left to go on. Called by who holds
    the order.
    """
    if order.state != "paid" or order.gate != Order.Gate.BEFORE_LIST:
        return 0
    told = 0
    for payment in Payment.objects.filter(order=order, state="succeeded"):
        for row in _rows(payment):
            if row.state == "succeeded":
                amend(row, now=now)
                _record(row, {"by": "customs"}, now)
                told += 1
    return told


def retry_declaration(*, declaration: PaymentDeclaration, by: str, note: str, now: datetime) -> None:
    """A person has looked: what was held or refused is declared again, what waits is asked about now.

    So is what succeeded and does not say whether the payer is the orderer, as long as that is asked. Where
    WeChat's own coupon paid a part, this is the word that the whole is declared. Settles the cases of the
    declaration; raises WrongState for one that is over.
    """
    with tenant(declaration.storefront_id):
        Order.objects.select_for_update().get(pk=declaration.order_id)
        row = locked(declaration)
        told: dict[str, Any] = {"by": by, "note": note}
        if row.state == "held":
            accepted = row.coupon_accepted or row.trouble == "coupon"
            DECLARATION.move(
                row,
                "release",
                now=now,
                facts=told,
                trouble="",
                tries=0,
                resends=0,
                next_try_at=now,
                coupon_accepted=accepted,
            )
        elif row.state == "failed" or may_be_told_again(row):
            amend(row, now=now)
            _record(row, told, now)
        elif row.state in ("succeeded", "withdrawn"):
            raise WrongState(machine=DECLARATION.name, verb="retry", state=row.state)
        else:
            PaymentDeclaration.objects.filter(pk=row.pk).update(next_try_at=now, tries=0, resends=0)
            _record(row, told, now)
        settle_cases(row, by=by, note=note, now=now)


def _rows(payment: Payment) -> list[PaymentDeclaration]:
    found = PaymentDeclaration.objects.select_for_update(of=("self",)).select_related("order", "payment")
    return list(found.filter(payment=payment).order_by("id"))


def _follow(row: PaymentDeclaration, order: Order, amounts: Declarable, now: datetime) -> None:
    if row.state == "withdrawn":
        return
    if order.state != "paid" or amounts.order_fen <= 0:
        withdraw(row, now)
    elif {name: getattr(row, name) for name in amounts.columns} == amounts.columns:
        return
    elif row.state in ("to_declare", "held", "amending"):
        PaymentDeclaration.objects.filter(pk=row.pk).update(round=row.round + 1, **amounts.columns)
    else:
        amend(row, now=now, amounts=amounts.columns)


def _record(row: PaymentDeclaration, told: dict[str, Any], now: datetime) -> None:
    events.record(
        storefront_id=row.storefront_id,
        name="declaration.retried",
        key=row.event_key,
        facts=told,
        now=now,
    )

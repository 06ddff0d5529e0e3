"""Orders that were paid and entered, with as much evidence as a test wants."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from backend import delivery
from compliance.models import PayerCheck
from orders.models import Order
from payments.models import Payment, Refund
from payments.services.settle import settle
from settlement.accounts import Account
from settlement.models import Entry, Evidence
from settlement.services.enter import Fact, enter
from settlement.services.entries import enter_refund
from settlement.services.evidence import record_evidence
from tests import make
from tests.payments.reports import report_of
from tests.stepping import step

_serial = itertools.count(1)


@step
def paid(world: make.World, *wanted: tuple[str, int]) -> Order:
    """An order that is paid and stands in the books: without evidence, its payer not confirmed."""
    payment = make.payment(make.order(world.alice, *(wanted or (("HD-1", 2), ("IR-1", 1)))))
    report = report_of(payment, transaction_id=f"42000012342026112{next(_serial):011}")
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)
    delivery.drain()
    return Order.objects.get(pk=payment.order_id)


def shown(order: Order, now: datetime = make.NOW) -> None:
    """All the evidence that a settlement rests on."""
    PayerCheck.objects.update_or_create(
        order_number=order.number,
        defaults={"storefront_id": order.storefront_id, "port": "3105", "opened_at": now, "state": "same"},
    )
    for kind in Evidence.Kind:
        record_evidence(order=order, kind=kind, reference=f"{kind}-{order.number}", at=now, now=now)


@step
def ready(world: make.World, *wanted: tuple[str, int]) -> Order:
    """An order that can go into a batch."""
    order = paid(world, *wanted)
    shown(order)
    return order


def charged(order: Order, fen: int) -> None:
    """WeChat Pay's commission on the order; negative where it is given back."""
    enter(
        fact=Fact(
            order.storefront_id,
            Entry.Kind.FEE,
            f"test-fee:{order.number}:{next(_serial)}",
            make.NOW,
            {Account.FEE: fen, Account.WECHAT: -fen},
            order_id=order.pk,
        ),
        now=make.NOW,
    )


def refunded(order: Order, state: str = "succeeded", **parts: Any) -> Refund:
    """A refund of the order; one that succeeded is entered."""
    amount = sum(parts.values()) - 2 * parts.get("discount_fen", 0)
    number = f"R{next(_serial):06}"
    refund = Refund.objects.create(
        storefront=order.storefront,
        payment=Payment.objects.get(order=order, state="succeeded"),
        order=order,
        out_refund_no=number,
        kind=Refund.Kind.GOODWILL if parts.get("other_fen") else Refund.Kind.LINES,
        key=number,
        amount_fen=amount,
        reason="测试",
        state=state,
        asked_by="operator:test",
        refund_id=f"503{number}" if state == "succeeded" else None,
        requested_at=make.NOW,
        succeeded_at=make.NOW if state == "succeeded" else None,
        **parts,
    )
    if state == "succeeded":
        enter_refund(refund=refund, now=make.NOW)
    return refund

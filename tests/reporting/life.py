"""What happens in a shop, each thing at a time of its own, with the events that the services write of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string

from customs.gateways.clearing import Release
from customs.models import Declaration, PortAccount
from customs.services.release import record_held_back, record_release
from kernel import events
from kernel.models import Delivery
from orders.models import Order, Quote
from orders.services.paid import mark_paid
from orders.states import ORDER
from payments.models import Refund
from returns.models import ReturnRequest
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.enter import Fact, enter
from settlement.services.entries import enter_payment, enter_refund
from tests import make
from tests.operators.return_rows import return_row

OURS = "reporting.tasks."


def placed(world: make.World, at: datetime) -> Order:
    """An order of one dryer, quoted ten minutes before."""
    with transaction.atomic():
        order = make.order(world.alice, ("HD-1", 1))
        Order.objects.filter(pk=order.pk).update(placed_at=at)
        Quote.objects.filter(pk=order.quote_id).update(made_at=at - timedelta(minutes=10))
    return Order.objects.get(pk=order.pk)


def paid(order: Order, at: datetime) -> None:
    """Paid and entered in the books."""
    payment = make.payment(order)
    with transaction.atomic():
        type(payment).objects.filter(pk=payment.pk).update(
            state="succeeded",
            succeeded_at=at,
            received_fen=order.total_fen,
            transaction_id=f"42{order.pk:026}",
        )
        payment.refresh_from_db()
        told = {"mchid": payment.mchid, "out_trade_no": payment.out_trade_no}
        mark_paid(order=order, transaction_id=payment.transaction_id, paid_at=at, now=at, **told)
        enter_payment(payment=payment, now=at)


def expired(order: Order, at: datetime) -> None:
    with transaction.atomic():
        ORDER.move(order, "close", now=at, closing_reason="expired")
        ORDER.move(order, "expire", now=at, closed_at=at)


def refunded(order: Order, at: datetime, fen: int) -> None:
    """So much of its goods goes back."""
    number = f"R{order.pk}-{Refund.objects.count()}"
    with transaction.atomic():
        refund = Refund.objects.create(
            storefront=order.storefront,
            payment=order.payments.get(),
            order=order,
            out_refund_no=number,
            kind="lines",
            key=number,
            amount_fen=fen,
            goods_fen=fen,
            reason="测试",
            state="succeeded",
            asked_by="test",
            refund_id=f"5{number}",
            requested_at=at,
            succeeded_at=at,
        )
        _told(order, "refund.succeeded", refund.event_key, at)
        enter_refund(refund=refund, now=at)


def charged(order: Order, at: datetime, fen: int) -> None:
    """WeChat Pay's commission, told by a bill of that day."""
    key = f"fee:{order.pk}:{Entry.objects.count()}"
    amounts = {Account.FEE: fen, Account.WECHAT: -fen}
    enter(fact=Fact(order.storefront_id, Entry.Kind.FEE, key, at, amounts, order_id=order.pk), now=at)


def released(order: Order, at: datetime) -> None:
    """Its list, sent five hours before, is released; what was released before is held back first."""
    row = Declaration.objects.filter(order=order).first()
    with transaction.atomic():
        if row is None:
            row = _declared(order, at)
        else:
            record_held_back(order=order, list_no=row.list_no, now=at)
        Declaration.objects.filter(pk=row.pk).update(released_at=at, listed_at=at - timedelta(hours=5))
        record_release(order=order, release=Release(row.list_no, at), now=at)


def _declared(order: Order, at: datetime) -> Declaration:
    account, _ = PortAccount.objects.get_or_create(
        storefront=order.storefront,
        customs_code="3105",
        defaults={"port_code": "3104", "traffic": "Y", "dxp_id": "DXP", "signer": "machine"},
    )
    return Declaration.objects.create(
        storefront=order.storefront,
        order=order,
        account=account,
        number=order.number,
        state="released",
        list_no=f"31052026I{order.pk:09d}",
        cop_no=f"{order.number}"[-20:],
        released_at=at,
        opened_at=at,
        listed_at=at,
    )


def returned(order: Order, at: datetime) -> None:
    """It is asked back, or what was asked back is settled."""
    row = ReturnRequest.objects.filter(order=order).first()
    with transaction.atomic():
        if row is None:
            row = return_row(order, ReturnRequest.objects.count())
            ReturnRequest.objects.filter(pk=row.pk).update(requested_at=at)
            _told(order, "return.requested", row.event_key, at)
        elif row.settled_at is None:
            ReturnRequest.objects.filter(pk=row.pk).update(settled_at=at)
            _told(order, "return.settled", row.event_key, at)


def happen(world: make.World, orders: list[Order], chance: Random, at: datetime) -> None:
    """One thing that may happen at this time."""
    order = chance.choice(orders) if orders else None
    if order is None or chance.random() < 0.3:
        orders.append(placed(world, at))
        return
    order.refresh_from_db()
    if order.state == "placed":
        chance.choice((paid, paid, expired))(order, at)
    elif order.state == "paid":
        chance.choice(
            (
                lambda: refunded(order, at, chance.randint(1, 400)),
                lambda: charged(order, at, chance.randint(-60, 60) or 1),
                lambda: released(order, at),
                lambda: returned(order, at),
            )
        )()


def hear(delivery: Delivery, *, again: bool = False) -> None:
    """One event reaches reporting; `again`: as if the worker had died before it could say so."""
    with transaction.atomic():
        import_string(delivery.handler)(delivery.event)
        if not again:
            Delivery.objects.filter(pk=delivery.pk).update(done_at=make.NOW)


def unheard() -> list[Delivery]:
    """What has not reached reporting."""
    return list(
        Delivery.objects.filter(handler__startswith=OURS, done_at=None).select_related("event").order_by("id")
    )


def _told(order: Order, name: str, key: str, at: datetime, **facts: Any) -> None:
    events.record(storefront_id=order.storefront_id, name=name, key=key, facts=facts, now=at)

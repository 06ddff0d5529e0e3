"""What tests of returns need: an order paid, cleared and delivered, and what a consumer asks of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from backend import delivery
from customs.models import Declaration, PortAccount
from inventory import services as inventory
from inventory.services import receive, set_on_hand
from logistics.models import Shipment
from logistics.services import shipments
from orders.models import Order
from payments.models import Refund
from payments.services.refund_outcome import take_in
from payments.services.refunds import Wish, request_refund
from returns.models import ReturnPolicy, ReturnRequest
from returns.reasons import Kind
from returns.services.arrive import Found, inspect, lots_of
from returns.services.ask import ask_return, write
from returns.services.decide import say_yes
from returns.services.holding import hold, hold_order
from returns.services.offer import Offer, Wished, make_offer
from returns.services.seen import look
from tests import make, make_stock
from tests.payments.reports import paid, refund_report_of
from tests.stepping import step

RELEASED = make.NOW + timedelta(days=1)
DELIVERED = make.NOW + timedelta(days=4)
LIST_NO = "31052026I000000001"


@step
def bought(world: make.World, *lines: tuple[str, int], **more: Any) -> Order:
    """An order that is paid, of two dryers unless said otherwise; nothing is declared or packed."""
    order = make.order(world.alice, *(lines or (("HD-1", 2),)), **more)
    paid(order)
    order = Order.objects.select_related("customer__subject", "key").get(pk=order.pk)
    shipments.open_shipment(order=order, now=make.NOW)
    return order


def account(world: make.World) -> PortAccount:
    made, _ = PortAccount.objects.get_or_create(
        storefront=world.shop,
        defaults={
            "customs_code": "3105",
            "port_code": "3104",
            "traffic": "Y",
            "dxp_id": "DXPENT0000012345",
            "guarantee_fen": 10_000_000,
            "signer": "machine",
        },
    )
    return made


def cleared(world: make.World, order: Order, at: datetime = RELEASED) -> Declaration:
    """Its list is released; of its documents nothing is kept."""
    Order.objects.filter(pk=order.pk).update(gate="with_customs")
    Order.objects.filter(pk=order.pk).update(gate="after_release")
    return Declaration.objects.create(
        storefront=world.shop,
        order=order,
        account=account(world),
        number=order.number,
        state="released",
        cop_no=f"L{order.pk}",
        list_no=LIST_NO,
        opened_at=make.NOW,
        listed_at=make.NOW,
        accepted_at=make.NOW,
        released_at=at,
    )


def left(order: Order) -> None:
    """Its goods were picked by lot and left the warehouse."""
    inventory.pick(holder=order.event_key, by="op", now=make.NOW)
    inventory.ship(holder=order.event_key, by="op", now=make.NOW)
    Shipment.objects.filter(order=order).update(
        state="handed_over", dispatched_at=make.NOW, handed_over_at=make.NOW
    )


def had(order: Order, at: datetime = DELIVERED) -> None:
    """The consumer has them."""
    Shipment.objects.filter(order=order).update(state="delivered", delivered_at=at)


@step
def delivered(world: make.World, *lines: tuple[str, int], **more: Any) -> Order:
    """Paid, released on RELEASED, delivered on DELIVERED."""
    order = bought(world, *lines, **more)
    cleared(world, order)
    left(order)
    had(order)
    delivery.drain(now=DELIVERED)
    return Order.objects.select_related("customer__subject", "key").get(pk=order.pk)


def policy(world: make.World, **changes: Any) -> ReturnPolicy:
    return ReturnPolicy.objects.create(
        storefront=world.shop, starts_on=make.NOW.date() - timedelta(days=30), **changes
    )


def wish(pieces: int = 1, reason: str = "changed_mind", kind: Kind = Kind.RETURN, **more: Any) -> Wished:
    """So many pieces of the first line."""
    return Wished(kind, reason, more.pop("of", {1: pieces}), **more)


def offered(order: Order, wished: Wished | None = None, at: datetime = DELIVERED) -> Offer:
    return make_offer(seen=look(order=order, now=at), wished=wished or wish())


def asked(
    order: Order, wished: Wished | None = None, at: datetime = DELIVERED, key: str = "k-1", **more: Any
) -> ReturnRequest:
    return ask_return(number=order.number, wished=wished or wish(), key=key, now=at, **more)


def graded(
    row: ReturnRequest, at: datetime, grade: str = "as_new", place: str = "shelf", **more: Any
) -> None:
    """Every piece was found like this."""
    lots = lots_of(row)
    found = [
        Found(
            one.line.position,
            grade,
            place,
            one.quantity,
            None if place == "nowhere" else lots[one.line.position][0].pk,
        )
        for one in row.lines.select_related("line").filter(state="approved")
    ]
    inspect(request=row, found=found, by="op", now=at, **more)


def arrives(refund: Refund | None, at: datetime) -> None:
    """WeChat tells that the money is there."""
    assert refund is not None
    take_in(
        storefront_id=refund.storefront_id,
        mchid=refund.payment.mchid,
        report=refund_report_of(refund, success_time=at),
        source="notification",
        now=at,
    )
    delivery.drain(now=at)


@step
def of_two_lots(world: make.World) -> Order:
    """Delivered, two dryers of two lots, one of each."""
    set_on_hand(warehouse=world.warehouse, variant=world.dryer, on_hand=1, by="test", now=make.NOW)
    filed = make_stock.papers(world.warehouse, world.dryer)
    receive(
        warehouse=world.warehouse,
        variant=world.dryer,
        quantity=1,
        code="B-2",
        by="test",
        now=make.NOW,
        **filed,
    )
    return delivered(world)


def written(
    order: Order, wished: Wished, key: str, at: datetime = DELIVERED, approved: bool = True
) -> ReturnRequest:
    """A request of whatever reason, its pictures being nobody's matter here."""
    with transaction.atomic():
        seen = look(order=hold_order(order.number), now=at)
        row = write(seen, make_offer(seen=seen, wished=wished), key, "", at)
        if approved:
            say_yes(hold(row), by="op", now=at)
    row.refresh_from_db()
    return row


def refunded_all(order: Order) -> None:
    """Somebody refunded every piece by hand."""
    request_refund(
        number=order.number, wish=Wish(), key="all", reason="退款", asked_by="operator:wang", now=DELIVERED
    )

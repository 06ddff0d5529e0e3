"""Celery entry points of orders, and what orders do when an event tells them."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.db.models import Sum

from catalog.services.sold import count_sold
from compliance import services as compliance
from kernel.clock import now
from kernel.models import Event
from orders.models import Order, OrderLine
from orders.services.closing import expire_due
from orders.services.name_orderer import drop_naming, name_orderer
from orders.services.patterns import look_for_patterns


@shared_task
def expire() -> None:
    """Close the orders that were not paid in time."""
    expire_due(now=now())


def count_paid(event: Event) -> None:
    """order.paid: its pieces count as sold; order.cancelled: no longer, where it was paid.

    Delivered once, as adding shares the transaction of the mark, and in this sequence, being one handler.
    """
    assert event.storefront_id is not None
    order = Order.objects.only("pk", "paid_at").get(number=event.key.removeprefix("order:"))
    if order.paid_at is None:
        return
    sold = (
        OrderLine.objects.filter(order=order)
        .order_by()
        .values_list("variant__product_id")
        .annotate(pieces=Sum("quantity"))
    )
    sign = -1 if event.name == "order.cancelled" else 1
    count_sold(storefront_id=event.storefront_id, pieces={product: sign * pieces for product, pieces in sold})


def watch_patterns(event: Event) -> None:
    """order.placed, .paid, .address_mended, .orderer_named: is it like resale, or one purchase in parts?"""
    look_for_patterns(number=event.key.removeprefix("order:"), now=now())


def take_named(event: Event) -> None:
    """naming.verified: the payer whom the consumer named becomes the orderer, where the law allows."""
    name_orderer(order_number=event.key.removeprefix("payer:"), now=now())


def drop_named(event: Event) -> None:
    """order.cancelled, payer.ended: nobody is named for it any more."""
    drop_naming(order_number=event.key.partition(":")[2], now=now())


def open_payer_check(event: Event) -> None:
    """order.paid: before it is declared, it must be known that the payer is the orderer."""
    number = event.key.removeprefix("order:")
    with transaction.atomic():
        # Who cancels it in this instant waits, and then finds the check.
        waited = Order.objects.select_for_update(of=("self",)).select_related("warehouse")
        order = waited.get(number=number)
        if order.state != "paid":
            return  # it was cancelled meanwhile, and is never declared
        compliance.open_payer_check(
            storefront_id=order.storefront_id,
            order_number=order.number,
            port=order.warehouse.customs_district,
            now=now(),
        )


def end_payer_check(event: Event) -> None:
    """order.cancelled: it is never declared, and so nobody asks who paid."""
    compliance.end_payer_check(order_number=event.key.removeprefix("order:"), now=now())

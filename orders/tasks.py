"""Celery entry points of orders, and what orders do when an event tells them."""

from __future__ import annotations

from celery import shared_task
from django.db.models import Sum

from catalog.services.sold import count_sold
from kernel.clock import now
from kernel.models import Event
from orders.models import OrderLine
from orders.services.closing import expire_due


@shared_task
def expire() -> None:
    """Close the orders that were not paid in time."""
    expire_due(now=now())


def count_paid(event: Event) -> None:
    """order.paid: its pieces count as sold. Delivered once, as adding shares the transaction of the mark."""
    assert event.storefront_id is not None
    number = event.key.removeprefix("order:")
    sold = (
        OrderLine.objects.filter(order__number=number)
        .order_by()
        .values_list("variant__product_id")
        .annotate(pieces=Sum("quantity"))
    )
    count_sold(storefront_id=event.storefront_id, pieces=dict(sold))

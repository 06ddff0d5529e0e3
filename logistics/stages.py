"""Where an order stands for its consumer: one word of its own state and its shipment's, by one expression.

It is read and never kept, so that lists, counts and badges cannot differ from the states themselves.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Value, When

from logistics.services.shipments import TO_LEAVE
from orders.models import Order

# over: nobody waits for it any more, neither for money nor for goods.
TO_PAY, TO_SHIP, ON_THE_WAY, RECEIVED, OVER = "to_pay", "to_ship", "on_the_way", "received", "over"
STAGES = (TO_PAY, TO_SHIP, ON_THE_WAY, RECEIVED, OVER)

_STAGE = Case(
    When(state="placed", then=Value(TO_PAY)),
    When(~Q(state="paid"), then=Value(OVER)),
    When(shipment__receipt_at__isnull=False, then=Value(RECEIVED)),
    When(Q(shipment=None) | Q(shipment__state__in=TO_LEAVE), then=Value(TO_SHIP)),
    When(shipment__state__in=["cancelled", "returned"], then=Value(OVER)),
    default=Value(ON_THE_WAY),
    output_field=CharField(),
)


def staged(stage: str = "") -> QuerySet[Any]:
    """Orders with their `stage`, those of one stage where it is named."""
    rows = Order.objects.annotate(stage=_STAGE)
    return rows.filter(stage=stage) if stage else rows


def counts(*, customer_id: int) -> dict[str, int]:
    """How many of a customer's orders are in each stage, in one statement."""
    found = staged().filter(customer_id=customer_id).order_by().values_list("stage").annotate(Count("pk"))
    return dict.fromkeys(STAGES, 0) | dict(found)

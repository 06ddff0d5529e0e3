"""Which warehouse a fact is of: partners hear of their own alone, and know neither orders nor returns."""

from __future__ import annotations

from orders.models import Order
from returns.models import ReturnRequest


def warehouse_of(key: str) -> str:
    """The code of the warehouse of the order or return with this event key; empty where it is of none."""
    kind, _, number = key.partition(":")
    match kind:
        case "order":
            found = Order.objects.filter(number=number).values_list("warehouse__code", flat=True)
        case "return":
            back = ReturnRequest.objects.filter(number=number)
            found = back.values_list("order__warehouse__code", flat=True)
        case _:
            return ""
    return found.first() or ""

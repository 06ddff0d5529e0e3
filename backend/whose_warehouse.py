"""Which warehouse a fact is of: partners hear of their own alone, and know neither orders nor returns."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from orders.models import Order
from returns.models import ReturnRequest


def warehouse_of(key: str) -> str:
    """The code of the warehouse of the order or return with this event key; empty where it is of none."""
    kind, _, number = key.partition(":")
    rows: QuerySet[Any]
    match kind:
        case "order":
            rows, field = Order.objects.filter(number=number), "warehouse__code"
        case "return":
            rows, field = ReturnRequest.objects.filter(number=number), "order__warehouse__code"
        case _:
            return ""
    return rows.values_list(field, flat=True).first() or ""

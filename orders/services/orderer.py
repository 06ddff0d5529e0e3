"""Whom an order is placed for, opened for one purpose, with a row of access for each field."""

from __future__ import annotations

from datetime import datetime

from compliance import vault
from orders import labels
from orders.models import Order


def open_orderer(*, order: Order, key: vault.Key, who: str, purpose: str, now: datetime) -> tuple[str, str]:
    """Name and identity number of the orderer, under the order's unwrapped `key`. Raises vault.Tampered."""
    name, number = vault.open_many_as(
        who=who,
        purpose=purpose,
        storefront_id=order.storefront_id,
        key=key,
        sealed=[
            (labels.BUYER_NAME, order.number, bytes(order.buyer_name_sealed)),
            (labels.BUYER_NUMBER, order.number, bytes(order.buyer_number_sealed)),
        ],
        now=now,
    )
    return name, number

"""Somebody whom a consumer named as the payer of an order, and whom the order was placed for before."""

from __future__ import annotations

from datetime import datetime

from compliance import vault
from customers import labels
from customers.models import NamedPayer
from kernel import ids
from orders import labels as order_labels
from orders.models import FormerOrderer, Order
from tests import make


def naming_rows(order: Order, now: datetime) -> None:
    """One row of each."""
    named, former = ids.uuid7(), ids.uuid7()
    key, order_key = vault.unwrap(order.customer.subject.key), vault.unwrap(order.key)
    NamedPayer.objects.create(
        storefront=order.storefront,
        customer=order.customer,
        order_number=order.number,
        public_id=named,
        name_sealed=key.seal(labels.NAMED_NAME, named, make.NAMES[make.BOB]),
        number_sealed=key.seal(labels.NAMED_NUMBER, named, make.NUMBERS[make.BOB]),
        pair_index=b"i" * 33,
        confirmed_version="1",
        confirmed_hash="0" * 64,
        named_at=now,
    )
    FormerOrderer.objects.create(
        storefront=order.storefront,
        order=order,
        public_id=former,
        name_sealed=order_key.seal(order_labels.FORMER_NAME, former, make.NAMES[make.ALICE]),
        number_sealed=order_key.seal(order_labels.FORMER_NUMBER, former, make.NUMBERS[make.ALICE]),
        replaced_hash="0" * 64,
        replaced_at=now,
    )

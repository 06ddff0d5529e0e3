"""Evidence of a trade is told once and stays: declaration of the payment, waybill, release by customs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kernel import events
from orders.models import Order
from settlement.models import Evidence


def record_evidence(
    *, order: Order, kind: Evidence.Kind, reference: str, at: datetime, now: datetime
) -> bool:
    """Keep that `kind` of evidence came to be for `order` at `at`; False when it was told before.

    `reference` is the number of the declaration, waybill or list, never a person's. Raises ValueError
    without one.
    """
    if not reference.strip():
        raise ValueError(f"{kind} of {order.number} has no reference")
    with transaction.atomic(savepoint=False):
        _, new = Evidence.objects.get_or_create(
            order=order,
            kind=kind,
            reference=reference,
            defaults={"storefront_id": order.storefront_id, "at": at, "told_at": now},
        )
        if new:
            events.record(
                storefront_id=order.storefront_id,
                name="evidence.told",
                key=order.event_key,
                facts={"kind": str(kind), "reference": reference},
                now=now,
            )
    return new

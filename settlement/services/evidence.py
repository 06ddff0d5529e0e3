"""Evidence of a trade is told once and stays: declaration of the payment, waybill, release by customs."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from kernel import events
from kernel.cases import open_case
from logistics.services.shipments import SEVERAL
from orders.models import Order
from settlement.models import Evidence

_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def record_evidence(
    *, order: Order, kind: Evidence.Kind, reference: str, at: datetime, now: datetime
) -> bool:
    """Keep that `kind` of evidence came to be for `order` at `at`; False when it was told before.

    `reference` is the number of the declaration, waybill or list, never a person's. Evidence that contradicts
    is kept too, and a case holds the orders that it names: a second number for one order, one number for two
    orders, a parcel or a release of an order that is not paid. Locks the order, then the number. Raises
    ValueError without a reference.
    """
    if not reference.strip():
        raise ValueError(f"{kind} of {order.number} has no reference")
    with transaction.atomic(savepoint=False):
        state = Order.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=order.pk)
        with connection.cursor() as cursor:
            cursor.execute(_TURN, [f"evidence:{kind}:{reference}"])
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
            _compare(order, state, kind, reference, now)
    return new


def _compare(order: Order, state: str, kind: Evidence.Kind, reference: str, now: datetime) -> None:
    """Put what cannot be true beside what was told before in front of an operator."""
    before = Evidence.objects.filter(order=order, kind=kind).exclude(reference=reference)
    others = Evidence.objects.filter(kind=kind, reference=reference).exclude(order=order)
    facts: dict[str, str] = {}
    several = kind == Evidence.Kind.LOGISTICS and order.trade_mode in SEVERAL  # a waybill each parcel
    if (first := before.order_by("-id").first()) and not several:
        facts["before"] = first.reference
    if state != "paid" and kind != Evidence.Kind.PAYMENT:
        facts["state"] = state
    if other := others.select_related("order").order_by("id").first():
        facts["order"] = other.order.number
    if facts:
        open_case(
            storefront_id=order.storefront_id,
            kind="evidence.contradicts",
            key=order.event_key,
            title="Evidence of a trade contradicts what is known",
            facts={"kind": str(kind), "reference": reference, **facts},
            now=now,
        )

"""What shows that an order was a trade: order, payment, logistics, clearance, each there or missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orders.models import Order
from settlement.models import Evidence


class Proof(StrEnum):
    """The four that a settlement rests on, in the order in which they come."""

    ORDER = "order"
    PAYMENT = "payment"
    LOGISTICS = "logistics"
    CLEARANCE = "clearance"


class Standing(StrEnum):
    """Whether it counts. An older number is kept, and the newest one counts."""

    THERE = "there"
    OLDER = "older"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Shown:
    """One piece of evidence of one order; without a number and an instant where it is missing."""

    order: str
    proof: Proof
    standing: Standing
    reference: str = ""
    at: datetime | None = None


def trade_evidence(*, orders: Iterable[int]) -> list[Shown]:
    """All evidence of these orders (by id), by order and in the order of Proof; two statements.

    The order is evidence once it is paid: it has been agreed and kept as it was.
    """
    found = list(Order.objects.filter(pk__in=list(orders)).order_by("id"))
    told: dict[tuple[int, str], list[Evidence]] = {}
    for one in Evidence.objects.filter(order__in=found).order_by("id"):
        told.setdefault((one.order_id, one.kind), []).append(one)
    shown: list[Shown] = []
    for order in found:
        if order.paid_at is None:
            shown.append(Shown(order.number, Proof.ORDER, Standing.MISSING))
        else:
            shown.append(Shown(order.number, Proof.ORDER, Standing.THERE, order.number, order.placed_at))
        for proof in (Proof.PAYMENT, Proof.LOGISTICS, Proof.CLEARANCE):
            *older, newest = told.get((order.pk, proof), [None])
            shown += [
                Shown(order.number, proof, Standing.OLDER, one.reference, one.at) for one in older if one
            ]
            if newest is None:
                shown.append(Shown(order.number, proof, Standing.MISSING))
            else:
                shown.append(Shown(order.number, proof, Standing.THERE, newest.reference, newest.at))
    return shown

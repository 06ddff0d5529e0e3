"""Goods that customs released and that never left the zone (law.md §8): a return, not a cancelled list.

They are declared as one (625) and are back on the same day; nobody ships them any more, their stock is free.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from customs.models import Declaration
from inventory import services as inventory
from kernel import events
from kernel.cases import open_case
from kernel.clock import shanghai_day
from kernel.tenancy import tenant
from logistics.models import Shipment
from logistics.services import shipments, shipping_info
from orders.given_back import NOTHING
from returns.models import ReturnRequest
from returns.reasons import Kind
from returns.services import at_customs
from returns.services.holding import hold, take_windows
from returns.services.seen import NOT_LEFT, Seen, look

LEFT = "return.left_refunded"


def released(*, order_number: str, now: datetime) -> None:
    """Customs released a list some of whose pieces were given up while it had it: these are a return now.

    What was given up before the list went is not on it.
    """
    listed = (
        Declaration.objects.filter(order__number=order_number).values_list("listed_at", flat=True).first()
    )
    if listed is None:
        return
    given_up = ReturnRequest.objects.filter(
        order__number=order_number,
        kind=Kind.REFUND_ONLY,
        state__in=["refunding", "settled"],
        decided_at__gte=listed,
        return_no="",
    )
    for found in given_up.select_related("order").order_by("pk"):
        with tenant(found.storefront_id):
            keep_here(hold(found), by="system", now=now)


def keep_here(row: ReturnRequest, *, by: str, now: datetime) -> None:
    """Of a held request whose money was asked for: its released pieces stay, and are a return at customs.

    Before the list payments frees them, and while customs has it they wait; done once. What left meanwhile is
    a case.
    """
    seen = look(order=row.order, now=now, but=row.pk)
    if seen.released is None or row.reason != "no_longer_wanted" or row.return_no:
        return
    shipment = Shipment.objects.filter(order=row.order).first()
    if shipment is not None:
        _, shipment = shipments.locked(shipment)
        if shipment.state not in NOT_LEFT:
            _left(row, shipment, now)
            return
    kept = _kept(seen)
    if not any(kept.values()):
        shipments.cancel_shipment(order=row.order, by=by, now=now)
        shipping_info.cancelled(order=row.order, now=now)
    _at_customs(row, seen, by, now)
    freed = inventory.lessen(holder=row.order.event_key, kept=kept, now=now)
    if freed:
        events.record(
            storefront_id=row.storefront_id,
            name="order.lessened",
            key=row.order.event_key,
            facts={"pieces": freed},
            now=now,
        )


def _at_customs(row: ReturnRequest, seen: Seen, by: str, now: datetime) -> None:
    assert seen.released is not None
    take_windows(row, released=seen.released)
    at_customs.arrived(row, on=shanghai_day(now), by=by, now=now)
    row.restorable = bool(row.return_no)
    row.save(update_fields=["restorable"])


def _kept(seen: Seen) -> dict[int, int]:
    """Variant → pieces that are still to be shipped; every variant of the order is named."""
    kept = Counter[int]()
    for line in seen.lines:
        kept[line.variant_id] += max(0, line.quantity - seen.gone.get(line.pk, NOTHING).quantity)
    return dict(kept)


def _left(row: ReturnRequest, shipment: Shipment, now: datetime) -> None:
    open_case(
        storefront_id=row.storefront_id,
        kind=LEFT,
        key=row.event_key,
        title="Pieces that were given up left the zone before customs' release was taken in",
        facts={"order": row.order.number, "return": row.number, "state": shipment.state},
        now=now,
    )

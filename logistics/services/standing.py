"""How far a shipment is, by its parcels: labelled, leaving, gone, with a carrier, and on from there.

The caller holds order and shipment, and has said of each parcel what is known of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from compliance.law import Law
from inventory import services as inventory
from kernel.cases import settle_open
from kernel.clock import shanghai_day
from logistics.models import Parcel, Shipment
from logistics.services import contents, shipping_info
from logistics.states import SHIPMENT
from logistics.vocabulary import VERBS, Code, carriers
from orders.models import Order

PACKED_REFUNDED, LATE, WEIGHT = "shipment.packed_refunded", "shipment.late", "parcel.weight_differs"
ENDED = (Code.LOST, Code.DAMAGED, Code.DELIVERED, Code.RETURNED)  # of several parcels the first one counts
# No silence confirms the receipt of what did not stay delivered.
NOT_DELIVERED: dict[str, Any] = {"delivered_at": None, "receipt_due_at": None}


def advance(*, order: Order, row: Shipment, by: str, now: datetime, scanned: Parcel | None = None) -> None:
    """Say how far a shipment is: labelled, left in part, all of it, or all of it and a carrier has it.

    All has left once each of its parcels has, no picked piece lies outside and none lacks. `scanned` is the
    parcel whose first scan it comes from; where all has left by another word, the shipment goes on to where
    carriers have told before that its parcels are.
    """
    if row.state not in SHIPMENT.moves["hand_over"]:
        return
    live = live_of(row)
    several = not any(one.single for one in live)
    of = {"holder": order.event_key}
    outside = several and bool(inventory.in_hand(**of) or inventory.lacking(**of))
    if row.state == "packing" and live and not outside and all(one.state == "issued" for one in live):
        said = {"order": row.number, "waybill": live[-1].waybill}
        SHIPMENT.move(row, "label", now=now, facts=said)
        settle_open(kinds=[WEIGHT], key=next_box(row)[1], by=by, note="nothing is left to pack", now=now)
    left = [one for one in live if one.left_at is not None]
    if not left:
        return
    facts = {"order": row.number, "by": by}
    if outside or len(left) < len(live):
        if row.state in SHIPMENT.moves["leave"]:
            SHIPMENT.move(row, "leave", now=now, facts=facts)
        return
    seen = [one for one in live if one.scanned_at is not None]
    if seen:
        facts = handover_of(scanned or seen[-1]) | {"order": row.number}
        SHIPMENT.move(row, "hand_over", now=now, facts=facts, handed_over_at=seen[0].scanned_at, late_at=None)
    elif row.state in SHIPMENT.moves["dispatch"]:
        SHIPMENT.move(row, "dispatch", now=now, facts=facts, dispatched_at=now, late_at=None)
    settle_open(kinds=[LATE], key=row.event_key, by=by, note="it has left", now=now)
    told = [one for one in seen if one.latest_at is not None]
    if scanned is None and told:
        stand_by(order=order, row=row, parcel=max(told, key=_told_at), now=now)


def unpacked(*, order: Order, row: Shipment, parcel: Parcel, by: str, now: datetime) -> None:
    """A parcel was cancelled: its pieces lie in none, and a case of refunded ones ends with the last of them.

    Where its pieces are not to be shipped any more, the others are the whole.
    """
    inventory.empty_box(box=parcel.event_key)
    settle_open(kinds=[WEIGHT], key=parcel.event_key, by=by, note="cancelled", now=now)
    if not any(contents.refunded(one, order.event_key) for one in live_of(row)):
        settle_open(kinds=[PACKED_REFUNDED], key=row.event_key, by=by, note="taken out", now=now)
    advance(order=order, row=row, by=by, now=now)


def stand_by(*, order: Order, row: Shipment, parcel: Parcel, now: datetime) -> None:
    """Move a shipment that has left to where its parcels stand, by what was told of this one."""
    live = live_of(row)
    verb = _verb(row, parcel, live)
    if row.handed_over_at is None or verb is None or row.state not in SHIPMENT.moves[verb]:
        return
    assert parcel.latest_at is not None
    changes = NOT_DELIVERED
    if verb == "deliver":
        at = max(one.latest_at for one in live if one.latest == "delivered" and one.latest_at)
        changes = {"delivered_at": at, "receipt_due_at": receipt_due(at)}
    elif row.delivered_at is not None:
        shipping_info.turned(order=order)
    facts = {"order": row.number, "waybill": parcel.waybill, "carrier": carriers()[parcel.carrier].name_zh}
    facts["at"] = parcel.latest_at.isoformat()
    SHIPMENT.move(row, verb, now=now, facts=facts, **changes)


def receipt_due(delivered_at: datetime) -> datetime:
    """When receipt of what was delivered then counts as confirmed."""
    days: int = Law(shanghai_day(delivered_at)).figure("orders/receipt_days")
    return delivered_at + timedelta(days=days)


def handover_of(parcel: Parcel) -> dict[str, str]:
    """What is told of a parcel that a carrier has scanned."""
    assert parcel.scanned_at is not None
    carrier = carriers()[parcel.carrier].name_zh
    return {"waybill": parcel.waybill, "carrier": carrier, "at": parcel.scanned_at.isoformat()}


def live_of(row: Shipment) -> list[Parcel]:
    """Its parcels that were not cancelled, those that were scanned first before the others."""
    return list(Parcel.objects.filter(shipment=row).exclude(state="cancelled").order_by("scanned_at", "id"))


def next_box(row: Shipment) -> tuple[str, str]:
    """The number of the parcel that is packed next, and its key."""
    number = f"{row.number}-{row.parcels.count() + 1}"
    return number, box_key(number)


def box_key(own_number: str) -> str:
    """The key of a parcel, also before there is one."""
    return Parcel(own_number=own_number).event_key


def _told_at(parcel: Parcel) -> datetime:
    assert parcel.latest_at is not None
    return parcel.latest_at


def _verb(row: Shipment, parcel: Parcel, live: Sequence[Parcel]) -> str | None:
    """Where one parcel leads its shipment. Of several it is on its way as long as one is; then one that is
    lost or damaged says more than those that came, and one that came more than those that went back."""
    verb = VERBS.get(Code(parcel.latest)) if parcel.latest else None
    if verb is None or parcel.single:
        return verb
    stand = {one.latest for one in live}
    if stand - set(ENDED):
        return "turn" if row.state == "delivered" else "move"
    return next(VERBS[code] for code in ENDED if code in stand)

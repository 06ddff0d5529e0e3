"""A paid order has one shipment, promised for a day; what is cancelled does not leave.

Each verb locks the order, then its shipment, then the shipment's parcels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from inventory.queries import terms
from kernel import events
from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Missing
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.models import CarrierAccount, Parcel, Shipment
from logistics.services import contents, shipping_info
from logistics.services.standing import (
    LATE,
    NOT_DELIVERED,
    PACKED_REFUNDED,
    WEIGHT,
    advance,
    next_box,
    unpacked,
)
from logistics.states import SHIPMENT, WAYBILL
from orders.models import Order

LEFT_CANCELLED, LEFT_REFUNDED = "shipment.left_cancelled", "shipment.left_refunded"
DECLARED_TAKEN = "shipment.declared_waybill"
SEVERAL = ("0110",)  # general trade: no import list, and so as many parcels as it takes
FAILING, REFUSED, UNANSWERED = (f"waybill.{name}" for name in ("failing", "refused", "unanswered"))
ANSWERED = (FAILING, REFUSED, UNANSWERED)  # what a carrier's answer settles, or that it is asked no more
NOT_LEFT = ("to_pick", "packing", "labelled")
TO_LEAVE = (*NOT_LEFT, "leaving")  # something of it is still here
# What an operator says of a parcel that no tracker says.
FOUND_OUT = {"lose": "lost", "damage": "damaged", "return": "returned", "move": "in_transit"}


class SeveralParcels(Conflict):
    """What became of one of several parcels is said of that one."""

    code = "shipment_several_parcels"
    title = "This order has several parcels; say it of the parcel."
    title_zh = "该订单有多个包裹，请在对应包裹上操作。"


def open_shipment(*, order: Order, now: datetime) -> Shipment | None:
    """The shipment of a paid order, made if there is none; None where the order is not paid any more."""
    with tenant(order.storefront_id):
        order = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        if order.state != "paid":
            return None
        made, new = Shipment.objects.get_or_create(
            order=order,
            defaults={
                "storefront_id": order.storefront_id,
                "warehouse_id": order.warehouse_id,
                "number": order.number,
                "opened_at": now,
                **_promise(order),
            },
        )
        if new:
            events.record(
                storefront_id=order.storefront_id,
                name=f"shipment.{SHIPMENT.start}",
                key=made.event_key,
                facts={"order": order.number},
                now=now,
            )
        return made


def withdraw(*, parcel: Parcel, by: str, now: datetime) -> Parcel:
    """Have the carrier take its waybill back; until it has, the parcel keeps it. Raises WrongState.

    Where customs has an import list that names it, a person must have it changed there: it is a case, and
    nothing of the order leaves under another number before that is settled.
    """
    with tenant(parcel.storefront_id):
        order, shipment = locked(Shipment.objects.get(pk=parcel.shipment_id))
        row = Parcel.objects.select_for_update(of=("self",)).get(pk=parcel.pk)
        if shipment.state not in (*TO_LEAVE, "cancelled") or row.left_at is not None:
            raise WrongState(machine=WAYBILL.name, verb="withdraw", state=shipment.state)
        if row.single and row.waybill and order.state == "paid" and order.gate != Order.Gate.BEFORE_LIST:
            open_case(
                storefront_id=row.storefront_id,
                kind=DECLARED_TAKEN,
                key=shipment.event_key,
                title="The waybill that an import list names is taken back",
                facts={"order": order.number, "waybill": row.waybill},
                now=now,
            )
        if _take_back(row, by, now):
            unpacked(order=order, row=shipment, parcel=row, by=by, now=now)
        return row


def try_again(*, parcel: Parcel, by: str, now: datetime) -> Parcel:
    """Ask the carrier once more for a waybill that it refused, after a mend. Raises WrongState."""
    with tenant(parcel.storefront_id):
        row = Parcel.objects.select_for_update(of=("self",)).get(pk=parcel.pk)
        WAYBILL.move(
            row, "again", now=now, facts={"by": by}, trouble="", hotline="", tries=0, next_try_at=now
        )
        return row


def cancel_shipment(*, order: Order, by: str, now: datetime) -> None:
    """Nothing leaves for a cancelled order; where it has left, a person must look."""
    with tenant(order.storefront_id):
        made = Shipment.objects.filter(order=order).first()
        if made is None:
            return
        order, row = locked(made)
        if row.state == "cancelled":
            return
        if row.state not in NOT_LEFT:
            open_case(
                storefront_id=row.storefront_id,
                kind=LEFT_CANCELLED,
                key=row.event_key,
                title="A cancelled order has left the warehouse",
                facts={"order": row.number, "state": row.state},
                now=now,
            )
        else:
            facts = {"order": row.number, "by": by}
            SHIPMENT.move(row, "cancel", now=now, facts=facts, late_at=None)
        if row.state not in ("leaving", "cancelled"):
            return
        kinds = [LATE, PACKED_REFUNDED, DECLARED_TAKEN]
        settle_open(kinds=kinds, key=row.event_key, by=by, note="cancelled", now=now)
        settle_open(kinds=[WEIGHT], key=next_box(row)[1], by=by, note="cancelled", now=now)
        for parcel in Parcel.objects.select_for_update(of=("self",)).filter(shipment=row).order_by("id"):
            here = parcel.state in ("asked", "issued", "refused") and parcel.left_at is None
            if here and _take_back(parcel, by, now):
                unpacked(order=order, row=row, parcel=parcel, by=by, now=now)
        advance(order=order, row=row, by=by, now=now)  # perhaps what was still here was the rest


def find_out(*, shipment: Shipment, verb: str, by: str, now: datetime) -> Shipment:
    """What an operator learnt of a parcel from the carrier: lost, damaged, returned, or found again.

    Of several parcels it is said of one (`tracking.find_out_parcel`). Raises WrongState, SeveralParcels.
    """
    if verb not in FOUND_OUT:
        raise Missing()
    with tenant(shipment.storefront_id):
        order, row = locked(shipment)
        if row.parcels.filter(single=False).exclude(state="cancelled").exists():
            raise SeveralParcels()
        if verb == "move" and row.handed_over_at is None:  # what no carrier had is found by its scan
            raise WrongState(machine=SHIPMENT.name, verb=verb, state=row.state)
        SHIPMENT.move(row, verb, now=now, facts={"order": row.number, "by": by}, **NOT_DELIVERED)
        shipping_info.turned(order=order)
        return row


def locked(shipment: Shipment) -> tuple[Order, Shipment]:
    """The order and its shipment as they are now, locked in this order."""
    order = Order.objects.select_for_update(no_key=True).get(pk=shipment.order_id)
    return order, Shipment.objects.select_for_update(of=("self",)).get(pk=shipment.pk)


def account_of(storefront_id: int, provider: str) -> CarrierAccount | None:
    """The storefront's active account at a provider."""
    return (
        CarrierAccount.objects.select_related("storefront__key")
        .filter(storefront_id=storefront_id, provider=provider, active=True)
        .first()
    )


def look_at_parcel(*, order: Order, now: datetime, left: Mapping[str, int] | None = None) -> None:
    """Pieces of the order are not to be shipped any more: where a parcel has them already, a person must
    take them out; from one that has `left` (SKU → pieces) before customs is told what is in it."""
    with tenant(order.storefront_id):
        made = Shipment.objects.filter(order=order).first()
        if made is None:
            return
        order, row = locked(made)
        too_many: Counter[str] = Counter()
        theirs: list[str] = []
        for parcel in row.parcels.exclude(state="cancelled").order_by("id"):
            if over := contents.refunded(parcel, order.event_key):
                too_many += over
                theirs.append(parcel.own_number)
        if too_many:
            facts = {"pieces": _said(too_many), "parcels": " ".join(theirs)}
            _too_many(row, PACKED_REFUNDED, "A parcel has pieces that were refunded", facts, now)
        if left and order.trade_mode not in SEVERAL:  # of general trade there is no list to wait for them
            facts = {"pieces": _said(left)}
            _too_many(row, LEFT_REFUNDED, "A parcel left with pieces that were then refunded", facts, now)
        advance(order=order, row=row, by="system", now=now)


def _said(pieces: Mapping[str, int]) -> str:
    return " ".join(f"{sku}×{number}" for sku, number in sorted(pieces.items()))


def _too_many(row: Shipment, kind: str, title: str, facts: Mapping[str, str], now: datetime) -> None:
    facts = {"order": row.number, "state": row.state, **facts}
    open_case(
        storefront_id=row.storefront_id, kind=kind, key=row.event_key, title=title, facts=facts, now=now
    )


def _promise(order: Order) -> dict[str, Any]:
    """By which day what was paid leaves, by its warehouse's calendar, and when that day is over there."""
    if order.paid_at is None:
        return {}
    day = shanghai_day(order.paid_at) - timedelta(days=1)  # it may be yesterday where the warehouse is
    calendar = terms(warehouse_ids=[order.warehouse_id], day=day)[order.warehouse_id].calendar
    ship_by = calendar.ship_by(order.paid_at)
    if ship_by is None:
        return {}
    over = datetime.combine(ship_by + timedelta(days=1), time(), calendar.zone)
    return {"ship_by": ship_by, "late_at": over}


def _take_back(parcel: Parcel, by: str, now: datetime) -> bool:
    """What no carrier can have is gone at once, which is True; else the carrier is told to take it back."""
    facts = {"by": by, "waybill": parcel.waybill}
    WAYBILL.move(parcel, "withdraw", now=now, facts=facts, tries=0, next_try_at=now)
    if parcel.sent_at is None:
        WAYBILL.move(parcel, "cancel", now=now, facts=facts, next_try_at=None)
        settle_open(kinds=ANSWERED, key=parcel.event_key, by=by, note="cancelled", now=now)
    return parcel.state == "cancelled"

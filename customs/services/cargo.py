"""On which bill an order's parcel comes in (9610), and what its list waits for: the bill, then the entry."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from customs.models import ConsignedParcel, Consignment, Declaration, WarehouseEntry
from customs.states import DECLARATION
from customs.steps import REFUSED, STANDS, is_error
from orders.models import Order

DIRECT = "9610"
# Of a declaration in any other state customs has, or had, a list that names the bill.
UNTOLD = ("waiting", "documents", "blocked", "rejected", "ended", "cancelled")
assert {*UNTOLD} < {*DECLARATION.states}
BILL, ENTRY = "consignment", "entry"


def on_its_bill(order: Order) -> ConsignedParcel | None:
    """The parcel of an order on the consignment that brings it; None while it is on none."""
    return (
        ConsignedParcel.objects.filter(parcel__shipment__order=order, taken_off_at=None)
        .select_related("consignment")
        .first()
    )


def awaited(order: Order) -> str:
    """What the list of direct mail waits for: a consignment on its way, then its entry; "" for nothing."""
    if order.trade_mode != DIRECT:
        return ""
    placed = on_its_bill(order)
    if placed is None or placed.consignment.state != "closed":
        return BILL
    return "" if placed.waybill in entered(placed.consignment) else ENTRY


def hold(order: Order) -> None:
    """Hold the consignment of an order until its list is on its way: nobody corrects it meanwhile."""
    if order.trade_mode == DIRECT and (placed := on_its_bill(order)):
        Consignment.objects.select_for_update(no_key=True).get(pk=placed.consignment_id)


def entries_of(consignment: Consignment) -> QuerySet[WarehouseEntry]:
    """What the site told of this bill, voyage and means of transport: all three, as customs asks."""
    return WarehouseEntry.objects.filter(
        storefront_id=consignment.storefront_id,
        bill_no=consignment.bill_no,
        voyage_no=consignment.voyage_no,
        traffic_no=consignment.traffic_no,
    )


def consignments_of(entry: WarehouseEntry) -> QuerySet[Consignment]:
    """The consignment that an entry is of, if any."""
    return Consignment.objects.filter(
        storefront_id=entry.storefront_id,
        bill_no=entry.bill_no,
        voyage_no=entry.voyage_no,
        traffic_no=entry.traffic_no,
    ).exclude(state="dropped")


def entered(consignment: Consignment) -> set[str]:
    """The waybills of entries that stand at customs."""
    return waybills_in(entries_of(consignment).filter(status__in=STANDS))


def waybills_in(entries: Iterable[WarehouseEntry]) -> set[str]:
    """Every waybill that one of these entries names."""
    return {number for entry in entries for number in entry.waybills}


def refused(entry: WarehouseEntry) -> bool:
    """Whether customs refused the entry, or failed over it."""
    return entry.status == REFUSED or is_error(entry.status)


def on_it(consignment: Consignment) -> QuerySet[ConsignedParcel]:
    """The parcels that are on a consignment."""
    return ConsignedParcel.objects.filter(consignment=consignment, taken_off_at=None)


def is_told(**parcels: object) -> bool:
    """Whether a list at customs names the consignment of one of these parcels."""
    rows = ConsignedParcel.objects.filter(Q(**parcels), taken_off_at=None)
    declared = Declaration.objects.filter(order__shipment__parcels__in=rows.values("parcel"))
    return declared.exclude(state__in=UNTOLD).exists()

"""What doors ask: whose pushes come to which address, and where an order's parcels are."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import date, datetime

from kernel.errors import Missing
from kernel.models import Case, Event
from kernel.tenancy import everything
from logistics.arrival import Arrival, Seen, arrival
from logistics.models import CarrierAccount, Parcel, ParcelLine, Shipment, TrackingEvent
from logistics.services.accounts import credential
from logistics.services.receipt import may_confirm
from logistics.services.shipments import LEFT_REFUNDED
from logistics.vocabulary import Carrier, Code, carriers
from orders.models import Order, OrderLine

KEPT_SECONDS = 5.0
_kept: dict[str, tuple[float, TrackingDoor]] = {}
_reading = threading.Lock()


@dataclass(frozen=True, slots=True)
class TrackingDoor:
    """Whose pushes come, and the salt that signs them."""

    storefront_id: int
    salt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Point:
    """One thing on a parcel's way."""

    at: datetime
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """So many pieces of one SKU in a parcel."""

    sku: str
    name: str
    name_zh: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ParcelSeen:
    """A parcel as its consumer sees it, the newest point first."""

    carrier: Carrier
    waybill: str
    latest: str
    arrival: Arrival | None
    handed_over_at: datetime | None
    delivered_at: datetime | None
    pieces: tuple[Piece, ...]
    way: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class OrderOnItsWay:
    """Where an order's goods are; `state` is that of its shipment, "" before there is one."""

    state: str = ""
    receipt_due_at: datetime | None = None
    receipt_at: datetime | None = None
    receipt_by: str = ""
    may_confirm: bool = False
    parcels: tuple[ParcelSeen, ...] = ()


def tracking_door(code: str) -> TrackingDoor:
    """The storefront's door for pushes; kept some seconds in process. Raises Missing."""
    held = _kept.get(code)
    if held is not None and held[0] > time.monotonic():
        return held[1]
    with _reading:
        with everything():  # it is the code that tells who is meant
            row = (
                CarrierAccount.objects.select_related("storefront__key")
                .filter(storefront__code=code, provider=CarrierAccount.Provider.KUAIDI100)
                .order_by("-active", "-id")
                .first()
            )
        if row is None:
            raise Missing()
        door = TrackingDoor(row.storefront_id, credential(row).salt)
        _kept[code] = (time.monotonic() + KEPT_SECONDS, door)
        return door


def has_carrier(storefront_id: int) -> bool:
    """Whether a carrier's own account tells of this storefront's parcels."""
    held = CarrierAccount.objects.filter(storefront_id=storefront_id, active=True)
    return held.filter(provider=CarrierAccount.Provider.SF).exists()


def forget_kept() -> None:
    """Drop what is kept in this process: between tests."""
    _kept.clear()


def ship_by(order: Order) -> date | None:
    """By which day an order leaves: promised from the hour of its payment, and before by its quote."""
    promised = Shipment.objects.filter(order=order).values_list("ship_by", flat=True).first()
    return promised or order.quote.ship_by


def refunded_inside(order: Order) -> bool:
    """Whether a parcel that has left may have pieces that were refunded since: until a person has settled
    the case, which comes by event, nobody can say what customs is to be told of it."""
    cases = Case.objects.filter(kind=LEFT_REFUNDED, key=order.event_key)
    if cases.filter(state=Case.State.OPEN).exists():
        return True
    told = Event.objects.filter(key=order.event_key, name="order.lessened").order_by("-id").first()
    if told is None or not told.facts.get("left"):
        return False
    return not cases.filter(settled_at__gte=told.at).exists()


def on_its_way(order: Order, now: datetime) -> OrderOnItsWay:
    """Where an order's goods are: its parcels that have a waybill, in the order in which they were packed.

    Four statements however many parcels there are.
    """
    shipment = Shipment.objects.filter(order=order).first()
    if shipment is None:
        return OrderOnItsWay()
    rows = list(
        Parcel.objects.filter(shipment=shipment, state__in=("issued", "withdrawing"))
        .exclude(waybill="")
        .order_by("id")
    )
    ways: dict[int, list[Point]] = {row.pk: [] for row in rows}
    held: dict[int, dict[OrderLine, int]] = {row.pk: {} for row in rows}
    if rows:
        for told in TrackingEvent.objects.filter(parcel__in=rows).order_by("-at", "-id"):
            ways[told.parcel_id].append(Point(told.at, told.code, told.text))
        lines = ParcelLine.objects.filter(parcel__in=rows).select_related("line").order_by("line__position")
        for one in lines:  # of several lots there are several
            within = held[one.parcel_id]
            within[one.line] = within.get(one.line, 0) + one.quantity
    return OrderOnItsWay(
        state=shipment.state,
        receipt_due_at=None if shipment.receipt_at else shipment.receipt_due_at,
        receipt_at=shipment.receipt_at,
        receipt_by=shipment.receipt_by,
        may_confirm=order.state == "paid" and may_confirm(shipment),
        parcels=tuple(
            ParcelSeen(
                carrier=carriers()[row.carrier],
                waybill=row.waybill,
                latest=row.latest,
                arrival=_arrival(row, shipment, order.trade_mode, ways[row.pk], now),
                handed_over_at=row.scanned_at,
                delivered_at=row.latest_at if row.latest == Code.DELIVERED else None,
                pieces=tuple(
                    Piece(line.sku, line.name, line.name_zh, number) for line, number in held[row.pk].items()
                ),
                way=tuple(ways[row.pk]),
            )
            for row in rows
        ),
    )


def _arrival(
    row: Parcel, shipment: Shipment, trade_mode: str, way: list[Point], now: datetime
) -> Arrival | None:
    if shipment.receipt_at is not None or shipment.state in ("delivered", "cancelled"):
        return None
    cleared = [point.at for point in way if point.code == Code.CLEARED]
    seen = Seen(
        issued_at=row.issued_at or row.asked_at,
        scanned_at=row.scanned_at,
        latest=row.latest,
        latest_at=row.latest_at,
        cleared_at=min(cleared, default=None),
        named=row.expected_on,
    )
    return arrival(seen=seen, carrier=carriers()[row.carrier], trade_mode=trade_mode, now=now)

"""What doors ask: whose pushes come to which address, and where an order's parcels are."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import date, datetime

from kernel.errors import Missing
from logistics.models import CarrierAccount, Parcel, TrackingEvent
from logistics.services.accounts import credential
from logistics.vocabulary import Carrier, carriers
from orders.models import Order

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
class ParcelSeen:
    """A parcel as its consumer sees it, the newest point first."""

    carrier: Carrier
    waybill: str
    state: str
    expected_on: date | None
    handed_over_at: datetime | None
    delivered_at: datetime | None
    way: tuple[Point, ...]


def tracking_door(code: str) -> TrackingDoor:
    """The storefront's door for pushes; kept some seconds in process. Raises Missing."""
    held = _kept.get(code)
    if held is not None and held[0] > time.monotonic():
        return held[1]
    with _reading:
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


def parcels_of(order: Order) -> list[ParcelSeen]:
    """The parcels of an order that have a waybill, in two statements."""
    rows = list(
        Parcel.objects.filter(shipment__order=order, state__in=("issued", "withdrawing"))
        .exclude(waybill="")
        .select_related("shipment")
        .order_by("id")
    )
    told: dict[int, list[Point]] = {row.pk: [] for row in rows}
    if rows:
        for event in TrackingEvent.objects.filter(parcel__in=rows).order_by("-at", "-id"):
            told[event.parcel_id].append(Point(event.at, event.code, event.text))
    return [
        ParcelSeen(
            carrier=carriers()[row.carrier],
            waybill=row.waybill,
            state=row.shipment.state,
            expected_on=None if row.shipment.delivered_at else row.expected_on,
            handed_over_at=row.scanned_at,
            delivered_at=row.shipment.delivered_at,
            way=tuple(told[row.pk]),
        )
        for row in rows
    ]

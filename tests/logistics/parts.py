"""What tests of goods in several parcels need: a part that is packed, its waybill, a scan, the books."""

from __future__ import annotations

from datetime import timedelta

from inventory import services as inventory
from inventory.models import Reservation, Stock
from kernel.models import Event
from logistics.gateways.tracking import Report, Told
from logistics.models import Parcel, Shipment
from logistics.services import packing, shipments, tracking
from logistics.vocabulary import Code
from orders.models import Order
from tests.logistics.shipping import LATER

HOUR = timedelta(hours=1)


def pack(shipment: Shipment, pieces: dict[str, int] | None, nth: int) -> Parcel:
    return packing.pack(
        shipment=Shipment.objects.get(pk=shipment.pk),
        carrier="SF",
        by="mei",
        now=LATER,
        pieces=pieces,
        nth=nth,
    )


def issue(parcel: Parcel) -> None:
    number, weight = parcel.own_number[-1], parcel.expected_g
    Parcel.objects.filter(pk=parcel.pk).update(
        state="issued", waybill=f"SF{number}", issued_at=LATER, sent_at=LATER, weighed_g=weight
    )


def scan(parcel: Parcel, code: Code = Code.PICKED_UP, hours: int = 0) -> None:
    told = (Told(at=LATER + hours * HOUR, code=code, raw_code="", text=code.value),)
    report = Report(provider="kuaidi100", carrier="SF", waybill=parcel.waybill, told=told)
    tracking.take_in_tracking(
        storefront_id=parcel.storefront_id, report=report, now=LATER + timedelta(days=1)
    )


def balances() -> list[tuple[str, int, int]]:
    rows = Stock.objects.filter(variant__sku__in=["HD-1", "IR-1"]).order_by("variant__sku")
    return list(rows.values_list("variant__sku", "on_hand", "reserved"))


def reservations() -> list[tuple[int, int, str]]:
    return list(
        Reservation.objects.order_by("stock__variant__sku").values_list("quantity", "shipped", "state")
    )


def handovers() -> list[str]:
    told = Event.objects.filter(name="shipment.handed_over").order_by("id")
    return [event.facts["waybill"] for event in told]


def state() -> str:
    return Shipment.objects.get().state


def lessen(order: Order, **kept: int) -> int:
    """Refund the dryers and irons beyond these."""
    variants = {line.sku: line.variant_id for line in order.lines.all()}
    pieces = {variants["HD-1"]: kept["HD"], variants["IR-1"]: kept["IR"]}
    freed = inventory.lessen(holder=order.event_key, kept=pieces, now=LATER)
    shipments.look_at_parcel(order=order, now=LATER)
    return freed

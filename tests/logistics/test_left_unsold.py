"""What a carrier has is not sold a second time, though its pieces had come back by the books."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory import services as inventory
from inventory.models import Stock
from inventory.services.repair import differences
from kernel.models import Case
from logistics.gateways.tracking import Report, Told
from logistics.gateways.waybills import CarrierRefused
from logistics.models import Parcel, Shipment
from logistics.queries import refunded_inside
from logistics.services import shipments, tracking, watching, waybills
from logistics.vocabulary import Code
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def scan(parcel: Parcel, code: Code = Code.PICKED_UP, hours: int = 1) -> None:
    told = (Told(LATER + hours * HOUR, code, "", code.value),)
    report = Report("kuaidi100", "SF", parcel.waybill, told)
    tracking.take_in_tracking(
        storefront_id=parcel.storefront_id, report=report, now=LATER + timedelta(days=2)
    )


def dryers() -> dict[str, int]:
    return Stock.objects.values("on_hand", "reserved", "quarantined").get(variant__sku="HD-1")


def facts(kind: str) -> dict:
    return Case.objects.get(kind=kind, state="open").facts


@pytest.fixture
@step
def labelled(world):
    """A parcel with two dryers of a hundred, on the table with its label."""
    shipping.sf(world.shop)
    return shipping.labelled(world, ("HD-1", 2))


def test_a_piece_refunded_before_the_scan_is_outside_and_not_for_sale(world, labelled):
    order = Order.objects.get()
    inventory.lessen(holder=order.event_key, kept={world.dryer.pk: 1}, now=LATER)
    shipments.look_at_parcel(order=order, now=LATER)
    scan(labelled)
    scan(labelled, Code.IN_TRANSIT, 3)
    assert dryers() == {"on_hand": 99, "reserved": 0, "quarantined": 1}
    assert facts("shipment.left_refunded") == {
        "order": order.number,
        "parcels": labelled.waybill,
        "pieces": 1,
    }
    assert refunded_inside(order)
    assert not Case.objects.filter(kind="shipment.packed_refunded", state="open").exists()
    assert differences() == []


def test_a_cancelled_order_that_the_carrier_took_all_the_same_is_not_for_sale(labelled):
    Parcel.objects.update(sent_at=LATER)
    order = Order.objects.get()
    cancel_paid(number=order.number, by="operator", now=LATER, within_hold=False)
    shipments.cancel_shipment(order=order, by="operator", now=LATER)
    row = Parcel.objects.select_related("shipment").get()
    refusal = CarrierRefused(why="on its way", number="8252")
    waybills._refused(waybills.Attempt(row, None, None, True), refusal, LATER)
    assert dryers() == {"on_hand": 100, "reserved": 0, "quarantined": 0}
    for hours, code in ((1, Code.PICKED_UP), (5, Code.IN_TRANSIT), (30, Code.DELIVERED)):
        scan(labelled, code, hours)
    assert dryers() == {"on_hand": 100, "reserved": 0, "quarantined": 2}
    assert facts("shipment.left_cancelled")["pieces"] == 2
    assert Shipment.objects.get().state == "cancelled"


def test_what_is_picked_for_others_meanwhile_is_not_taken_from_them(world, labelled):
    order = Order.objects.get()
    inventory.lessen(holder=order.event_key, kept={world.dryer.pk: 1}, now=LATER)
    wanted = [(world.dryer.pk, 99)]
    inventory.reserve(warehouse_id=world.warehouse.pk, wanted=wanted, holder="order:2", now=LATER)
    inventory.pick(holder="order:2", by="picker", now=LATER)
    scan(labelled)
    assert dryers() == {"on_hand": 99, "reserved": 99, "quarantined": 0}
    assert facts("shipment.left_refunded")["pieces"] == 1


def test_a_parcel_that_holds_what_was_ordered_leaves_as_ever(labelled):
    scan(labelled)
    assert dryers() == {"on_hand": 98, "reserved": 0, "quarantined": 0}
    assert not Case.objects.filter(state="open", kind__startswith="shipment.left").exists()


def test_one_of_several_parcels_that_left_and_no_carrier_scanned_is_told(world, labelled):
    """Its shipment has not left as a whole, and says nothing of the day."""
    Parcel.objects.update(left_at=LATER, issued_at=LATER)
    Shipment.objects.update(dispatched_at=None)
    watching._mind_silence(labelled, LATER + timedelta(days=3))
    assert Case.objects.filter(kind=watching.NOT_SCANNED, state="open").count() == 1


def test_a_carrier_learns_of_no_receiver_of_an_order_that_is_cancelled_already(labelled):
    Parcel.objects.update(state="asked", waybill="", sent_at=None)
    order = Order.objects.get()
    cancel_paid(number=order.number, by="consumer", now=LATER, within_hold=False)
    assert waybills._attempt(labelled, LATER) is None
    assert Parcel.objects.get().sent_at is None

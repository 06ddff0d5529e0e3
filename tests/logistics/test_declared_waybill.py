"""Customs' list names one waybill: under another number nothing leaves before a person has had it changed."""

from __future__ import annotations

import pytest

from customs.gateways.clearing import Release
from customs.services.release import record_release
from kernel.cases import settle_case
from kernel.models import Case
from logistics.gateways.waybills import CarrierRefused
from logistics.models import Parcel, Shipment
from logistics.services import leaving, packing, shipments, waybills
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def parcel(world) -> Parcel:
    shipping.sf(world.shop)
    return shipping.labelled(world, ("HD-1", 2))


def listed() -> None:
    Order.objects.update(gate="with_customs")


def cases() -> list[tuple[str, str, str]]:
    rows = Case.objects.filter(kind="shipment.declared_waybill").order_by("pk")
    return [(row.state, row.note, row.facts["waybill"]) for row in rows]


def sent(parcel: Parcel) -> Parcel:
    Parcel.objects.filter(pk=parcel.pk).update(sent_at=LATER)
    return Parcel.objects.get(pk=parcel.pk)


def test_after_the_list_was_sent_another_waybill_leaves_once_a_person_has_seen_to_it(parcel):
    listed()
    shipments.withdraw(parcel=sent(parcel), by="mei", now=LATER)
    assert cases() == [("open", "", parcel.waybill)]
    waybills._take_in(parcel, None, LATER)  # the carrier has taken it back
    again = packing.pack(
        shipment=Shipment.objects.get(), carrier="SF", by="mei", now=LATER, weight_g=parcel.weighed_g
    )
    Parcel.objects.filter(pk=again.pk).update(state="issued", waybill="SF2", issued_at=LATER)
    Shipment.objects.update(state="labelled")
    order = Order.objects.get()
    record_release(order=order, release=Release("310520261I000001", LATER), now=LATER)
    with pytest.raises(leaving.NotDeclared):
        leaving.dispatch(shipment=Shipment.objects.get(), by="mei", now=LATER)
    settle_case(case=Case.objects.get(state="open"), by="ben", note="changed at the port", now=LATER)
    assert leaving.dispatch(shipment=Shipment.objects.get(), by="mei", now=LATER).state == "dispatched"


def test_before_the_list_a_waybill_is_taken_back_without_a_case(parcel):
    shipments.withdraw(parcel=sent(parcel), by="mei", now=LATER)
    assert cases() == []


def test_what_the_carrier_does_not_take_back_stands_on_the_list_as_before(parcel):
    listed()
    row = sent(parcel)
    shipments.withdraw(parcel=row, by="mei", now=LATER)
    row.refresh_from_db()
    refusal = CarrierRefused(why="on its way", number="8252")
    waybills._refused(waybills.Attempt(row, None, None, True), refusal, LATER)
    assert cases() == [("settled", "kept", parcel.waybill)]


def test_of_an_order_that_is_cancelled_nobody_has_anything_to_change(parcel):
    listed()
    shipments.withdraw(parcel=sent(parcel), by="mei", now=LATER)
    Order.objects.update(gate="before_list")  # the list was given back
    cancel_paid(number=parcel.shipment.number, by="op", now=LATER, within_hold=False)
    shipments.cancel_shipment(order=Order.objects.get(), by="op", now=LATER)
    assert cases() == [("settled", "cancelled", parcel.waybill)]

"""A consumer mends the address while its parcel is begun: the parcel goes where the order says."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from compliance import vault
from customers.services.addresses import AddressText
from kernel.models import Event
from logistics.models import Parcel, Shipment
from logistics.services import packing
from logistics.services.receiver import receiver_for_carrier
from orders import labels
from orders.models import Order
from orders.services.cancel_paid import cancel_paid, hold_ends_at
from orders.services.mend_address import AddressNotPaid, AddressTooLate, mend_address
from tests import make
from tests.logistics import shipping
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THERE = AddressText("陈小明", "13612345678", "330106", "文三路 90 号 2 幢")


@pytest.fixture
def shipment() -> Shipment:
    world = make.world()
    shipping.sf(world.shop)
    return shipping.shipment(world, ("HD-1", 2))


@pytest.fixture
def ends(shipment):
    found = hold_ends_at(shipment.order)
    assert found is not None
    return found


def mend(shipment, now):
    return mend_address(number=shipment.number, text=THERE, by="consumer", now=now)


def told(shipment):
    """What a carrier is told of the receiver."""
    place = receiver_for_carrier(order=Order.objects.get(pk=shipment.order_id), carrier="SF", now=make.NOW)
    return place.street


def test_with_the_guard_off_the_address_changes_under_a_label_that_is_being_made(shipment, ends):
    looked, packed = threading.Event(), threading.Event()
    streets = []

    def naive():
        order = Order.objects.select_related("key").get(pk=shipment.order_id)
        assert ends == hold_ends_at(order)  # in time, by a clock of the hold's last second
        looked.set()
        assert packed.wait(timeout=20)
        street = vault.unwrap(order.key).seal(labels.CONSIGNEE_STREET, order.number, THERE.street)
        Order.objects.filter(pk=order.pk).update(consignee_street_sealed=street)

    def packer():
        assert looked.wait(timeout=20)
        packing.pack(shipment=shipment, carrier="SF", by="mei", now=ends + timedelta(seconds=1))
        with transaction.atomic():
            streets.append(told(shipment))
        packed.set()

    assert at_once([naive, packer]) == [None, None]
    assert (streets, told(shipment)) == (["世纪大道 1 号"], THERE.street)


@pytest.mark.parametrize("_", range(3))
def test_with_the_guard_on_a_begun_parcel_goes_where_the_order_says(shipment, ends, _):
    streets = []

    def packer():
        packing.pack(shipment=shipment, carrier="SF", by="mei", now=ends + timedelta(seconds=1))
        with transaction.atomic():
            streets.append(told(shipment))

    results = at_once([lambda: mend(shipment, ends), packer, lambda: mend(shipment, ends)])
    assert results[1] is None
    refused = [one for one in results if isinstance(one, AddressTooLate)]
    assert len(refused) in (0, 2)
    assert Parcel.objects.count() == 1
    assert Event.objects.filter(name="order.address_mended").count() == (0 if refused else 1)
    assert streets == [told(shipment)] == ["世纪大道 1 号" if refused else THERE.street]


def test_who_waited_for_the_row_while_a_parcel_was_begun_is_too_late(shipment, ends):
    begun = threading.Event()

    def packer():
        with transaction.atomic():
            packing.pack(shipment=shipment, carrier="SF", by="mei", now=ends + timedelta(seconds=1))
            begun.set()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.5)")

    def late():
        assert begun.wait(timeout=20)
        return mend(shipment, ends)

    _, result = at_once([packer, late])
    assert isinstance(result, AddressTooLate)
    assert told(shipment) == "世纪大道 1 号"


def test_against_its_cancellation_the_address_is_mended_before_or_not_at_all(shipment, ends):
    def cancel():
        cancel_paid(number=shipment.number, by="consumer", now=ends)

    results = at_once([lambda: mend(shipment, ends), cancel])
    assert results[1] is None
    mended = Event.objects.filter(name="order.address_mended").count()
    assert mended == (0 if isinstance(results[0], AddressNotPaid) else 1)
    assert Order.objects.get().state == "cancelled"

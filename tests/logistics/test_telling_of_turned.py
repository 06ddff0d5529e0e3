"""What turned back after its delivery is not delivered at WeChat: nobody is reminded to confirm it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from logistics.gateways.tracking import Report, Told
from logistics.models import Shipment
from logistics.services import packing, shipping_info, telling, waybills
from logistics.services.tracking import take_in_tracking
from logistics.vocabulary import Code
from orders.models import Order
from tests.logistics.telling import asked, bought, info, later, left

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(carriers, known) -> Order:
    return bought(carriers, known)


def test_what_turned_back_after_its_delivery_is_not_delivered_at_wechat_and_nobody_is_reminded(
    carriers, order
):
    delivery.drain(now=later(60 * 24))
    parcel = packing.pack(shipment=order.shipment, carrier="SF", by="op", now=later(60 * 24))
    waybills.sweep(now=later(60 * 24))
    parcel.refresh_from_db()
    at = later(60 * 25)

    def tell(code, minutes):
        told = (Told(at + timedelta(minutes=minutes), code, "x", "…"),)
        report = Report("sf", "SF", parcel.waybill, told)
        take_in_tracking(storefront_id=order.storefront_id, report=report, now=at)

    for code, minutes in ((Code.PICKED_UP, 0), (Code.DELIVERED, 9)):
        tell(code, minutes)
        delivery.drain(now=at)
    assert info(order).delivered_at == at + timedelta(minutes=9)
    tell(Code.RETURNING, 19)
    assert info(order).delivered_at is None
    telling.sweep(now=at)
    telling.sweep(now=at + timedelta(hours=1))
    assert (info(order).state, asked(carriers), info(order).reminded_at) == ("told", ["ship_upload"], None)
    tell(Code.DELIVERED, 29)  # signed for by its sender
    delivery.drain(now=at)
    assert (info(order).delivered_at, Shipment.objects.get().state) == (None, "returned")


def test_a_delivery_that_is_heard_of_after_the_parcel_turned_back_reminds_nobody(carriers, order):
    left(order)
    Shipment.objects.filter(order=order).update(state="in_transit", handed_over_at=later())
    shipping_info.delivered(order=order, at=later(), now=later(1))
    assert info(order).delivered_at is None
    Shipment.objects.filter(order=order).update(state="delivered", delivered_at=later(2))
    shipping_info.delivered(order=order, at=later(2), now=later(3))
    assert info(order).delivered_at is not None

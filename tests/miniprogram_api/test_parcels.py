"""A consumer sees where the parcels of an order are, and of nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from logistics.models import Parcel, Shipment, TrackingEvent
from tests import make
from tests.logistics import shipping
from tests.miniprogram_api.conftest import phone_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def parcel(world) -> Parcel:
    now = make.present()
    order = shipping.paid(world)
    shipment = Shipment.objects.create(
        storefront=world.shop,
        order=order,
        warehouse=order.warehouse,
        number=order.number,
        state="in_transit",
        opened_at=now,
        handed_over_at=now,
    )
    parcel = Parcel.objects.create(
        storefront=world.shop,
        shipment=shipment,
        own_number="X-1",
        carrier="SF",
        waybill="SF1234567890123",
        weight_g=700,
        state="issued",
        asked_at=now,
        issued_at=now,
        scanned_at=now,
        expected_on=date(2026, 12, 3),
    )
    for hour, code in enumerate(("picked_up", "in_transit")):
        TrackingEvent.objects.create(
            storefront=world.shop,
            parcel=parcel,
            provider="kuaidi100",
            at=make.NOW + timedelta(hours=hour),
            code=code,
            text=f"第{hour}站",
            digest=code,
            taken_at=now,
        )
    return parcel


def test_the_consumer_sees_the_way_of_a_parcel_the_newest_first(alice, parcel):
    answer = alice.get(f"orders/{parcel.shipment.number}/parcels")
    assert answer.status_code == 200
    (told,) = answer.json()["parcels"]
    assert told["carrier"] == {"code": "SF", "name": {"zh": "顺丰速运", "en": "SF Express"}}
    assert (told["waybill"], told["state"], told["expected_on"], told["delivered_at"]) == (
        "SF1234567890123",
        "in_transit",
        "2026-12-03",
        None,
    )
    assert [(point["code"], point["says"], point["text"]) for point in told["way"]] == [
        ("in_transit", {"zh": "运输中", "en": "in transit"}, "第1站"),
        ("picked_up", {"zh": "已揽收", "en": "picked up"}, "第0站"),
    ]


def test_a_parcel_without_a_waybill_is_not_shown_and_a_delivered_one_expects_nothing(alice, parcel):
    Shipment.objects.update(state="delivered", delivered_at=make.present())
    (told,) = alice.get(f"orders/{parcel.shipment.number}/parcels").json()["parcels"]
    assert (told["expected_on"], told["delivered_at"] is None) == (None, False)
    Parcel.objects.update(state="cancelled")
    assert alice.get(f"orders/{parcel.shipment.number}/parcels").json() == {"parcels": []}


def test_another_consumer_sees_none_of_it(client, world, parcel):
    bob = phone_of(client, make.buyer(world.shop, make.BOB))
    assert bob.get(f"orders/{parcel.shipment.number}/parcels").status_code == 404

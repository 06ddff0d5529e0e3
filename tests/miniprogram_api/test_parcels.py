"""A consumer sees where the parcels of an order are and when they should arrive, and confirms receipt."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inventory.models import Lot
from kernel.clock import SHANGHAI
from kernel.models import Event
from logistics.models import Parcel, ParcelLine, Shipment, TrackingEvent
from logistics.services import shipments
from logistics.vocabulary import Code
from orders.models import Order
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
    return told_of(shipment, "X-1", "SF1234567890123", now)


def told_of(shipment: Shipment, own_number: str, waybill: str, now, single: bool = True) -> Parcel:
    """A parcel that was scanned and moves, with all that the order has."""
    parcel = Parcel.objects.create(
        storefront=shipment.storefront,
        shipment=shipment,
        own_number=own_number,
        single=single,
        carrier="SF",
        waybill=waybill,
        weight_g=700,
        state="issued",
        asked_at=now,
        issued_at=now,
        scanned_at=now,
        latest="in_transit",
        latest_at=now,
    )
    line = shipment.order.lines.get()
    lot = Lot.objects.get(stock__variant=line.variant)
    ParcelLine.objects.create(storefront=shipment.storefront, parcel=parcel, line=line, lot=lot, quantity=1)
    for hour, code in enumerate(("picked_up", "in_transit")):
        TrackingEvent.objects.create(
            storefront=shipment.storefront,
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
    body = answer.json()
    (told,) = body.pop("parcels")
    assert body == {"state": "in_transit", "may_confirm": True, "receipt_due_at": None, "receipt": None}
    assert told["carrier"] == {"code": "SF", "name": {"zh": "顺丰速运", "en": "SF Express"}}
    assert (told["waybill"], told["delivered_at"]) == ("SF1234567890123", None)
    assert [(piece["sku"], piece["quantity"]) for piece in told["pieces"]] == [("HD-1", 1)]
    way = [(point["code"], point["says"], point["text"]) for point in told["way"]]
    assert way == [
        ("in_transit", {"zh": "运输中", "en": "in transit"}, "第1站"),
        ("picked_up", {"zh": "已揽收", "en": "picked up"}, "第0站"),
    ]
    assert told["latest"] == told["way"][0]


def test_everything_that_can_be_told_of_a_parcel_is_said_in_both_languages():
    for code in Code:
        zh, parted, en = str(code.label).partition(" · ")
        assert (parted, zh.isascii(), en.isascii()) == (" · ", False, True), code


def test_an_arrival_is_a_range_until_the_carrier_names_a_day(alice, parcel):
    scanned = parcel.scanned_at.astimezone(SHANGHAI).date()
    (told,) = alice.get(f"orders/{parcel.shipment.number}/parcels").json()["parcels"]
    assert told["arrival"] == {
        "first": str(scanned + timedelta(days=3)),
        "last": str(scanned + timedelta(days=5)),
        "said_by": "usual",
    }
    named = scanned + timedelta(days=2)
    Parcel.objects.update(expected_on=named)
    (told,) = alice.get(f"orders/{parcel.shipment.number}/parcels").json()["parcels"]
    assert told["arrival"] == {"first": str(named), "last": str(named), "said_by": "carrier"}
    Parcel.objects.update(expected_on=date(2026, 1, 1), scanned_at=make.NOW - timedelta(days=40))
    (told,) = alice.get(f"orders/{parcel.shipment.number}/parcels").json()["parcels"]
    assert told["arrival"] is None


def test_a_parcel_without_a_waybill_is_not_shown_and_a_delivered_one_expects_nothing(alice, parcel):
    due = make.present() + timedelta(days=10)
    Shipment.objects.update(state="delivered", delivered_at=make.present(), receipt_due_at=due)
    Parcel.objects.update(latest="delivered")
    body = alice.get(f"orders/{parcel.shipment.number}/parcels").json()
    (told,) = body["parcels"]
    assert (told["arrival"], told["delivered_at"] is None) == (None, False)
    assert (body["state"], body["receipt_due_at"] is None) == ("delivered", False)
    Parcel.objects.update(state="cancelled")
    assert alice.get(f"orders/{parcel.shipment.number}/parcels").json()["parcels"] == []


def test_an_order_that_was_never_shipped_has_no_parcels(alice, world):
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    assert alice.get(f"orders/{order.number}/parcels").json() == {
        "state": None,
        "may_confirm": False,
        "receipt_due_at": None,
        "receipt": None,
        "parcels": [],
    }


def test_ten_parcels_take_no_more_statements_than_one(alice, parcel, django_assert_num_queries):
    def asked():
        with django_assert_num_queries(8):  # six statements, and the transaction's two ends
            return alice.get(f"orders/{parcel.shipment.number}/parcels").json()["parcels"]

    alice.get(f"orders/{parcel.shipment.number}/parcels")  # its storefront is kept in process from now on
    assert len(asked()) == 1
    Order.objects.update(trade_mode="0110")  # an import list holds one
    Parcel.objects.update(single=False)
    for one in range(9):
        told_of(parcel.shipment, f"X-{one + 2}", f"SF200000000000{one}", parcel.issued_at, single=False)
    assert [told["waybill"][-1] for told in asked()] == list("3012345678")


def test_receipt_is_confirmed_once_however_often_it_is_sent(alice, parcel):
    path = f"orders/{parcel.shipment.number}"
    first = alice.post(f"{path}/receipt")
    assert (first.status_code, first.json()["by"]) == (200, "consumer")
    assert alice.post(f"{path}/receipt").json() == first.json()
    (event,) = Event.objects.filter(name="shipment.received")
    assert event.key == f"order:{parcel.shipment.number}"
    assert (event.facts["order"], event.facts["by"]) == (parcel.shipment.number, "consumer")
    body = alice.get(f"{path}/parcels").json()
    assert (body["may_confirm"], body["receipt"], body["state"]) == (False, first.json(), "in_transit")
    assert body["parcels"][0]["arrival"] is None


@pytest.mark.parametrize("state", ["packing", "labelled", "customs_hold", "returned", "cancelled"])
def test_what_cannot_have_come_is_not_confirmed(alice, parcel, state):
    Shipment.objects.update(state=state)
    path = f"orders/{parcel.shipment.number}"
    answer = alice.post(f"{path}/receipt")
    assert (answer.status_code, answer.json()["code"]) == (409, "receipt_not_possible")
    assert Shipment.objects.get().receipt_at is None
    assert alice.get(f"{path}/parcels").json()["may_confirm"] is False


def test_another_consumer_sees_and_confirms_none_of_it(client, world, parcel):
    bob = phone_of(client, make.buyer(world.shop, make.BOB))
    assert bob.get(f"orders/{parcel.shipment.number}/parcels").status_code == 404
    assert bob.post(f"orders/{parcel.shipment.number}/receipt").status_code == 404
    assert Shipment.objects.get().receipt_at is None


def test_the_consumer_is_told_by_which_day_an_order_leaves(alice, world):
    order = shipping.paid(world)
    quoted = order.quote.ship_by.isoformat()
    assert alice.get(f"orders/{order.number}").json()["ship_by"] == quoted  # as long as nobody has opened it
    made = shipments.open_shipment(order=order, now=make.present())
    assert made is not None and made.ship_by is not None
    Shipment.objects.update(ship_by=date(2026, 12, 24))
    assert alice.get(f"orders/{order.number}").json()["ship_by"] == "2026-12-24"

"""A paid order goes to another address in its hold, at the freight that was paid; afterwards it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction

from backend import delivery
from compliance import vault
from customers.services.addresses import AddressText, BadAddress
from inventory.models import FreightTemplate, FreightZone, Warehouse
from kernel.models import Case, Event
from logistics.models import Shipment
from logistics.services import packing
from logistics.services.receiver import receiver_for_carrier
from orders import labels
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from orders.services.gate import move_gate
from orders.services.mend_address import (
    AddressNotDelivered,
    AddressNotPaid,
    AddressTooLate,
    FreightDiffers,
    mend_address,
)
from tests import make
from tests.logistics import shipping
from tests.payments.reports import paid

pytestmark = pytest.mark.django_db(transaction=True)
HOLD = timedelta(minutes=30)
THERE = AddressText("陈小明", "13612345678", "330106", "文三路 90 号 2 幢")
NEXT_DOOR = AddressText(make.NAMES[make.ALICE], make.PHONES[make.ALICE], "310115", "世纪大道 2 号")
BOUND = [
    (labels.CONSIGNEE_NAME, "consignee_name_sealed"),
    (labels.CONSIGNEE_PHONE, "consignee_phone_sealed"),
    (labels.CONSIGNEE_STREET, "consignee_street_sealed"),
]


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def order(world):
    made = make.order(world.alice, ("HD-1", 2))
    paid(made)
    made.refresh_from_db()
    return made


def mend(order, text=THERE, at=timedelta(0)):
    return mend_address(number=order.number, text=text, by="consumer", now=order.paid_at + at)


def consignee():
    order = Order.objects.select_related("key").get()
    key = vault.unwrap(order.key)
    texts = [key.open(label, order.number, bytes(getattr(order, column))) for label, column in BOUND]
    return [*texts, order.division_code]


def freight(world, *, province, **zone):
    template = FreightTemplate.objects.create(storefront=world.shop, code="by-region", by="piece")
    FreightZone.objects.create(storefront=world.shop, template=template, provinces=[province], **zone)
    FreightZone.objects.create(storefront=world.shop, template=template)
    Warehouse.objects.update(freight=template)


def test_until_the_end_of_the_hold_the_order_goes_elsewhere_once(order):
    for _ in range(2):
        mended = mend(order, at=HOLD)
        assert mended.division_code == "330106"
    assert consignee() == ["陈小明", "13612345678", "文三路 90 号 2 幢", "330106"]
    event = Event.objects.get(name="order.address_mended")
    assert event.facts == {
        "by": "consumer",
        "fields": ["consignee_name", "consignee_phone", "consignee_street", "division_code"],
    }
    kept = Order.objects.get()
    assert bytes(kept.phone_index) == vault.blind("phone", "13612345678")
    assert bytes(kept.address_index) == vault.blind("address", "330106 文三路 90 号 2 幢")
    assert (kept.total_fen, kept.state, kept.gate) == (order.total_fen, "paid", "before_list")
    for column in ("buyer_name_sealed", "buyer_number_sealed", "buyer_index"):
        assert bytes(getattr(kept, column)) == bytes(getattr(order, column))


def test_a_carrier_is_told_the_mended_address_alone(order):
    mend(order)
    told = receiver_for_carrier(order=Order.objects.get(), carrier="SF", now=make.NOW)
    assert (told.name, told.phone, told.province, told.city) == (
        "陈小明",
        "13612345678",
        "浙江省",
        "杭州市",
    )
    assert told.street == "文三路 90 号 2 幢"


def test_what_is_the_same_is_no_change_even_after_the_hold(order):
    mend(order, NEXT_DOOR)
    assert Event.objects.get(name="order.address_mended").facts["fields"] == ["consignee_street"]
    mend(order, NEXT_DOOR, at=3 * HOLD)
    with pytest.raises(AddressTooLate):
        mend(order, THERE, at=HOLD + timedelta(seconds=1))
    assert consignee()[2] == "世纪大道 2 号"


def test_what_is_declared_or_over_or_unpaid_keeps_its_address(world, order):
    unpaid = make.order(world.alice, ("IR-1", 1))
    with pytest.raises(AddressNotPaid) as refused:
        mend_address(number=unpaid.number, text=THERE, by="consumer", now=make.NOW)
    assert refused.value.state == "placed"
    move_gate(number=order.number, verb="send", now=make.NOW)
    with pytest.raises(AddressTooLate):
        mend(order)
    move_gate(number=order.number, verb="reject", now=make.NOW)
    cancel_paid(number=order.number, by="consumer", now=order.paid_at)
    with pytest.raises(AddressNotPaid):
        mend(order)
    assert not Event.objects.filter(name="order.address_mended").exists()


def test_what_was_picked_keeps_its_address_whatever_the_clock_says(world):
    made = shipping.shipment(world, ("HD-1", 1))
    packing.start_packing(shipment=made, by="mei", now=shipping.LATER)
    order = Order.objects.get()
    with pytest.raises(AddressTooLate):
        mend(order)  # its own clock is behind
    assert Shipment.objects.get().state == "packing"


def test_another_freight_is_refused_with_both_sums_and_the_same_is_not(world, order):
    freight(world, province="33", first_fen=800)
    with pytest.raises(FreightDiffers) as refused:
        mend(order)
    assert (refused.value.paid_fen, refused.value.freight_fen) == (0, 800)
    FreightZone.objects.filter(provinces=["33"]).update(first_fen=0)
    mend(order)
    assert consignee()[3] == "330106"


def test_where_nothing_is_delivered_to_it_does_not_go(world, order):
    freight(world, province="33", refused=True)
    with pytest.raises(AddressNotDelivered):
        mend(order)
    assert consignee()[3] == "310115"


def test_within_its_province_the_freight_that_was_agreed_stands(world, order):
    freight(world, province="31", first_fen=800)  # since it was ordered
    mend(order, NEXT_DOOR)
    assert consignee()[2] == "世纪大道 2 号"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " 陈 "}),
        ("phone", {"phone": "057488880000"}),
        ("division_code", {"division_code": "330100"}),
        ("street", {"street": "文三路\n90 号"}),
    ],
)
def test_a_part_that_cannot_be_right_is_named(order, field, changes):
    with pytest.raises(BadAddress) as refused:
        mend(order, AddressText(**(vars(THERE) | changes)))
    assert refused.value.field == field
    assert consignee()[3] == "310115"


def test_many_orders_to_the_mended_address_are_looked_at_anew(world, order):
    index = vault.blind("address", f"{THERE.division_code} {THERE.street}")
    for n in range(9):
        other = make.order(world.alice, ("IR-1", 1), now=make.NOW)
        Order.objects.filter(pk=other.pk).update(
            buyer_index=f"{n}".encode() * 33, phone_index=f"{n}".encode() * 33, address_index=index
        )
    delivery.drain()
    assert not Case.objects.filter(kind="personal_use.one_address", key=order.event_key).exists()
    mend(order)
    delivery.drain()
    facts = Case.objects.get(kind="personal_use.one_address", key=order.event_key).facts
    assert len(facts["orders"]) == 10


@pytest.mark.parametrize("role", ["web", "worker"])
def test_the_database_lets_an_address_through_its_door_alone(order, role):
    door = "SELECT orders_mend_address(%s, %s, %s, 'c', '330106', 'd', 'e')"
    for why, statement, values in (
        ("written once", "UPDATE orders_order SET consignee_street_sealed = 'x'", []),
        ("stays as long", "UPDATE orders_order SET consignee_street_sealed = ''", []),
        ("the address of order", door, [order.number, b"a", b""]),
        ("the address of order", door, ["NONE", b"a", b"b"]),
    ):
        with pytest.raises(Exception, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement, values)
    move_gate(number=order.number, verb="send", now=make.NOW)
    with pytest.raises(Exception, match="the address of order"), connection.cursor() as cursor:
        cursor.execute(door, [order.number, b"a", b"b"])

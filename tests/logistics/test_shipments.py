"""A paid order is shipped once, in one parcel a list; what is cancelled does not leave."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from backend import delivery
from inventory import services as inventory
from kernel.errors import Missing
from kernel.models import Case, Event
from kernel.states import WrongState
from logistics.models import CarrierAccount, Parcel, ParcelLine, Shipment, TrackingEvent
from logistics.services import accounts, packing, shipments
from logistics.vocabulary import Code, understood
from orders.services.cancel_paid import cancel_paid
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER

pytestmark = pytest.mark.django_db(transaction=True)


def story(order):
    rows = Event.objects.filter(key=order.event_key, name__startswith="shipment.").order_by("seq")
    return [name.removeprefix("shipment.") for name in rows.values_list("name", flat=True)]


def test_a_payment_opens_the_shipment_of_its_order_once(world):
    order = shipping.paid(world)
    delivery.drain(now=LATER)
    again = shipments.open_shipment(order=order, now=LATER)
    assert list(Shipment.objects.values_list("number", "state", "warehouse_id")) == [
        (order.number, "to_pick", order.warehouse_id)
    ]
    assert (again.pk, story(order)) == (order.shipment.pk, ["to_pick"])


def test_an_unpaid_order_has_no_shipment(world):
    assert shipments.open_shipment(order=make.order(world.alice, ("HD-1", 1)), now=LATER) is None
    assert Shipment.objects.count() == 0


def test_nothing_is_packed_while_the_consumer_may_cancel(world):
    made = shipping.shipment(world)
    with pytest.raises(packing.StillHeld):
        packing.start_packing(shipment=made, by="op", now=make.NOW)
    assert packing.start_packing(shipment=made, by="op", now=LATER).state == "packing"


def test_packing_puts_every_line_into_one_parcel_that_weighs_what_its_goods_do(world):
    account = shipping.sf(world.shop)
    made = shipping.shipment(world, ("HD-1", 2), ("IR-1", 1))
    parcel = packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    goods = sum(line.quantity * line.variant.weight_g for line in made.order.lines.all())
    assert (parcel.own_number, parcel.state, parcel.single) == (f"{made.number}-1", "asked", True)
    assert (parcel.weight_g, parcel.carrier_account_id) == (goods + 200, account.pk)
    held = ParcelLine.objects.filter(parcel=parcel).order_by("line__position")
    assert list(held.values_list("line__sku", "quantity")) == [("HD-1", 2), ("IR-1", 1)]
    assert Event.objects.get(name="waybill.asked").facts == {"by": "op", "weight_g": parcel.weight_g}


def test_what_is_not_held_for_the_order_any_more_is_not_packed(world):
    shipping.sf(world.shop)
    made = shipping.shipment(world, ("HD-1", 3), ("IR-1", 1))
    dryer, iron = (line.variant for line in made.order.lines.order_by("position"))
    inventory.lessen(holder=made.order.event_key, kept={dryer.pk: 2, iron.pk: 0}, now=LATER)
    parcel = packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    held = ParcelLine.objects.filter(parcel=parcel)
    assert list(held.values_list("line__sku", "quantity")) == [("HD-1", 2)]
    assert parcel.weight_g == 2 * dryer.weight_g + 200
    shipments.look_at_parcel(order=made.order, now=LATER)
    assert not Case.objects.filter(kind="shipment.packed_refunded").exists()


def test_a_parcel_with_pieces_that_were_refunded_after_it_was_packed_is_a_case(world):
    shipping.sf(world.shop)
    made = shipping.shipment(world, ("HD-1", 3))
    packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    inventory.lessen(holder=made.order.event_key, kept={made.order.lines.get().variant_id: 1}, now=LATER)
    shipments.look_at_parcel(order=made.order, now=LATER)
    case = Case.objects.get(kind="shipment.packed_refunded")
    assert (case.key, case.facts["order"], case.facts["pieces"]) == (made.event_key, made.number, "HD-1×2")


def test_where_nothing_is_held_for_the_order_nothing_is_packed(world):
    shipping.sf(world.shop)
    made = shipping.shipment(world)
    inventory.release(holder=made.order.event_key, now=LATER)
    with pytest.raises(packing.NothingToPack):
        packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    assert Parcel.objects.count() == 0


def test_an_import_list_holds_one_parcel_and_the_database_refuses_a_second(world):
    shipping.sf(world.shop)
    made = shipping.shipment(world)
    parcel = packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    made.refresh_from_db()
    assert packing.pack(shipment=made, carrier="SF", by="op", now=LATER) == parcel
    with pytest.raises(packing.Packed):
        packing.pack(shipment=made, carrier="SF", by="op", now=LATER, pieces={"HD-1": 1})
    with pytest.raises(IntegrityError, match="parcel_one_an_import_list"), transaction.atomic():
        Parcel.objects.create(
            storefront=world.shop, shipment=made, own_number="X", carrier="SF", weight_g=1, asked_at=LATER
        )
    with pytest.raises(IntegrityError, match="an import list holds one parcel"), transaction.atomic():
        Parcel.objects.create(
            storefront=world.shop,
            shipment=made,
            own_number="X",
            single=False,
            carrier="SF",
            weight_g=1,
            asked_at=LATER,
        )
    assert list(Parcel.objects.all()) == [parcel]


def test_without_an_account_at_the_carrier_nothing_is_packed(world):
    made = shipping.shipment(world)
    with pytest.raises(packing.NoCarrier) as refused:
        packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    assert (refused.value.carrier, Parcel.objects.count()) == ("SF Express", 0)
    with pytest.raises(packing.NoCarrier):
        packing.pack(shipment=Shipment.objects.get(), carrier="YTO", by="op", now=LATER)


def test_a_cancelled_order_does_not_leave_and_a_waybill_nobody_asked_for_ends_at_once(world):
    shipping.sf(world.shop)
    made = shipping.shipment(world)
    packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    cancel_paid(number=made.number, by="op", now=LATER, within_hold=False)
    delivery.drain(now=LATER)
    made.refresh_from_db()
    assert (made.state, Parcel.objects.get().state, Parcel.objects.get().next_try_at) == (
        "cancelled",
        "cancelled",
        None,
    )
    assert not Case.objects.filter(kind="shipment.left_cancelled").exists()


def test_a_cancelled_order_that_has_left_is_a_case(world):
    made = shipping.shipment(world)
    Shipment.objects.update(state="in_transit", handed_over_at=LATER)
    shipments.cancel_shipment(order=made.order, by="op", now=LATER)
    case = Case.objects.get(kind="shipment.left_cancelled")
    assert (case.key, case.facts) == (
        f"order:{made.number}",
        {"order": made.number, "state": "in_transit"},
    )
    assert Shipment.objects.get().state == "in_transit"


def test_what_an_operator_finds_out_moves_the_shipment_along_its_table(world):
    made = shipping.shipment(world)
    with pytest.raises(WrongState):
        shipments.find_out(shipment=made, verb="lose", by="op", now=LATER)
    Shipment.objects.update(state="in_transit", handed_over_at=LATER)
    for verb, state in (
        ("lose", "lost"),
        ("move", "in_transit"),
        ("damage", "damaged"),
        ("return", "returned"),
    ):
        assert shipments.find_out(shipment=made, verb=verb, by="op", now=LATER).state == state
    with pytest.raises(Missing):
        shipments.find_out(shipment=made, verb="cancel", by="op", now=LATER)
    assert story(made.order) == ["to_pick", "lost", "in_transit", "damaged", "returned"]


def test_what_was_told_cannot_be_rewritten_by_who_serves(world):
    made = shipping.shipment(world)
    parcel = Parcel.objects.create(
        storefront=world.shop, shipment=made, own_number="X", carrier="SF", weight_g=1, asked_at=LATER
    )
    TrackingEvent.objects.create(
        storefront=world.shop, parcel=parcel, provider="sf", at=LATER, code="lost", digest="d", taken_at=LATER
    )
    statements = ("UPDATE logistics_trackingevent SET code = 'delivered'", "DELETE FROM logistics_parcel")
    for statement in statements:
        for role in ("web", "worker"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"SET LOCAL ROLE {role}")
                cursor.execute(statement)


def test_an_account_is_sealed_and_its_successor_keeps_the_salt(world):
    first = shipping.kuaidi100(world.shop, secret="first-key")
    opened = accounts.credential(first)
    assert (opened.secret, len(opened.salt), b"first-key" in bytes(first.secret_sealed)) == (
        "first-key",
        32,
        False,
    )
    second = shipping.kuaidi100(world.shop, secret="second-key")
    assert accounts.credential(second).salt == opened.salt
    assert accounts.credential(second).secret == "second-key"
    assert list(CarrierAccount.objects.order_by("id").values_list("active", flat=True)) == [False, True]
    accounts.stop_account(account=second, by="op", now=LATER)
    with pytest.raises(Missing):
        accounts.stop_account(account=second, by="op", now=LATER)


def test_an_account_that_lacks_something_is_refused_by_name(world):
    with pytest.raises(accounts.AccountIncomplete) as refused:
        accounts.set_account(
            storefront=world.shop,
            provider="sf",
            terms=accounts.Terms(customer_code="X", hotline="1"),
            secret="s",
            by="op",
            now=LATER,
        )
    assert refused.value.missing == "sender, origin, origin_place"


@pytest.mark.parametrize(
    ("provider", "code", "text", "ours"),
    [
        ("kuaidi100", "0", "", Code.IN_TRANSIT),
        ("kuaidi100", "102", "", Code.ANNOUNCED),
        ("kuaidi100", "13", "", Code.CUSTOMS_HOLD),
        ("kuaidi100", "209", "", Code.DAMAGED),
        ("kuaidi100", "2", "快件遗失，理赔中", Code.LOST),
        ("kuaidi100", "0", "快件遗失", Code.IN_TRANSIT),
        ("sf", "50", "", Code.PICKED_UP),
        ("sf", "8000", "", Code.DELIVERED),
        ("sf", "9999", "", Code.IN_TRANSIT),
    ],
)
def test_every_provider_speaks_one_vocabulary(provider, code, text, ours):
    assert understood(provider, code, text) == ours

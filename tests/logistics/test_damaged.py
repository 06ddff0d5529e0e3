"""A piece that broke before it was packed: no parcel goes without it but by a refund, or another piece."""

from __future__ import annotations

import pytest
from django.urls import reverse

from inventory import services as inventory
from inventory.models import Lot, Stock
from kernel.models import Case
from logistics.models import Parcel, Shipment
from logistics.services import leaving, packing, shipments
from orders.models import Order
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.operators import rows
from tests.operators.test_walk import enter

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"by": "mei", "now": LATER}


@pytest.fixture
def shipment(world) -> Shipment:
    """The only three dryers, all of them picked for one order."""
    shipping.sf(world.shop)
    inventory.set_on_hand(warehouse=world.warehouse, variant=world.dryer, on_hand=0, by="t", now=make.NOW)
    make.lot(world.warehouse, world.dryer, 3, "A")
    return packing.start_packing(shipment=shipping.shipment(world, ("HD-1", 3)), **BY)


def broken() -> None:
    lot = Lot.objects.get(code="A")
    made = Shipment.objects.get()
    packing.swap_picked(shipment=made, lot=lot, pieces=1, damaged=True, reason="dented", **BY)


def pack(**more) -> Parcel:
    return packing.pack(shipment=Shipment.objects.get(), carrier="SF", **BY, **more)


def issue(parcel: Parcel) -> None:
    told = {"waybill": "SF1", "issued_at": LATER, "sent_at": LATER, "weighed_g": parcel.expected_g}
    Parcel.objects.filter(pk=parcel.pk).update(state="issued", **told)


def inside(parcel: Parcel) -> list[tuple[str, int]]:
    return sorted(parcel.lines.values_list("lot__code", "quantity"))


def refund_to(order: Order, pieces: int) -> None:
    line = order.lines.get()
    inventory.lessen(holder=order.event_key, kept={line.variant_id: pieces}, now=LATER)
    shipments.look_at_parcel(order=order, now=LATER)


def test_a_parcel_of_an_import_list_waits_for_what_broke_until_another_is_picked(world, shipment):
    broken()
    for verb in (lambda: packing.start_packing(shipment=shipment, **BY), pack):
        with pytest.raises(inventory.CannotPick) as refused:
            verb()
        assert (refused.value.sku, refused.value.missing) == ("HD-1", 1)
    assert not Parcel.objects.exists()
    make.lot(world.warehouse, world.dryer, 4, "B")
    packing.start_packing(shipment=shipment, **BY)
    assert inside(pack()) == [("A", 2), ("B", 1)]


def test_once_what_broke_is_refunded_the_rest_is_packed(shipment):
    broken()
    refund_to(shipment.order, 2)
    assert inside(pack()) == [("A", 2)]
    stock = Stock.objects.get(variant__sku="HD-1")
    assert (stock.on_hand, stock.reserved, stock.quarantined) == (3, 2, 1)


def test_of_general_trade_the_rest_goes_and_the_order_has_not_left_before_what_broke_has(world, shipment):
    Order.objects.update(trade_mode="0110")
    first = pack(pieces={"HD-1": 2}, nth=1)
    broken()
    issue(first)
    shipments.look_at_parcel(order=shipment.order, now=LATER)
    assert Shipment.objects.get().state == "packing"
    with pytest.raises(inventory.CannotPick):
        pack(nth=2)
    Shipment.objects.update(state="labelled")
    leaving.dispatch(shipment=Shipment.objects.get(), parcel=Parcel.objects.get(), **BY)
    assert Shipment.objects.get().state == "leaving"
    make.lot(world.warehouse, world.dryer, 1, "B")
    assert packing.start_packing(shipment=shipment, **BY).state == "leaving"
    assert inside(pack(nth=2)) == [("B", 1)]


def test_of_general_trade_all_has_left_once_what_broke_is_refunded(shipment):
    Order.objects.update(trade_mode="0110")
    first = pack(pieces={"HD-1": 2}, nth=1)
    broken()
    issue(first)
    Shipment.objects.update(state="labelled")
    leaving.dispatch(shipment=Shipment.objects.get(), parcel=Parcel.objects.get(), **BY)
    refund_to(shipment.order, 2)
    assert Shipment.objects.get().state == "dispatched"
    assert not Case.objects.filter(kind="stock.picked_damaged", state="open").exists()


def test_the_page_offers_to_pick_again_while_something_lacks(client, world, shipment):
    enter(client, rows.operator("packer", world.shop, "fulfilment"))

    def step(name: str, **sent: str):
        return client.post(reverse("admin:logistics_shipment_step", args=[shipment.pk, name]), sent)

    assert step("pick").status_code == 403
    lot = Lot.objects.get(code="A")
    assert step("swap", lot=str(lot.pk), pieces="1", damaged="on", reason="dented").status_code == 302
    assert sum(inventory.lacking(holder=shipment.event_key).values()) == 1
    make.lot(world.warehouse, world.dryer, 1, "B")
    assert step("pick").status_code == 302
    assert inventory.lacking(holder=shipment.event_key) == {}
    case = Case.objects.get(kind="stock.picked_damaged")
    page = client.get(reverse("admin:kernel_case_change", args=[case.pk])).content.decode()
    assert "已拣货品货损且无货可换" in page and "补货后在该订单的发货页面再次拣货" in page

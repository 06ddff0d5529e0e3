"""A parcel holds the picked lots and nothing else, weighs what they do, and is packed once."""

from __future__ import annotations

from datetime import date

import pytest

from inventory import services as inventory
from inventory.models import Lot, Movement, Reservation
from kernel.models import Case, Event
from kernel.states import WrongState
from logistics.models import Parcel, ParcelLine, Shipment
from logistics.services import packing, shipments, waybills, weighing
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)


def pack(made: Shipment, weight_g: int | None = None, by: str = "mei", **more) -> Parcel:
    return packing.pack(shipment=made, carrier="SF", by=by, now=LATER, weight_g=weight_g, **more)


def inside(parcel: Parcel) -> list[tuple[str, str, int]]:
    rows = ParcelLine.objects.filter(parcel=parcel).order_by("line__position", "id")
    return list(rows.values_list("line__sku", "lot__code", "quantity"))


@pytest.fixture
@step
def lots(world):
    """The dryers lie in two lots, the one that ends sooner received later."""
    inventory.set_on_hand(warehouse=world.warehouse, variant=world.dryer, on_hand=0, by="t", now=make.NOW)
    make.lot(world.warehouse, world.dryer, 5, "LATE", expires_on=date(2029, 1, 1))
    make.lot(world.warehouse, world.dryer, 2, "SOON", expires_on=date(2028, 1, 1))
    shipping.sf(world.shop)
    return world


def test_what_ends_first_is_picked_and_the_parcel_holds_those_lots(lots):
    made = shipping.shipment(lots, ("HD-1", 3), ("IR-1", 1))
    packing.start_packing(shipment=made, by="mei", now=LATER)
    assert dict(Lot.objects.filter(picked__gt=0).values_list("code", "picked")) == {
        "LATE": 1,
        "SOON": 2,
        "": 1,
    }
    parcel = pack(Shipment.objects.get())
    assert inside(parcel) == [("HD-1", "SOON", 2), ("HD-1", "LATE", 1), ("IR-1", "", 1)]
    assert [(line.sku, pieces) for line, pieces in parcel.contents()] == [("HD-1", 3), ("IR-1", 1)]


def test_picked_twice_the_same_pieces_are_set_aside(lots):
    made = shipping.shipment(lots, ("HD-1", 3))
    for _ in range(2):
        assert packing.start_packing(shipment=made, by="mei", now=LATER).state == "packing"
    assert Movement.objects.filter(kind="pick").count() == 2  # one a lot
    Shipment.objects.update(state="labelled")
    with pytest.raises(WrongState):
        packing.start_packing(shipment=made, by="mei", now=LATER)


def test_goods_may_be_picked_and_packed_before_their_release(lots):
    made = shipping.shipment(lots, ("HD-1", 1))
    assert (made.order.trade_mode, made.order.gate) == ("1210", "before_list")
    assert pack(made).state == "asked"


def test_what_is_not_on_the_shelf_is_a_case_and_no_piece_is_set_aside(lots):
    made = shipping.shipment(lots, ("IR-1", 1), ("HD-1", 3))
    stopped = Lot.objects.get(code="LATE")
    inventory.stop_sale(variant=lots.dryer, lot=stopped, reason="recall", by="qa", now=LATER)
    assert Case.objects.get(kind="stock.short").seen == 1
    with pytest.raises(inventory.CannotPick) as refused:
        packing.start_packing(shipment=made, by="mei", now=LATER)
    assert (refused.value.sku, refused.value.missing) == ("HD-1", 1)
    assert Case.objects.get(kind="stock.short").seen == 2
    assert Shipment.objects.get().state == "to_pick"
    assert set(Lot.objects.values_list("picked", flat=True)) == {0}
    assert not Movement.objects.filter(kind="pick").exists()


def test_of_an_order_that_was_cancelled_nothing_is_picked(lots):
    made = shipping.shipment(lots, ("HD-1", 1))
    cancel_paid(number=made.number, by="op", now=LATER, within_hold=False)
    with pytest.raises(packing.NotPaid):
        packing.start_packing(shipment=made, by="mei", now=LATER)
    Shipment.objects.update(state="packing")
    with pytest.raises(packing.NotPaid):
        pack(Shipment.objects.get())


def test_what_was_picked_goes_back_when_the_order_is_cancelled(lots):
    made = shipping.shipment(lots, ("HD-1", 3))
    packing.start_packing(shipment=made, by="mei", now=LATER)
    cancel_paid(number=made.number, by="op", now=LATER, within_hold=False)
    shipments.cancel_shipment(order=made.order, by="op", now=LATER)
    assert Shipment.objects.get().state == "cancelled"
    assert set(Lot.objects.values_list("picked", flat=True)) == {0}


def test_a_parcel_is_packed_once_however_often_it_is_told(lots):
    made = shipping.shipment(lots, ("HD-1", 2))
    first = pack(made, 1200)
    made.refresh_from_db()
    assert pack(made, 1200) == first
    with pytest.raises(packing.Packed):
        pack(made, 1300)
    assert (Parcel.objects.count(), Event.objects.filter(name="waybill.asked").count()) == (1, 1)


@pytest.mark.parametrize("weight_g", [1150, 1250])
def test_what_the_warehouse_tolerates_is_packed_and_the_carrier_is_told_the_scales(lots, weight_g):
    parcel = pack(shipping.shipment(lots, ("HD-1", 2)), weight_g)
    assert (parcel.expected_g, parcel.weighed_g, parcel.weight_g) == (1200, weight_g, weight_g)
    assert not Case.objects.exists()


@pytest.mark.parametrize("weight_g", [1149, 1251])
def test_what_differs_by_more_is_refused_with_both_figures_and_is_a_case(lots, weight_g):
    made = shipping.shipment(lots, ("HD-1", 2))
    with pytest.raises(weighing.WeightDiffers) as refused:
        pack(made, weight_g)
    assert (refused.value.expected_g, refused.value.weighed_g) == (1200, weight_g)
    case = Case.objects.get(kind="parcel.weight_differs")
    assert (case.key, case.facts) == (
        f"parcel:{made.number}-1",
        {
            "order": made.number,
            "parcel": f"{made.number}-1",
            "expected_g": 1200,
            "weighed_g": weight_g,
            "by": "mei",
        },
    )
    assert (Parcel.objects.count(), Shipment.objects.get().state) == (0, "packing")


def test_the_share_of_the_weight_is_tolerated_where_it_is_more(lots):
    lots.warehouse.tolerance_percent, lots.warehouse.packing_g = 10, 500
    lots.warehouse.save()
    parcel = pack(shipping.shipment(lots, ("HD-1", 3)), 1800)
    assert (parcel.expected_g, parcel.weighed_g) == (2000, 1800)


def test_a_colleague_who_finds_the_same_weight_lets_it_go_and_the_first_one_does_not(lots):
    made = shipping.shipment(lots, ("HD-1", 2))
    with pytest.raises(weighing.WeightDiffers):
        pack(made, 1300, second_look=True)  # nobody has looked before
    made.refresh_from_db()
    with pytest.raises(weighing.SameEyes):
        pack(made, 1300, second_look=True)
    with pytest.raises(weighing.WeightDiffers):
        pack(made, 1300, by="wei")  # the second look is said, not taken for granted
    parcel = pack(made, 1310, by="lan", second_look=True)
    assert (parcel.expected_g, parcel.weighed_g) == (1200, 1310)
    assert Event.objects.get(name="parcel.weight_accepted").facts == {
        "by": "lan",
        "weighed_g": 1310,
        "expected_g": 1200,
        "first": "wei",
    }
    assert set(Case.objects.values_list("kind", "state")) == {("parcel.weight_differs", "settled")}


def test_a_second_look_that_finds_a_third_weight_is_a_first_look_at_that(lots):
    made = shipping.shipment(lots, ("HD-1", 2))
    for by, weight_g in (("mei", 1300), ("wei", 1400)):
        with pytest.raises(weighing.WeightDiffers):
            pack(Shipment.objects.get(pk=made.pk), weight_g, by=by, second_look=True)
    case = Case.objects.get(state="open")
    assert (case.facts["weighed_g"], case.facts["by"]) == (1400, "wei")


def test_a_parcel_that_comes_right_settles_its_case(lots):
    made = shipping.shipment(lots, ("HD-1", 2))
    with pytest.raises(weighing.WeightDiffers):
        pack(made, 1300)
    made.refresh_from_db()
    pack(made, 1210)
    assert Case.objects.get().state == "settled"


def test_a_parcel_is_weighed_later_with_the_same_check(lots):
    parcel = pack(shipping.shipment(lots, ("HD-1", 2)))
    assert (parcel.weighed_g, parcel.weight_g) == (None, 1200)
    with pytest.raises(weighing.WeightDiffers):
        weighing.weigh(parcel=parcel, weight_g=1300, by="mei", now=LATER)
    for _ in range(2):
        weighed = weighing.weigh(parcel=parcel, weight_g=1190, by="mei", now=LATER)
        assert (weighed.weighed_g, weighed.weight_g) == (1190, 1190)
    assert Event.objects.filter(name="parcel.weighed").count() == 1
    Parcel.objects.update(state="cancelled")
    with pytest.raises(WrongState):
        weighing.weigh(parcel=parcel, weight_g=1200, by="mei", now=LATER)


def test_pieces_that_were_refunded_while_picked_are_put_back_and_the_parcel_is_a_case(lots):
    made = shipping.shipment(lots, ("HD-1", 3))
    pack(made)
    kept = {made.order.lines.get().variant_id: 1}
    assert inventory.lessen(holder=made.order.event_key, kept=kept, now=LATER) == 2
    shipments.look_at_parcel(order=made.order, now=LATER)
    assert Case.objects.get(kind="shipment.packed_refunded").facts["pieces"] == "HD-1×2"
    assert Reservation.objects.get().quantity == 1
    shipments.withdraw(parcel=Parcel.objects.get(), by="mei", now=LATER)
    again = pack(Shipment.objects.get())
    assert (inside(again), again.own_number) == ([("HD-1", "SOON", 1)], f"{made.number}-2")
    assert Case.objects.get(kind="shipment.packed_refunded").state == "settled"


@pytest.fixture
def domestic(lots) -> Shipment:
    made = shipping.shipment(lots, ("HD-1", 3), ("IR-1", 1))
    Order.objects.update(trade_mode="0110")
    return made


def test_goods_of_general_trade_go_out_in_several_parcels_of_what_was_picked(domestic):
    first = pack(domestic, pieces={"HD-1": 2}, nth=1)
    domestic.refresh_from_db()
    assert pack(domestic, pieces={"HD-1": 2}, nth=1) == first
    with pytest.raises(packing.NotPicked) as refused:
        pack(domestic, pieces={"HD-1": 2}, nth=2)
    assert (refused.value.sku, refused.value.left) == ("HD-1", 1)
    second = pack(domestic)
    assert (inside(first), inside(second)) == (
        [("HD-1", "SOON", 2)],
        [("HD-1", "LATE", 1), ("IR-1", "", 1)],
    )
    assert [one.single for one in (first, second)] == [False, False]
    assert pack(domestic) == second
    assert Shipment.objects.get().state == "packing"  # no waybill yet
    shipments.withdraw(parcel=second, by="mei", now=LATER)
    with pytest.raises(packing.PackedBefore):
        pack(domestic, pieces={"IR-1": 1}, nth=2)


def test_where_the_rest_is_refunded_what_is_packed_is_the_whole(domestic):
    first = pack(domestic, pieces={"HD-1": 2}, nth=1)
    Parcel.objects.update(state="issued", waybill="SF1", issued_at=LATER)
    kept = {line.variant_id: 2 if line.sku == "HD-1" else 0 for line in domestic.order.lines.all()}
    inventory.lessen(holder=domestic.event_key, kept=kept, now=LATER)
    assert pack(Shipment.objects.get()) == first
    assert Shipment.objects.get().state == "labelled"


def test_several_parcels_are_labelled_once_each_of_them_has_its_waybill(carriers, house):
    made = shipping.shipment(house, ("HD-1", 2))
    Order.objects.update(trade_mode="0110")
    now = make.present()
    for nth in (1, 2):
        made.refresh_from_db()
        packing.pack(shipment=made, carrier="SF", by="op", now=now, pieces={"HD-1": 1}, nth=nth)
        waybills.sweep(now=now)
        made.refresh_from_db()
        assert made.state == ("packing" if nth == 1 else "labelled")
    assert len(set(Parcel.objects.values_list("waybill", flat=True))) == 2

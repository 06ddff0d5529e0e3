"""Of several parcels one is with its carrier while others are still being packed, and is followed."""

from __future__ import annotations

import pytest

from inventory.services.repair import differences
from kernel.models import Case, Event
from logistics.gateways.waybills import CarrierRefused, Issued
from logistics.models import Parcel, Shipment
from logistics.services import leaving, packing, shipments, waybills, weighing
from logistics.services.standing import receipt_due
from logistics.vocabulary import Code
from orders.services.cancel_paid import cancel_paid
from tests.logistics.parts import HOUR, balances, handovers, issue, lessen, pack, scan, state
from tests.logistics.shipping import LATER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def first(shipment) -> Parcel:
    """Two dryers and the iron with their waybill; a dryer is picked and lies in no parcel yet."""
    made = pack(shipment, {"HD-1": 2, "IR-1": 1}, nth=1)
    issue(made)
    return Parcel.objects.get(pk=made.pk)


def answered(parcel: Parcel, waybill: str = "SF2") -> Parcel:
    """The carrier has issued its waybill; it was on the scales."""
    waybills._take_in(Parcel.objects.get(pk=parcel.pk), Issued(waybill, "755"), LATER)
    Parcel.objects.filter(pk=parcel.pk).update(weighed_g=parcel.expected_g)
    return Parcel.objects.get(pk=parcel.pk)


def named(name: str) -> int:
    return Event.objects.filter(name=name).count()


def open_cases() -> list[tuple[str, str]]:
    return sorted(Case.objects.filter(state="open").values_list("kind", "key"))


def test_a_scan_takes_its_pieces_off_the_ledger_and_the_rest_is_packed_on(shipment, first):
    scan(first)
    assert (state(), balances()) == ("leaving", [("HD-1", 5, 1), ("IR-1", 99, 0)])
    assert Parcel.objects.get().left_at is not None
    second = answered(pack(shipment, None, nth=2))
    assert (state(), handovers()) == ("leaving", ["SF1"])
    scan(second, hours=1)
    row = Shipment.objects.get()
    assert (row.state, row.handed_over_at, handovers()) == ("handed_over", LATER, ["SF1", "SF2"])
    assert balances() == [("HD-1", 4, 0), ("IR-1", 99, 0)]
    assert (differences(), open_cases(), named("shipment.leaving")) == ([], [], 1)


def test_what_has_left_is_not_given_back_to_sale_when_the_order_is_cancelled(shipment, first):
    scan(first)
    cancel_paid(number=shipment.number, by="op", now=LATER, within_hold=False)
    shipments.cancel_shipment(order=shipment.order, by="op", now=LATER)
    assert balances() == [("HD-1", 5, 0), ("IR-1", 99, 0)]
    assert open_cases() == [("shipment.left_cancelled", f"order:{shipment.number}")]


def test_what_was_delivered_before_the_rest_was_packed_is_where_its_shipment_stands_in_the_end(
    shipment, first
):
    scan(first, Code.DELIVERED, 1)
    second = pack(shipment, None, nth=2)
    assert (state(), Shipment.objects.get().delivered_at) == ("leaving", None)
    lessen(shipment.order, HD=2, IR=1)  # the dryer that is still here
    shipments.withdraw(parcel=second, by="mei", now=LATER + HOUR)  # nobody was asked for it yet
    row = Shipment.objects.get()
    assert (row.state, row.delivered_at) == ("delivered", LATER + HOUR)
    assert row.receipt_due_at == receipt_due(LATER + HOUR)
    assert handovers() == ["SF1", "SF1"]  # the second time as the whole


def test_where_the_rest_leaves_by_the_warehouses_word_the_order_is_on_its_way(shipment, first):
    scan(first, Code.DELIVERED, 1)
    answered(pack(shipment, None, nth=2))
    leaving.dispatch(shipment=Shipment.objects.get(), by="mei", now=LATER + 2 * HOUR)
    row = Shipment.objects.get()
    assert (row.state, row.delivered_at, row.receipt_due_at) == ("in_transit", None, None)


def taken_back_late(shipment: Shipment) -> Parcel:
    """All of it in one parcel that was withdrawn while the carrier was asked, and was issued all the same."""
    made = pack(shipment, None, nth=1)
    Parcel.objects.update(sent_at=LATER)
    shipments.withdraw(parcel=made, by="mei", now=LATER)
    return answered(made, "SF1")


def test_what_a_carrier_has_keeps_its_waybill_though_the_carrier_says_that_it_took_it_back(shipment):
    only = taken_back_late(shipment)
    assert (only.state, state()) == ("withdrawing", "packing")
    scan(only)
    assert (state(), balances()) == ("handed_over", [("HD-1", 4, 0), ("IR-1", 99, 0)])
    waybills._take_in(only, None, LATER + HOUR)
    row = Parcel.objects.get()
    assert (row.state, row.issued_at, state()) == ("issued", LATER + HOUR, "handed_over")
    assert open_cases() == [("waybill.not_taken_back", row.event_key)]
    scan(row, Code.DELIVERED, 2)
    assert state() == "delivered"


def test_what_a_carrier_refuses_to_take_back_completes_its_shipment(shipment):
    first, second = pack(shipment, {"HD-1": 2}, nth=1), pack(shipment, None, nth=2)
    Parcel.objects.update(sent_at=LATER)
    shipments.withdraw(parcel=answered(second), by="mei", now=LATER)
    answered(first, "SF1")
    assert state() == "packing"
    row = Parcel.objects.select_related("shipment").get(pk=second.pk)
    refusal = CarrierRefused(why="picked up", number="8252")
    waybills._refused(waybills.Attempt(row, None, None, True), refusal, LATER)
    assert (Parcel.objects.get(pk=second.pk).state, state()) == ("issued", "labelled")


def test_a_last_parcel_withdrawn_unsent_whose_pieces_were_refunded_leaves_the_others_labelled(
    shipment, first
):
    second = pack(shipment, None, nth=2)
    assert lessen(shipment.order, HD=2, IR=1) == 1
    shipments.withdraw(parcel=second, by="mei", now=LATER)
    assert (Parcel.objects.get(pk=second.pk).state, state()) == ("cancelled", "labelled")
    assert (named("shipment.labelled"), open_cases()) == (1, [])
    leaving.dispatch(shipment=Shipment.objects.get(), by="mei", now=LATER)
    assert (state(), balances()) == ("dispatched", [("HD-1", 5, 0), ("IR-1", 99, 0)])


def test_a_labelled_one_that_its_carrier_takes_back_leaves_the_others_labelled(shipment, two):
    _, second = two
    lessen(shipment.order, HD=2, IR=1)
    shipments.withdraw(parcel=second, by="mei", now=LATER)
    waybills._take_in(Parcel.objects.get(pk=second.pk), None, LATER)
    assert (Parcel.objects.get(pk=second.pk).state, state()) == ("cancelled", "labelled")


def test_pieces_that_are_to_go_into_another_parcel_keep_it_packing(shipment, two):
    _, second = two
    shipments.withdraw(parcel=second, by="mei", now=LATER)
    waybills._take_in(Parcel.objects.get(pk=second.pk), None, LATER)
    assert (state(), named("shipment.labelled")) == ("packing", 0)


def test_what_is_refunded_before_it_is_packed_leaves_the_others_labelled(shipment, first):
    assert state() == "packing"
    lessen(shipment.order, HD=2, IR=1)
    assert (state(), named("shipment.labelled")) == ("labelled", 1)


def weigh(parcel: Parcel, weight_g: int, by: str, second_look: bool = False) -> None:
    weighing.weigh(parcel=parcel, weight_g=weight_g, by=by, second_look=second_look, now=LATER)


def test_each_parcel_has_its_own_case_of_its_weight_and_its_own_second_look(shipment, two):
    first, second = two
    Parcel.objects.update(weighed_g=None)
    for parcel in two:
        with pytest.raises(weighing.WeightDiffers) as refused:
            weigh(parcel, parcel.expected_g + 900, "mei")
        assert refused.value.parcel == parcel.own_number
    weigh(second, second.expected_g, "mei")
    assert open_cases() == [("parcel.weight_differs", first.event_key)]
    weigh(first, first.expected_g + 900, "lan", second_look=True)
    assert (open_cases(), Event.objects.get(name="parcel.weight_accepted").key) == ([], first.event_key)
    with pytest.raises(weighing.WeightDiffers):
        weigh(second, second.expected_g + 900, "lan", second_look=True)


def test_a_first_look_at_what_is_not_packed_yet_is_of_the_parcel_that_it_becomes(shipment, first):
    box = f"parcel:{shipment.number}-2"
    said = {"carrier": "SF", "now": LATER, "nth": 2, "pieces": {"HD-1": 1}, "weight_g": 1_500}
    with pytest.raises(weighing.WeightDiffers):
        packing.pack(shipment=Shipment.objects.get(), by="mei", **said)
    Parcel.objects.update(weighed_g=None)
    weigh(first, first.expected_g, "mei")
    assert open_cases() == [("parcel.weight_differs", box)]
    made = packing.pack(shipment=Shipment.objects.get(), by="lan", second_look=True, **said)
    assert (made.event_key, made.weighed_g, open_cases()) == (box, 1_500, [])


@pytest.mark.parametrize("way", ["refunded", "cancelled"])
def test_the_case_of_a_parcel_that_never_comes_to_be_ends(shipment, first, way):
    with pytest.raises(weighing.WeightDiffers):
        packing.pack(shipment=Shipment.objects.get(), carrier="SF", by="mei", now=LATER, weight_g=1_500)
    assert [kind for kind, _ in open_cases()] == ["parcel.weight_differs"]
    if way == "refunded":
        lessen(shipment.order, HD=2, IR=1)
    else:
        cancel_paid(number=shipment.number, by="op", now=LATER, within_hold=False)
        shipments.cancel_shipment(order=shipment.order, by="op", now=LATER)
    assert open_cases() == []


def test_the_case_of_a_parcel_that_is_taken_back_ends(shipment, first):
    second = pack(shipment, None, nth=2)
    with pytest.raises(weighing.WeightDiffers):
        weigh(second, second.expected_g + 900, "mei")
    shipments.withdraw(parcel=second, by="mei", now=LATER)
    assert open_cases() == []

"""Goods of general trade in several parcels: each leaves with its own pieces, and the others stay here."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from inventory import services as inventory
from inventory.models import Reservation
from inventory.services.repair import differences
from kernel.models import Case
from kernel.states import WrongState
from logistics.models import Parcel, Shipment
from logistics.queries import on_its_way
from logistics.services import leaving, packing, shipments, tracking, waybills
from logistics.vocabulary import Code
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from returns.services import undelivered
from settlement.services.evidence import record_evidence
from tests.logistics.parts import HOUR, balances, handovers, issue, lessen, pack, reservations, scan, state
from tests.logistics.shipping import LATER

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_scan_takes_the_pieces_of_its_parcel_off_the_ledger_and_the_rest_stays_held(shipment, two):
    first, second = two
    scan(first)
    assert balances() == [("HD-1", 5, 1), ("IR-1", 99, 0)]
    assert reservations() == [(3, 2, "picked"), (1, 1, "shipped")]
    row = Shipment.objects.get()
    assert (row.state, row.handed_over_at, row.late_at is None) == ("leaving", None, False)
    assert handovers() == ["SF1"]
    scan(first, Code.IN_TRANSIT, 1)
    assert (state(), handovers()) == ("leaving", ["SF1"])
    scan(second, hours=2)
    assert balances() == [("HD-1", 4, 0), ("IR-1", 99, 0)]
    assert reservations() == [(3, 3, "shipped"), (1, 1, "shipped")]
    row = Shipment.objects.get()
    assert (row.state, row.handed_over_at, row.late_at) == ("handed_over", LATER, None)
    assert handovers() == ["SF1", "SF2"]
    assert differences() == []


def test_the_warehouse_lets_one_parcel_leave_and_then_the_other(shipment, two):
    first, second = two
    row = leaving.dispatch(shipment=shipment_now(), parcel=second, by="mei", now=LATER)
    assert (row.state, row.dispatched_at, balances()) == ("leaving", None, [("HD-1", 6, 2), ("IR-1", 100, 1)])
    row = leaving.dispatch(shipment=row, by="mei", now=LATER + HOUR)
    assert (row.state, row.dispatched_at, balances()) == (
        "dispatched",
        LATER + HOUR,
        [("HD-1", 4, 0), ("IR-1", 99, 0)],
    )
    assert handovers() == []
    scan(first, hours=3)
    scan(second, hours=2)
    row = Shipment.objects.get()
    assert (row.state, row.handed_over_at, handovers()) == ("handed_over", LATER + 3 * HOUR, ["SF1", "SF2"])


def shipment_now() -> Shipment:
    return Shipment.objects.get()


def test_where_the_last_parcel_leaves_by_the_warehouses_word_a_carrier_has_had_the_order_since_its_first(two):
    first, second = two
    scan(first)
    leaving.dispatch(shipment=shipment_now(), parcel=second, by="mei", now=LATER + HOUR)
    row = Shipment.objects.get()
    assert (row.state, row.handed_over_at) == ("handed_over", LATER)


def test_refunded_pieces_that_have_not_left_come_back_and_the_parcel_that_has_them_stays(shipment, two):
    first, second = two
    scan(first)
    assert lessen(shipment.order, HD=2, IR=1) == 1  # the dryer of the second parcel
    assert balances() == [("HD-1", 5, 0), ("IR-1", 99, 0)]
    assert reservations() == [(2, 2, "shipped"), (1, 1, "shipped")]
    case = Case.objects.get(kind="shipment.packed_refunded")
    assert (case.facts["pieces"], case.facts["parcels"]) == ("HD-1×1", second.own_number)
    with pytest.raises(leaving.PackedOtherwise):
        leaving.dispatch(shipment=shipment_now(), by="mei", now=LATER)
    assert state() == "leaving"
    shipments.withdraw(parcel=second, by="mei", now=LATER)
    second.refresh_from_db()
    assert (second.state, state()) == ("withdrawing", "leaving")
    waybills._take_in(second, None, LATER + HOUR)  # the carrier has taken it back
    row = Shipment.objects.get()
    assert (row.state, row.handed_over_at) == ("handed_over", LATER)
    case.refresh_from_db()
    assert (case.state, case.note) == ("settled", "taken out")


def test_before_any_has_left_a_refund_touches_the_last_parcel_and_the_first_one_leaves(shipment, two):
    first, _ = two
    assert lessen(shipment.order, HD=2, IR=1) == 1
    with pytest.raises(leaving.PackedOtherwise):
        leaving.dispatch(shipment=shipment_now(), by="mei", now=LATER)
    assert balances() == [("HD-1", 7, 2), ("IR-1", 100, 1)]
    row = leaving.dispatch(shipment=shipment_now(), parcel=first, by="mei", now=LATER)
    assert (row.state, balances()) == ("leaving", [("HD-1", 5, 0), ("IR-1", 99, 0)])


def test_what_is_left_of_a_parcel_after_a_refund_is_packed_anew_and_leaves(shipment, two):
    first, second = two
    scan(second)
    lessen(shipment.order, HD=2, IR=1)  # of the two dryers in the first parcel
    shipments.withdraw(parcel=first, by="mei", now=LATER)
    waybills._take_in(Parcel.objects.get(pk=first.pk), None, LATER)
    assert state() == "leaving"
    third = pack(shipment, None, nth=3)
    assert [(line.sku, pieces) for line, pieces in third.contents()] == [("HD-1", 1), ("IR-1", 1)]
    issue(third)
    leaving.dispatch(shipment=shipment_now(), by="mei", now=LATER)
    assert (state(), balances()) == ("handed_over", [("HD-1", 5, 0), ("IR-1", 99, 0)])
    assert reservations() == [(2, 2, "shipped"), (1, 1, "shipped")]


def test_a_cancelled_order_of_which_a_part_has_left_is_a_case_and_the_rest_stays(shipment, two):
    first, _ = two
    scan(first)
    cancel_paid(number=shipment.number, by="op", now=LATER, within_hold=False)
    shipments.cancel_shipment(order=shipment.order, by="op", now=LATER)
    assert Case.objects.filter(kind="shipment.left_cancelled", state="open").count() == 1
    assert balances() == [("HD-1", 5, 0), ("IR-1", 99, 0)]
    assert list(Parcel.objects.order_by("id").values_list("state", flat=True)) == ["issued", "withdrawing"]
    with pytest.raises(WrongState):
        shipments.withdraw(parcel=first, by="mei", now=LATER)


def test_a_cancelled_order_of_which_nothing_is_here_any_more_has_left_at_once(shipment):
    first = pack(shipment, {"HD-1": 2}, nth=1)
    issue(first)
    first.refresh_from_db()
    scan(first)
    assert state() == "leaving"
    cancel_paid(number=shipment.number, by="op", now=LATER, within_hold=False)
    shipments.cancel_shipment(order=shipment.order, by="op", now=LATER)
    assert (state(), balances()) == ("handed_over", [("HD-1", 5, 0), ("IR-1", 100, 0)])
    assert Case.objects.filter(kind="shipment.left_cancelled", state="open").count() == 1


def test_a_lost_parcel_says_nothing_of_the_other_and_comes_right_when_it_is_found(two):
    first, second = two
    for parcel in two:
        scan(parcel)
    with pytest.raises(shipments.SeveralParcels):
        shipments.find_out(shipment=shipment_now(), verb="lose", by="op", now=LATER)
    tracking.find_out_parcel(parcel=first, verb="lose", by="op", now=LATER + HOUR)
    assert Parcel.objects.get(pk=first.pk).latest == "lost"
    assert (state(), Case.objects.get(kind="tracking.lost").key) == ("in_transit", first.event_key)
    scan(second, Code.DELIVERED, 2)
    assert (state(), Shipment.objects.get().receipt_due_at) == ("lost", None)
    with pytest.raises(undelivered.SamePerson):  # the carrier told of the other one
        undelivered.lost(order=first.shipment.order, parcel=first, by="op", now=LATER + 2 * HOUR)
    tracking.find_out_parcel(parcel=first, verb="move", by="op", now=LATER + 3 * HOUR)
    assert state() == "in_transit"
    scan(first, Code.DELIVERED, 4)
    row = Shipment.objects.get()
    assert (row.state, row.delivered_at) == ("delivered", LATER + 4 * HOUR)
    assert Case.objects.get(kind="tracking.lost").state == "settled"


def test_a_parcel_that_came_back_leaves_the_other_delivered_and_all_that_came_back_are_returned(two):
    first, second = two
    for parcel in two:
        scan(parcel)
    scan(second, Code.DELIVERED, 1)
    assert state() == "in_transit"
    scan(first, Code.RETURNING, 2)
    assert state() == "in_transit"
    scan(first, Code.RETURNED, 3)
    row = Shipment.objects.get()
    assert (row.state, row.delivered_at) == ("delivered", LATER + HOUR)
    scan(second, Code.REFUSED, 4)
    assert state() == "in_transit"
    scan(second, Code.RETURNED, 5)
    assert state() == "returned"


def test_nothing_is_found_out_of_a_parcel_that_has_not_left(two):
    with pytest.raises(WrongState):
        tracking.find_out_parcel(parcel=two[0], verb="lose", by="op", now=LATER)


def test_a_piece_lies_in_one_parcel_and_lots_are_chosen_one_by_one(shipment):
    packing.start_packing(shipment=shipment, by="mei", now=LATER)
    order = shipment.order
    lots = {one.lot.code: one.lot_id for one in inventory.in_hand(holder=order.event_key)}
    made = packing.pack(
        shipment=shipment_now(),
        carrier="SF",
        by="mei",
        now=LATER,
        lots={lots["LATE"]: 1, lots["SOON"]: 1},
        nth=1,
    )
    assert sorted(made.lines.values_list("lot__code", "quantity")) == [("LATE", 1), ("SOON", 1)]
    with pytest.raises(packing.NotPicked) as refused:
        packing.pack(
            shipment=shipment_now(), carrier="SF", by="mei", now=LATER, lots={lots["SOON"]: 2}, nth=2
        )
    assert (refused.value.sku, refused.value.left) == ("HD-1", 1)
    rest = pack(shipment, None, nth=2)
    assert sorted(rest.lines.values_list("line__sku", "lot__code", "quantity")) == [
        ("HD-1", "SOON", 1),
        ("IR-1", "", 1),
    ]
    boxes = [inventory.in_box(box=one.event_key) for one in (made, rest)]
    picked = inventory.picked(holder=order.event_key)
    assert boxes[0] + boxes[1] == sum_of(picked)
    assert inventory.in_hand(holder=order.event_key) == []
    with pytest.raises(IntegrityError, match="reservation_in_parts"), transaction.atomic():
        Reservation.objects.update(shipped=9)


def test_the_database_refuses_a_label_while_a_picked_piece_lies_outside(shipment):
    pack(shipment, {"HD-1": 3}, nth=1)
    with pytest.raises(IntegrityError, match="lies in no parcel"), transaction.atomic():
        Shipment.objects.update(state="labelled")
    pack(shipment, None, nth=2)
    assert Shipment.objects.update(state="labelled") == 1


def sum_of(picks: list) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in picks:
        found[one.lot_id] = found.get(one.lot_id, 0) + one.quantity
    return found


def test_what_cannot_leave_is_swapped_before_it_is_packed_and_not_after(shipment):
    packing.start_packing(shipment=shipment, by="mei", now=LATER)
    lot = next(one.lot for one in inventory.in_hand(holder=shipment.event_key) if one.lot.code == "SOON")
    said = {"lot": lot, "damaged": True, "reason": "dented", "by": "mei", "now": LATER}
    packing.swap_picked(shipment=shipment_now(), pieces=1, **said)
    made = pack(shipment, None, nth=1)
    assert sorted(made.lines.values_list("line__sku", "lot__code", "quantity")) == [
        ("HD-1", "LATE", 2),
        ("HD-1", "SOON", 1),
        ("IR-1", "", 1),
    ]
    with pytest.raises(inventory.NotInHand):
        packing.swap_picked(shipment=shipment_now(), pieces=1, **said)
    Shipment.objects.update(state="labelled")
    with pytest.raises(WrongState):
        packing.swap_picked(shipment=shipment_now(), pieces=1, **said)


def test_its_consumer_sees_what_is_in_each_parcel(shipment, two):
    scan(two[0])
    seen = on_its_way(shipment.order, LATER)
    assert (seen.state, seen.may_confirm) == ("leaving", False)
    assert [[(one.sku, one.quantity) for one in parcel.pieces] for parcel in seen.parcels] == [
        [("HD-1", 2), ("IR-1", 1)],
        [("HD-1", 1)],
    ]
    assert [parcel.handed_over_at for parcel in seen.parcels] == [LATER, None]


def test_each_waybill_of_an_order_of_general_trade_is_evidence_and_contradicts_none(shipment):
    order = Order.objects.get()
    for number in ("SF1", "SF2"):
        assert record_evidence(order=order, kind="logistics", reference=number, at=LATER, now=LATER)
    assert not Case.objects.exists()

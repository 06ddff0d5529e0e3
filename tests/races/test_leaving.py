"""Two packers, two tellers, a refund and a cancellation at once: each piece leaves once, or stays."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, transaction

from customs.gateways.clearing import Release
from customs.services.release import record_release
from inventory import services as inventory
from inventory.models import Lot, Movement, Pick, Stock
from inventory.services.moving import move
from kernel.models import Case, Event
from logistics.gateways.tracking import Report, Told
from logistics.gateways.waybills import Issued
from logistics.models import Parcel, ParcelLine, Shipment
from logistics.services import leaving, overdue, packing, shipments, waybills, weighing
from logistics.services.tracking import take_in_tracking
from logistics.vocabulary import Code
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> make.World:
    made = make.world()
    shipping.sf(made.shop)
    return made


def released(parcel: Parcel) -> Shipment:
    record_release(order=parcel.shipment.order, release=Release("L1", LATER), now=LATER)
    return parcel.shipment


def failures(results: list[object]) -> list[object]:
    return [one for one in results if isinstance(one, Exception)]


def scan(parcel: Parcel) -> object:
    told = (Told(at=LATER, code=Code.PICKED_UP, raw_code="", text="已揽收"),)
    report = Report(provider="sf", carrier="SF", waybill=parcel.waybill, told=told)
    return take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=LATER)


@pytest.mark.crooked_stock
def test_with_the_guard_off_two_tellers_take_the_same_pieces_out_of_the_ledger(world):
    parcel = shipping.labelled(world, ("HD-1", 2))
    shipping.labelled(world, ("HD-1", 2))  # another order's pieces, of the same lot
    pause = threading.Barrier(2)

    def naive() -> int:
        rows = list(Pick.objects.filter(reservation__holder=parcel.shipment.event_key, shipped_at=None))
        pause.wait(timeout=20)
        with transaction.atomic():
            for one in rows:
                out = -one.quantity
                move(one.lot, Movement.Kind.SHIP, on_hand=out, reserved=out, picked=out, now=LATER)
        return sum(one.quantity for one in rows)

    assert at_once([naive] * 2) == [2, 2]
    assert Stock.objects.get(variant=world.dryer).on_hand == 96  # four, of an order of two


def test_with_the_guard_on_eight_tellers_and_scans_take_them_out_once(world):
    parcel = shipping.labelled(world, ("HD-1", 2))
    shipping.labelled(world, ("HD-1", 2))
    shipment = released(parcel)
    tellers = [lambda: leaving.dispatch(shipment=shipment, by="mei", now=LATER)] * 4
    assert failures(at_once([*tellers, *[lambda: scan(parcel)] * 4])) == []
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.on_hand, stock.reserved) == (98, 2)
    assert Movement.objects.filter(kind="ship").count() == 1
    assert Shipment.objects.get(pk=shipment.pk).state == "handed_over"
    assert Event.objects.filter(name="shipment.handed_over").count() == 1


def test_with_the_guard_off_two_packers_put_the_same_pieces_into_two_parcels(world):
    made = shipping.shipment(world, ("HD-1", 2))
    Order.objects.update(trade_mode="0110")
    packing.start_packing(shipment=made, by="mei", now=LATER)
    pause = threading.Barrier(2)

    def naive(nth: int) -> int:
        contents = packing.to_pack(made.order, made)
        pause.wait(timeout=20)
        parcel = Parcel.objects.create(
            storefront=world.shop,
            shipment=made,
            own_number=f"{made.number}-{nth}",
            single=False,
            carrier="SF",
            weight_g=1,
            asked_at=LATER,
        )
        for line, lot, pieces in contents:
            ParcelLine.objects.create(
                storefront=world.shop, parcel=parcel, line=line, lot=lot, quantity=pieces
            )
        return sum(pieces for _, _, pieces in contents)

    assert at_once([lambda: naive(1), lambda: naive(2)]) == [2, 2]


@pytest.mark.parametrize("mode", ["1210", "0110"])
def test_with_the_guard_on_eight_packers_pack_them_once(world, mode):
    made = shipping.shipment(world, ("HD-1", 2))
    Order.objects.update(trade_mode=mode)

    def pack() -> str:
        row = Shipment.objects.get()
        return packing.pack(shipment=row, carrier="SF", by="mei", now=LATER, weight_g=1200, nth=1).own_number

    results = at_once([pack] * 8)
    assert results == [f"{made.number}-1"] * 8
    assert [row.quantity for row in ParcelLine.objects.all()] == [2]
    assert Movement.objects.filter(kind="pick").count() == 1


def test_an_import_list_gets_one_parcel_even_where_nobody_locks(world):
    made = shipping.shipment(world, ("HD-1", 2))

    def naive(nth: int) -> str:
        Parcel.objects.create(
            storefront=world.shop,
            shipment=made,
            own_number=f"{made.number}-{nth}",
            carrier="SF",
            weight_g=1,
            asked_at=LATER,
        )
        return "made"

    results = at_once([lambda: naive(1), lambda: naive(2)])
    assert results.count("made") == 1
    assert [type(one) for one in failures(results)] == [IntegrityError]


def test_picking_and_cancelling_at_once_leave_nothing_set_aside(world):
    rows = [shipping.shipment(world, ("HD-1", 1)) for _ in range(4)]
    calls = [
        call
        for row in rows
        for call in (
            lambda row=row: packing.start_packing(shipment=row, by="mei", now=LATER),
            lambda row=row: cancel_paid(number=row.number, by="op", now=LATER, within_hold=False),
        )
    ]
    assert {type(one) for one in failures(at_once(calls))} <= {packing.NotPaid}
    assert set(Lot.objects.values_list("on_hand", "picked")) == {(100, 0)}
    assert Stock.objects.get(variant=world.dryer).reserved == 0


def test_a_dispatch_and_a_cancellation_at_once_end_in_one_of_them(world):
    parcels = [shipping.labelled(world, ("HD-1", 1)) for _ in range(4)]
    rows = [released(parcel) for parcel in parcels]
    calls = [
        call
        for row in rows
        for call in (
            lambda row=row: leaving.dispatch(shipment=row, by="mei", now=LATER).state,
            lambda row=row: cancel_paid(number=row.number, by="op", now=LATER, within_hold=False).state,
        )
    ]
    results = at_once(calls)
    assert {type(one) for one in failures(results)} <= {packing.NotPaid}
    gone = results[::2].count("dispatched")
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.on_hand, stock.reserved) == (100 - gone, 0)


def test_a_refunded_piece_and_a_dispatch_at_once_never_send_it_unseen(world):
    parcels = [shipping.labelled(world, ("HD-1", 2)) for _ in range(4)]
    rows = [released(parcel) for parcel in parcels]

    def refunded(row: Shipment) -> int:
        with transaction.atomic():  # as who refunds does: under the order's lock
            Order.objects.select_for_update().get(pk=row.order_id)
            return inventory.lessen(holder=row.event_key, kept={world.dryer.pk: 1}, now=LATER)

    calls = [
        call
        for row in rows
        for call in (
            lambda row=row: leaving.dispatch(shipment=row, by="mei", now=LATER).state,
            lambda row=row: refunded(row),
        )
    ]
    results = at_once(calls)
    assert {type(one) for one in failures(results)} <= {leaving.PackedOtherwise}
    for left, freed in zip(results[::2], results[1::2], strict=True):
        assert (left == "dispatched") == (freed == 0)


def test_two_scales_at_once_leave_one_case_of_one_parcel(world):
    made = shipping.shipment(world, ("HD-1", 2))
    packing.start_packing(shipment=made, by="mei", now=LATER)

    def pack(by: str) -> object:
        row = Shipment.objects.get()
        return packing.pack(shipment=row, carrier="SF", by=by, now=LATER, weight_g=1300, second_look=True)

    results = at_once([lambda n=n: pack(f"packer-{n}") for n in range(4)])
    refused = {type(one) for one in failures(results)}
    assert refused <= {weighing.WeightDiffers}
    assert Parcel.objects.count() == (0 if len(failures(results)) == 4 else 1)
    assert Case.objects.filter(kind="parcel.weight_differs", state="open").count() <= 1


def test_eight_sweeps_tell_of_a_late_order_once(world):
    made = shipping.shipment(world)
    results = at_once([lambda: overdue.sweep(now=made.late_at)] * 8)
    assert sorted(results) == [0, 0, 0, 0, 0, 0, 0, 1]
    assert Case.objects.get().seen == 1


def several(world: make.World) -> list[Parcel]:
    """Four dryers of general trade in two parcels, weighed and labelled."""
    made = shipping.shipment(world, ("HD-1", 4))
    Order.objects.filter(pk=made.order_id).update(trade_mode="0110")
    for nth, pieces in ((1, {"HD-1": 3}), (2, {"HD-1": 1})):
        made.refresh_from_db()
        packing.pack(shipment=made, carrier="SF", by="mei", now=LATER, pieces=pieces, nth=nth)
    for row in Parcel.objects.all():
        Parcel.objects.filter(pk=row.pk).update(
            state="issued", waybill=f"SF{row.pk}", issued_at=LATER, sent_at=LATER, weighed_g=row.expected_g
        )
    Shipment.objects.update(state="labelled")
    return list(Parcel.objects.order_by("id"))


def test_with_the_guard_off_two_scans_of_two_parcels_each_find_the_other_one_still_here(world):
    first, second = several(world)
    pause = threading.Barrier(2)

    def naive(parcel: Parcel) -> bool:
        with transaction.atomic():
            Parcel.objects.filter(pk=parcel.pk).update(left_at=LATER)
            pause.wait(timeout=20)
            here = Parcel.objects.filter(left_at=None).exists()
            pause.wait(timeout=20)  # neither commits before the other has looked
            return here

    assert at_once([lambda: naive(first), lambda: naive(second)]) == [True, True]  # nobody says it has left


def test_with_the_guard_on_two_parcels_scanned_at_once_leave_with_their_own_pieces_and_both_are_told(world):
    parcels = several(world)
    scans = [lambda one=one: scan(one) for one in parcels] * 4
    assert failures(at_once(scans)) == []
    stock, row = Stock.objects.get(variant=world.dryer), Shipment.objects.get()
    assert (stock.on_hand, stock.reserved, row.state) == (96, 0, "handed_over")
    assert sorted(Movement.objects.filter(kind="ship").values_list("on_hand", flat=True)) == [-3, -1]
    told = Event.objects.filter(name="shipment.handed_over").values_list("facts__waybill", flat=True)
    assert sorted(told) == sorted(parcel.waybill for parcel in parcels)
    assert Event.objects.filter(name="shipment.leaving").count() == 1


def test_a_refund_and_a_scan_at_once_give_back_what_has_not_left_and_no_more(world):
    """One piece is refunded while the parcel that would be opened for it is scanned."""
    _, second = several(world)
    order = Order.objects.get()
    scan(second)
    kept = {world.dryer.pk: 2}

    def refund() -> int:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=order.pk)
            return inventory.lessen(holder=order.event_key, kept=kept, now=LATER)

    first = Parcel.objects.order_by("id")[0]
    refunded, scanned = at_once([refund, lambda: scan(first)])
    assert failures([refunded, scanned]) == []
    stock = Stock.objects.get(variant=world.dryer)
    left = sum(-pieces for pieces in Movement.objects.filter(kind="ship").values_list("on_hand", flat=True))
    assert (refunded, left) in {(0, 4), (2, 2)}  # whichever was first
    assert (stock.on_hand, stock.reserved) == (100 - left, 0)
    beyond = inventory.left_beyond(holder=order.event_key, kept=kept)
    assert beyond == ({"HD-1": 2} if refunded == 0 else {})


def test_who_is_killed_between_ledger_and_state_leaves_nothing_half_done(world, monkeypatch):
    first, _ = several(world)
    monkeypatch.setattr("logistics.services.tracking.advance", lambda **said: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        scan(first)
    assert (Movement.objects.filter(kind="ship").count(), Shipment.objects.get().state) == (0, "labelled")
    monkeypatch.undo()
    scan(first)  # told again: what was kept of the first telling is known, and followed
    assert (Movement.objects.filter(kind="ship").count(), Shipment.objects.get().state) == (1, "leaving")


def test_two_packers_never_put_one_piece_into_two_parcels(world):
    made = shipping.shipment(world, ("HD-1", 4))
    Order.objects.update(trade_mode="0110")
    packing.start_packing(shipment=made, by="mei", now=LATER)
    made.refresh_from_db()

    def pack() -> object:
        return packing.pack(shipment=made, carrier="SF", by="mei", now=LATER, pieces={"HD-1": 3})

    results = at_once([pack] * 4)
    assert len([one for one in results if isinstance(one, Parcel)]) == 1
    assert {type(one) for one in failures(results)} == {packing.NotPicked}
    assert ParcelLine.objects.get().quantity == 3
    assert [one.quantity for one in inventory.in_hand(holder=made.event_key)] == [1]


def packing_on(world: make.World) -> tuple[Parcel, Parcel]:
    """Three dryers of general trade in a parcel that has its waybill, one in a parcel that waits for it."""
    first, second = several(world)
    Parcel.objects.filter(pk=second.pk).update(state="asked", waybill="", issued_at=None)
    Shipment.objects.update(state="packing")
    return first, Parcel.objects.get(pk=second.pk)


def test_with_the_guard_off_a_scan_and_a_carriers_answer_both_find_it_packing(world):
    packing_on(world)
    pause = threading.Barrier(2)

    def naive(then: str) -> str:
        with transaction.atomic():
            found = Shipment.objects.get().state
            pause.wait(timeout=20)
            Shipment.objects.update(state=then)  # the second one to write undoes what the first one said
        return found

    assert at_once([lambda: naive("leaving"), lambda: naive("labelled")]) == ["packing", "packing"]


def test_with_the_guard_on_a_scan_while_the_rest_gets_its_waybill_is_followed_once(world):
    first, second = packing_on(world)
    answer = Issued("SF-2", "755")
    calls = [lambda: scan(first), lambda: waybills._take_in(second, answer, LATER)] * 4
    assert failures(at_once(calls)) == []
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.on_hand, stock.reserved, Shipment.objects.get().state) == (97, 1, "leaving")
    assert Event.objects.filter(name="shipment.leaving").count() == 1
    assert Event.objects.filter(name="shipment.handed_over").count() == 1
    assert Event.objects.filter(name="waybill.issued").count() == 1


@pytest.mark.parametrize("round", range(3))
def test_a_scan_while_packing_and_a_cancellation_at_once_sell_nothing_that_is_outside(world, round):
    first, _ = packing_on(world)
    order = Order.objects.get()

    def cancel() -> None:
        cancel_paid(number=order.number, by="op", now=LATER, within_hold=False)
        shipments.cancel_shipment(order=order, by="op", now=LATER)

    assert failures(at_once([cancel, *[lambda: scan(first)] * 3])) == []
    stock = Stock.objects.get(variant=world.dryer)
    assert stock.on_hand - stock.quarantined - stock.reserved == 97  # whichever was first
    assert Case.objects.filter(kind__startswith="shipment.left_", state="open").exists()


def test_two_parcels_scanned_at_once_while_a_third_is_packed_leave_with_their_own_pieces(world):
    made = shipping.shipment(world, ("HD-1", 5))
    Order.objects.filter(pk=made.order_id).update(trade_mode="0110")
    for nth in (1, 2):
        row = Shipment.objects.get()
        packing.pack(shipment=row, carrier="SF", by="mei", now=LATER, pieces={"HD-1": nth}, nth=nth)
    for row in Parcel.objects.all():
        Parcel.objects.filter(pk=row.pk).update(state="issued", waybill=f"SF{row.pk}", issued_at=LATER)
    assert Shipment.objects.get().state == "packing"
    assert failures(at_once([lambda one=one: scan(one) for one in Parcel.objects.all()] * 3)) == []
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.on_hand, stock.reserved, Shipment.objects.get().state) == (97, 2, "leaving")
    assert Event.objects.filter(name="shipment.handed_over").count() == 2

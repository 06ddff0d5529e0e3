"""Packers, a refund and a cancellation meet a broken piece: it is set aside once, and no other with it."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction
from django.db.models import Q, Sum

from inventory import services
from inventory.models import Lot, Movement, Reservation, Stock
from inventory.services.moving import move
from inventory.services.repair import differences
from kernel.models import Case
from logistics.models import Shipment
from logistics.services import packing
from orders.services.cancel_paid import cancel_paid
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def picked(world: make.World, holder: str, pieces: int) -> None:
    wanted = [(world.dryer.pk, pieces)]
    services.reserve(warehouse_id=world.warehouse.pk, wanted=wanted, holder=holder, now=make.NOW)
    services.pick(holder=holder, by="mei", now=make.NOW)


def only_lot(pieces: int) -> tuple[make.World, Lot]:
    world = make.world(on_hand=0)
    return world, make.lot(world.warehouse, world.dryer, pieces)


def broken(holder: str, lot: Lot) -> int:
    return services.swap(
        holder=holder, lot=lot, pieces=1, damaged=True, reason="dented", by="mei", now=make.NOW
    )


def balances(lot: Lot) -> tuple[int, int, int]:
    return Lot.objects.values_list("on_hand", "picked", "quarantined").get(pk=lot.pk)


@pytest.mark.crooked_stock
def test_with_the_guard_off_two_packers_set_anothers_piece_aside_with_the_broken_one():
    world, lot = only_lot(2)
    picked(world, "order:1", 1)
    picked(world, "order:2", 1)
    pause = threading.Barrier(2)

    def naive() -> str:
        mine = services.in_hand(holder="order:1")
        pause.wait(timeout=20)
        with transaction.atomic():
            for one in mine:
                one.put_back_at = make.NOW
                one.save(update_fields=["put_back_at"])
                move(lot, Movement.Kind.PUT_BACK, picked=-one.quantity, now=make.NOW)
                move(lot, Movement.Kind.QUARANTINE, quarantined=one.quantity, now=make.NOW)
        return "set aside"

    assert at_once([naive] * 2) == ["set aside"] * 2
    assert balances(lot) == (2, 0, 2)
    assert [str(one) for one in differences()] == [f"picks {lot.pk}: 0 stands, 1 is right"]


def test_with_the_guard_on_eight_packers_set_it_aside_once():
    world, lot = only_lot(2)
    picked(world, "order:1", 1)
    picked(world, "order:2", 1)
    results = at_once([lambda: broken("order:1", lot)] * 8)
    assert [one for one in results if not isinstance(one, services.NotInHand)] == [1]
    assert (balances(lot), differences()) == ((2, 1, 1), [])


def test_broken_pieces_and_refunds_at_once_leave_each_piece_in_one_place():
    world, lot = only_lot(18)
    holders = [f"order:{n}" for n in range(6)]
    for holder in holders:
        picked(world, holder, 3)
    kept = {world.dryer.pk: 2}
    results = at_once(
        [
            *(lambda holder=holder: broken(holder, lot) for holder in holders),
            *(
                lambda holder=holder: services.lessen(holder=holder, kept=kept, now=make.NOW)
                for holder in holders
            ),
        ]
    )
    assert [one for one in results if isinstance(one, Exception)] == []
    assert results[6:] == [1] * 6
    assert differences() == []
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.on_hand, stock.reserved, stock.quarantined) == (18, 12, 6)
    hands = Sum("picks__quantity", filter=Q(picks__put_back_at=None))
    lack = {holder: sum(services.lacking(holder=holder).values()) for holder in holders}
    for row in Reservation.objects.annotate(hands=hands):
        assert (row.quantity, row.hands + lack[row.holder]) == (2, 2)
    told = Case.objects.filter(kind="stock.picked_damaged", state="open").values_list("key", flat=True)
    assert set(told) == {holder for holder in holders if lack[holder]}
    for holder in holders:
        services.pick(holder=holder, by="mei", now=make.NOW)
    assert (balances(lot), told.all().count()) == ((18, 12, 6), 0)


def test_broken_pieces_more_coming_in_and_picking_at_once_pick_no_piece_twice():
    world, lot = only_lot(4)
    holders = [f"order:{n}" for n in range(4)]
    for holder in holders:
        picked(world, holder, 1)
    assert [broken(holder, lot) for holder in holders] == [1] * 4
    pick = [lambda holder=holder: services.pick(holder=holder, by="mei", now=make.NOW) for holder in holders]
    come_in = [lambda: make.lot(world.warehouse, world.dryer, 2, "MORE")] * 2
    results = at_once([*pick, *pick, *come_in])
    expected = (services.CannotPick,)
    assert [one for one in results if isinstance(one, Exception) and not isinstance(one, expected)] == []
    for again in pick:
        again()
    assert (balances(lot), balances(Lot.objects.get(code="MORE"))) == ((4, 0, 4), (4, 4, 0))
    assert differences() == []


def test_a_broken_piece_and_a_cancellation_at_once_end_one_after_the_other():
    world = make.world(on_hand=0)
    lot = make.lot(world.warehouse, world.dryer, 12)
    shipping.sf(world.shop)
    made = [shipping.shipment(world, ("HD-1", 2)) for _ in range(6)]
    for one in made:
        packing.start_packing(shipment=one, by="mei", now=LATER)

    def swap(one: Shipment) -> str:
        said = {"pieces": 1, "damaged": True, "reason": "dented", "by": "mei", "now": LATER}
        packing.swap_picked(shipment=one, lot=lot, **said)
        return "set aside"

    def cancel(one: Shipment) -> str:
        cancel_paid(number=one.number, by="op", now=LATER, within_hold=False)
        return "cancelled"

    calls = [lambda one=one, verb=verb: verb(one) for one in made for verb in (swap, cancel)]
    results = at_once(calls)
    assert results[1::2] == ["cancelled"] * 6
    late = [one for one in results[::2] if one != "set aside"]
    assert [one for one in late if not isinstance(one, packing.NotPaid)] == []
    assert (balances(lot), differences()) == ((12, 0, 6 - len(late)), [])
    assert Stock.objects.get(variant=world.dryer).reserved == 0
    assert not Case.objects.filter(kind="stock.picked_damaged", state="open").exists()

"""Picking, giving back and taking out of sale at the same moment: each piece is somewhere, once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from inventory import services
from inventory.models import Lot, Movement, Reservation, Stock
from inventory.services import lessening
from inventory.services.moving import move
from inventory.services.shelf import quarantine_ended
from kernel.clock import shanghai_day
from tests import make
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LATER = make.NOW + timedelta(days=1)


def ending(pieces: int) -> Lot:
    """Pieces that are sold today and not tomorrow."""
    world = make.world(on_hand=0)
    return make.lot(world.warehouse, world.dryer, pieces, "A", expires_on=shanghai_day(make.NOW))


def test_with_the_guard_off_two_sweeps_take_the_same_pieces_out_of_sale():
    lot = ending(5)
    pause = threading.Barrier(2)

    def naive() -> str:
        seen = Lot.objects.get(pk=lot.pk)
        pause.wait(timeout=20)
        with transaction.atomic():
            move(seen, Movement.Kind.QUARANTINE, quarantined=seen.free, now=LATER)
        return "moved"

    results = at_once([naive] * 2)
    assert results.count("moved") == 1
    assert [type(one) for one in results if one != "moved"] == [IntegrityError]  # the balance holds


def test_with_the_guard_on_eight_sweeps_take_them_once():
    lot = ending(5)
    results = at_once([lambda: quarantine_ended(stock_ids=[lot.stock_id], now=LATER)] * 8)
    assert sorted(results) == [0, 0, 0, 0, 0, 0, 0, 5]
    assert Movement.objects.filter(kind="quarantine").count() == 1


def test_a_sweep_and_twenty_reservations_at_once_sell_nothing_that_has_ended():
    lot = ending(20)
    place = lot.stock.warehouse_id

    def reserve(n: int) -> str:
        with transaction.atomic():
            services.reserve(
                warehouse_id=place, wanted=[(lot.stock.variant_id, 1)], holder=f"order:{n}", now=LATER
            )
        return "held"

    sweeps = [lambda: services.sweep(now=LATER)] * 4
    results = at_once([*(lambda n=n: reserve(n) for n in range(20)), *sweeps])
    assert [one for one in results[:20] if not isinstance(one, services.SoldOut)] == []
    assert [one for one in results[20:] if isinstance(one, Exception)] == []
    stock = Stock.objects.get(pk=lot.stock_id)
    assert (stock.reserved, stock.quarantined) == (0, 20)


def test_picking_and_giving_back_at_once_leave_no_piece_in_between():
    world = make.world(on_hand=40)
    for n in range(8):
        services.reserve(
            warehouse_id=world.warehouse.pk,
            wanted=[(world.dryer.pk, 2), (world.iron.pk, 1)],
            holder=f"order:{n}",
            now=make.NOW,
        )
    calls = [
        call
        for n in range(8)
        for call in (
            lambda n=n: services.pick(holder=f"order:{n}", by="packer", now=make.NOW),
            lambda n=n: services.release(holder=f"order:{n}", now=make.NOW),
        )
    ]
    assert [one for one in at_once(calls) if isinstance(one, Exception)] == []
    assert set(Reservation.objects.values_list("state", flat=True)) == {"released"}
    assert set(Lot.objects.values_list("on_hand", "picked")) == {(40, 0)}


@pytest.mark.crooked_stock
def test_with_the_guard_off_two_refunds_of_one_piece_put_two_back():
    world = make.world(on_hand=0)
    lot = make.lot(world.warehouse, world.dryer, 5)
    hold = {"warehouse_id": world.warehouse.pk, "wanted": [(world.dryer.pk, 3)], "holder": "order:1"}
    services.reserve(**hold, now=make.NOW)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    pause = threading.Barrier(2)

    def naive() -> int:
        row = Reservation.objects.get()
        beyond = row.quantity - 2
        pause.wait(timeout=20)
        with transaction.atomic():
            lessening._put_back(row, beyond, make.NOW)
        return beyond

    assert at_once([naive] * 2) == [1, 1]
    lot.refresh_from_db()
    assert lot.picked == 1


def test_with_the_guard_on_eight_refunds_of_one_piece_put_one_back():
    world = make.world(on_hand=0)
    lot = make.lot(world.warehouse, world.dryer, 5)
    hold = {"warehouse_id": world.warehouse.pk, "wanted": [(world.dryer.pk, 3)], "holder": "order:1"}
    services.reserve(**hold, now=make.NOW)
    services.pick(holder="order:1", by="packer", now=make.NOW)
    results = at_once([lambda: services.lessen(holder="order:1", kept={world.dryer.pk: 2}, now=make.NOW)] * 8)
    assert sorted(results) == [0, 0, 0, 0, 0, 0, 0, 1]
    lot.refresh_from_db()
    assert lot.picked == 2


def test_a_refunded_piece_and_shipping_at_once_either_stays_or_leaves_once():
    world = make.world(on_hand=40)
    for n in range(6):
        services.reserve(
            warehouse_id=world.warehouse.pk, wanted=[(world.dryer.pk, 3)], holder=f"order:{n}", now=make.NOW
        )
        services.pick(holder=f"order:{n}", by="packer", now=make.NOW)
    calls = [
        call
        for n in range(6)
        for call in (
            lambda n=n: services.lessen(holder=f"order:{n}", kept={world.dryer.pk: 2}, now=make.NOW),
            lambda n=n: services.ship(holder=f"order:{n}", by="packer", now=make.NOW),
        )
    ]
    results = at_once(calls)
    assert [one for one in results if isinstance(one, Exception)] == []
    freed, gone = sum(results[::2]), sum(results[1::2])
    assert freed + gone == 18
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.on_hand, stock.reserved) == (40 - gone, 0)


def test_a_stop_and_reservations_at_once_leave_either_held_or_refused():
    world = make.world(on_hand=40)

    def reserve(n: int) -> str:
        with transaction.atomic():
            services.reserve(
                warehouse_id=world.warehouse.pk,
                wanted=[(world.dryer.pk, 1)],
                holder=f"order:{n}",
                now=make.NOW,
            )
        return "held"

    def stop() -> str:
        services.stop_sale(variant=world.dryer, reason="recall", by="qa", now=make.NOW)
        return "stopped"

    results = at_once([*(lambda n=n: reserve(n) for n in range(12)), stop])
    assert results[-1] == "stopped"
    refused = [one for one in results[:-1] if one != "held"]
    # Whoever was on the way when the stop came is refused as one who came too late.
    assert [one for one in refused if not isinstance(one, (services.SaleStopped, services.SoldOut))] == []
    assert Stock.objects.get(variant=world.dryer).reserved == 12 - len(refused)
    with pytest.raises(services.SaleStopped):
        reserve(99)


def keeping(lot: Lot) -> list[object]:
    """Eight matters at once, each for two of five pieces; how many got them."""

    def keep(n: int) -> str:
        try:
            services.keep_for(lot=Lot.objects.get(pk=lot.pk), pieces=2, holder=f"m:{n}", by="op", now=LATER)
        except services.TooFewPieces:
            return "too few"
        return "kept"

    return at_once([lambda n=n: keep(n) for n in range(8)])


def test_with_the_guard_off_two_matters_keep_the_same_pieces(monkeypatch):
    lot = ending(5)
    quarantine_ended(stock_ids=[lot.stock_id], now=LATER)
    pause = threading.Barrier(8)
    monkeypatch.setattr("inventory.services.keeping.locked", lambda _: pause.wait(timeout=20))
    monkeypatch.setattr("inventory.services.keeping.free_held", lambda *_, **__: 0)
    assert keeping(lot).count("kept") > 2


def test_with_the_guard_on_pieces_are_kept_for_one_matter_each():
    lot = ending(5)
    quarantine_ended(stock_ids=[lot.stock_id], now=LATER)
    assert keeping(lot).count("kept") == 2
    assert services.kept([lot])[lot.pk] == 4

"""A balance is the sum of its movements, and nothing but a movement changes it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from inventory import services
from inventory.models import Lot, Movement, Reservation, Stock
from inventory.services import held
from inventory.services.repair import differences, repair
from kernel.models import Case
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> make.World:
    return make.world(on_hand=10)


def test_what_is_received_and_reserved_stands_in_the_ledger(world):
    services.reserve(
        warehouse_id=world.warehouse.pk, wanted=[(world.dryer.pk, 3)], holder="order:1", now=make.NOW
    )
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.on_hand, stock.reserved, stock.quarantined, stock.available) == (10, 3, 0, 7)
    assert list(stock.movements.order_by("pk").values_list("kind", "on_hand", "reserved", "holder")) == [
        ("receive", 10, 0, ""),
        ("reserve", 0, 3, "order:1"),
    ]


def test_a_balance_that_is_written_past_the_ledger_is_refused(world):
    stock, lot = Stock.objects.get(variant=world.dryer), Lot.objects.get(stock__variant=world.dryer)
    for rows, change in (
        (Stock.objects.filter(pk=stock.pk), {"on_hand": 11}),
        (Stock.objects.filter(pk=stock.pk), {"reserved": 1}),
        (Lot.objects.filter(pk=lot.pk), {"quarantined": 1}),
    ):
        with pytest.raises(IntegrityError, match="by a movement only"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError, match="by a movement only"), transaction.atomic():
        Stock.objects.create(
            storefront=world.shop,
            warehouse=make.warehouse(world.shop, "second"),
            variant=world.dryer,
            on_hand=1,
        )


@pytest.mark.parametrize("role", ["web", "worker"])
def test_who_serves_can_neither_write_a_balance_nor_rewrite_a_movement(world, role):
    for statement in (
        "UPDATE inventory_stock SET on_hand = 99",
        "UPDATE inventory_lot SET on_hand = 99",
        "UPDATE inventory_movement SET on_hand = 99",
        "DELETE FROM inventory_movement",
        "DELETE FROM inventory_stock",
    ):
        refused = pytest.raises(ProgrammingError, match="permission denied")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute("SELECT set_config('inventory.repair', 'on', true)")
            cursor.execute(statement)


def test_a_reservation_of_more_than_is_available_is_refused_by_the_database_itself(world):
    stock = Stock.objects.get(variant=world.dryer)
    with pytest.raises(IntegrityError, match="not enough"), transaction.atomic():
        Movement.objects.create(
            storefront=world.shop, stock=stock, kind="reserve", reserved=11, holder="order:1", at=make.NOW
        )


def test_a_warehouse_that_was_switched_off_since_the_quote_sells_nothing(world):
    wanted = {"warehouse_id": world.warehouse.pk, "wanted": [(world.dryer.pk, 1)], "now": make.NOW}
    make.warehouse(world.shop, active=False)
    with pytest.raises(services.SaleStopped):
        services.reserve(holder="order:1", **wanted)
    assert (Stock.objects.get(variant=world.dryer).reserved, Reservation.objects.count()) == (0, 0)
    make.warehouse(world.shop, active=True)
    services.reserve(holder="order:1", **wanted)
    assert Stock.objects.get(variant=world.dryer).reserved == 1


def test_a_movement_of_a_lot_of_another_stock_is_refused(world):
    dryer = Stock.objects.get(variant=world.dryer)
    with pytest.raises(IntegrityError, match="no such lot"), transaction.atomic():
        Movement.objects.create(
            storefront=world.shop,
            stock=dryer,
            lot=Lot.objects.get(stock__variant=world.iron),
            kind="receive",
            on_hand=1,
            at=make.NOW,
        )


@pytest.mark.parametrize(
    ("of_lot", "moved", "broken"),
    [
        (True, {"kind": "reserve", "reserved": 1}, "movement_lot"),
        (True, {"kind": "release", "reserved": -1}, "movement_lot"),
        (False, {"kind": "adjust", "on_hand": 1}, "movement_lot"),
        (False, {"kind": "reserve", "reserved": 1, "on_hand": 1}, "movement_lot"),
        (False, {"kind": "reserve", "reserved": 1, "picked": 1}, "movement_lot"),
        (False, {"kind": "release", "reserved": -1, "quarantined": 1}, "movement_lot"),
        (False, {"kind": "reserve"}, "movement_moves"),
        (True, {"kind": "adjust"}, "movement_moves"),
    ],
)
def test_a_movement_that_moves_nothing_or_what_it_may_not_is_refused(world, of_lot, moved, broken):
    stock = Stock.objects.get(variant=world.dryer)
    lot = Lot.objects.get(stock=stock) if of_lot else None
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Movement.objects.create(storefront=world.shop, stock=stock, lot=lot, at=make.NOW, **moved)
    assert refused.value.__cause__.diag.constraint_name == broken
    assert Movement.objects.filter(stock=stock).count() == 1


def test_who_writes_a_stock_as_it_stands_changes_no_balance(world):
    stock = Stock.objects.get(variant=world.dryer)
    stock.stopped = True
    stock.save()
    assert Stock.objects.get(pk=stock.pk).stopped


@pytest.mark.crooked_stock
def test_a_balance_that_differs_is_named_and_set_right(world, capsys):
    services.reserve(
        warehouse_id=world.warehouse.pk, wanted=[(world.dryer.pk, 3)], holder="order:1", now=make.NOW
    )
    stock = Stock.objects.get(variant=world.dryer)
    make.crook(stock, on_hand=12, reserved=4)
    assert [str(one) for one in differences()] == [
        f"stock {stock.pk}: 12/4/0 stands, 10/3/0 is right",
        f"reservations {stock.pk}: 4 stands, 3 is right",
    ]
    with pytest.raises(SystemExit):
        call_command("stock", "verify")
    assert repair() == 1
    assert differences() == []
    call_command("stock", "verify")
    assert capsys.readouterr().out.endswith("0 differences\n")


@pytest.mark.crooked_stock
def test_a_lot_without_its_movements_is_found(world):
    lot = Lot.objects.get(stock__variant=world.dryer)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('inventory.repair', 'on', true)")
    Lot.objects.filter(pk=lot.pk).update(on_hand=9)
    assert [str(one) for one in differences()] == [f"lot {lot.pk}: 9/0/0 stands, 10/0/0 is right"]


def test_what_cannot_be_given_back_keeps_no_other_and_is_a_case_until_it_is(world, monkeypatch):
    for holder in ("basket:1", "basket:2"):
        services.reserve(
            warehouse_id=world.warehouse.pk,
            wanted=[(world.dryer.pk, 2)],
            holder=holder,
            now=make.NOW,
            until=make.NOW,
        )
    release = held.release

    def failing(*, holder, now):
        return 1 // 0 if holder == "basket:1" else release(holder=holder, now=now)

    monkeypatch.setattr(held, "release", failing)
    assert services.release_expired(now=make.NOW) == 1
    case = Case.objects.get()
    assert (case.kind, case.key, case.storefront_id) == ("reservation.failing", "basket:1", world.shop.pk)
    monkeypatch.undo()
    assert services.release_expired(now=make.NOW + timedelta(seconds=59)) == 0
    assert services.release_expired(now=make.NOW + timedelta(minutes=1)) == 1
    case.refresh_from_db()
    assert case.state == "settled"


def test_a_holder_at_the_head_that_always_fails_starves_none_behind_it(world, monkeypatch):
    for holder, until in (("basket:1", make.NOW - timedelta(hours=1)), ("basket:2", make.NOW)):
        services.reserve(
            warehouse_id=world.warehouse.pk,
            wanted=[(world.dryer.pk, 2)],
            holder=holder,
            now=make.NOW,
            until=until,
        )
    release = held.release

    def failing(*, holder, now):
        return 1 // 0 if holder == "basket:1" else release(holder=holder, now=now)

    monkeypatch.setattr(held, "release", failing)
    assert [services.release_expired(now=make.NOW, limit=1) for _ in range(2)] == [0, 1]
    assert Case.objects.get().key == "basket:1"


def test_what_is_held_until_a_time_comes_back_then_and_an_orders_does_not(world):
    later = make.NOW.replace(hour=5)
    for holder, until in (("basket:1", later), ("order:1", None)):
        services.reserve(
            warehouse_id=world.warehouse.pk,
            wanted=[(world.dryer.pk, 2)],
            holder=holder,
            now=make.NOW,
            until=until,
        )
    assert services.release_expired(now=make.NOW) == 0
    assert services.release_expired(now=later) == 1
    assert services.release_expired(now=later) == 0
    assert dict(Reservation.objects.values_list("holder", "state")) == {
        "basket:1": "released",
        "order:1": "held",
    }
    assert Stock.objects.get(variant=world.dryer).reserved == 2

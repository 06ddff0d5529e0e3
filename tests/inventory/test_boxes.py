"""A picked piece lies in one box at most; a box leaves with its pieces alone; unfit ones are swapped."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from inventory import services
from inventory.models import Lot, Movement, Pick, Reservation, Stock
from inventory.queries import held
from kernel.models import Case
from tests import make

pytestmark = pytest.mark.django_db
ALICE = "order:1"
BY = {"by": "packer", "now": make.NOW}


@pytest.fixture
def world() -> make.World:
    """Five dryers picked for Alice: two of the lot that ends sooner, three of the other's six."""
    world = make.world(on_hand=0)
    make.lot(world.warehouse, world.dryer, 2, "SOON", expires_on=date(2028, 1, 1))
    make.lot(world.warehouse, world.dryer, 6, "LATE", expires_on=date(2029, 1, 1))
    services.reserve(
        warehouse_id=world.warehouse.pk, wanted=[(world.dryer.pk, 5)], holder=ALICE, now=make.NOW
    )
    services.pick(holder=ALICE, **BY)
    return world


def put(box: str, **pieces: int) -> None:
    lots = {Lot.objects.get(code=code).pk: number for code, number in pieces.items()}
    services.put_in_box(holder=ALICE, box=box, pieces=lots)


def inside(box: str) -> dict[str, int]:
    return {Lot.objects.get(pk=lot).code: number for lot, number in services.in_box(box=box).items()}


def lots() -> dict[str, tuple[int, int, int]]:
    rows = Lot.objects.values_list("code", "on_hand", "picked", "quarantined")
    return {code: (on_hand, picked, quarantined) for code, on_hand, picked, quarantined in rows}


def stock() -> tuple[int, int]:
    row = Stock.objects.get(variant__sku="HD-1")
    return row.on_hand, row.reserved


def reservation() -> tuple[int, int, str]:
    return Reservation.objects.values_list("quantity", "shipped", "state").get()


def test_a_box_leaves_with_its_pieces_and_the_rest_stays_held(world):
    put("box:1", SOON=2, LATE=1)
    put("box:2", LATE=2)
    assert (inside("box:1"), inside("box:2")) == ({"SOON": 2, "LATE": 1}, {"LATE": 2})
    for shipped in (3, 0):
        assert services.ship(holder=ALICE, box="box:1", **BY) == shipped
        assert (stock(), reservation(), held(holder=ALICE)) == (
            (5, 2),
            (5, 3, "picked"),
            {world.dryer.pk: 2},
        )
        assert lots() == {"SOON": (0, 0, 0), "LATE": (5, 2, 0)}
    assert services.ship(holder=ALICE, box="box:2", **BY) == 2
    assert (stock(), reservation(), held(holder=ALICE)) == ((3, 0), (5, 5, "shipped"), {})


def test_a_piece_lies_in_one_box_and_comes_out_of_it_with_all_that_has_not_left(world):
    put("box:1", SOON=2)
    with pytest.raises(services.NotInHand) as refused:
        put("box:2", LATE=2, SOON=1)
    assert (refused.value.pieces, inside("box:2")) == (0, {})
    assert sum(one.quantity for one in services.in_hand(holder=ALICE)) == 3
    services.empty_box(box="box:1")
    put("box:2", SOON=1, LATE=3)
    services.ship(holder=ALICE, box="box:2", **BY)
    services.empty_box(box="box:2")
    assert inside("box:2") == {"SOON": 1, "LATE": 3}
    assert [(one.lot.code, one.quantity) for one in services.in_hand(holder=ALICE)] == [("SOON", 1)]


def test_fewer_pieces_are_taken_from_the_hand_first_then_from_the_last_box_and_never_from_what_left(world):
    put("box:1", SOON=2)
    put("box:2", LATE=2)
    services.ship(holder=ALICE, box="box:1", **BY)
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 3}, now=make.NOW) == 2
    assert (inside("box:2"), services.in_hand(holder=ALICE)) == ({"LATE": 1}, [])
    assert (stock(), reservation()) == ((6, 1), (3, 2, "picked"))
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 1}, now=make.NOW) == 1
    assert (stock(), reservation()) == ((6, 0), (2, 2, "shipped"))
    assert services.left_beyond(holder=ALICE, kept={world.dryer.pk: 1}) == {"HD-1": 1}
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 1}, now=make.NOW) == 0


def test_of_what_left_in_part_the_rest_is_given_back(world):
    put("box:1", SOON=2)
    services.ship(holder=ALICE, box="box:1", **BY)
    assert services.release(holder=ALICE, now=make.NOW) == 1
    assert (stock(), reservation()) == ((6, 0), (2, 2, "shipped"))
    assert lots() == {"SOON": (0, 0, 0), "LATE": (6, 0, 0)}
    assert services.release(holder=ALICE, now=make.NOW) == 0


def test_the_database_refuses_a_reservation_of_which_more_or_other_has_left_than_its_state_says(world):
    for wrong in ({"shipped": 6}, {"shipped": 5}, {"state": "shipped"}, {"state": "released", "shipped": 1}):
        with pytest.raises(IntegrityError, match="reservation_in_parts"), transaction.atomic():
            Reservation.objects.update(**wrong)


def test_of_a_box_whose_lot_was_stopped_nothing_leaves_and_the_other_box_does(world):
    put("box:1", SOON=2)
    put("box:2", LATE=3)
    soon = Lot.objects.get(code="SOON")
    services.stop_sale(variant=world.dryer, lot=soon, reason="recall", by="qa", now=make.NOW)
    with pytest.raises(services.SaleStopped):
        services.ship(holder=ALICE, box="box:1", **BY)
    assert services.ship(holder=ALICE, box="box:2", **BY) == 3


def swap(code: str, pieces: int, damaged: bool = False) -> None:
    lot = Lot.objects.get(code=code)
    services.swap(holder=ALICE, lot=lot, pieces=pieces, damaged=damaged, reason="dented", **BY)


def test_what_came_to_its_floor_in_the_packers_hands_is_swapped_for_what_keeps_longer(world):
    Lot.objects.filter(code="SOON").update(unsellable_from=make.NOW.date() - timedelta(days=1))
    with pytest.raises(services.PickedEnded):
        services.ship(holder=ALICE, **BY)
    swap("SOON", 2)
    assert lots() == {"SOON": (2, 0, 2), "LATE": (6, 5, 0)}
    assert (stock(), reservation()) == ((8, 5), (5, 0, "picked"))
    held_for = Movement.objects.filter(kind="quarantine").values_list("holder", "quarantined")
    assert list(held_for) == [("floor", 2)]
    assert services.ship(holder=ALICE, **BY) == 5


def test_a_damaged_piece_is_swapped_for_another_of_its_lot_and_waits_until_someone_restores_it(world):
    swap("LATE", 1, damaged=True)
    assert lots() == {"SOON": (2, 2, 0), "LATE": (6, 3, 1)}
    told = (
        Movement.objects.filter(reason="dented").order_by("pk").values_list("kind", "picked", "quarantined")
    )
    assert list(told) == [("put_back", -1, 0), ("quarantine", 0, 1)]
    assert not Case.objects.exists()


def test_where_nothing_else_may_leave_nothing_is_swapped_and_it_is_a_case(world):
    with pytest.raises(services.CannotPick) as refused:
        swap("LATE", 2)  # all other dryers are picked
    assert (refused.value.sku, refused.value.missing) == ("HD-1", 2)
    assert lots() == {"SOON": (2, 2, 0), "LATE": (6, 3, 0)}
    assert Case.objects.get().kind == "stock.short"


def test_what_lies_in_a_box_or_was_never_picked_is_not_swapped(world):
    put("box:1", LATE=2)
    for pieces in (0, 2):
        with pytest.raises(services.NotInHand) as refused:
            swap("LATE", pieces, damaged=True)
        assert refused.value.pieces == 1
    assert Pick.objects.filter(put_back_at__isnull=False).count() == 0


def receive(world: make.World, list_no: str, pieces: int = 4, **more) -> Lot:
    said = {"code": "A", "expires_on": date(2028, 1, 1), "inbound_list": list_no, **more}
    return services.receive(warehouse=world.warehouse, variant=world.dryer, quantity=pieces, **said, **BY)


def test_a_lot_number_under_a_second_inbound_list_is_a_second_row_and_one_batch(world):
    first, second = receive(world, "QD1"), receive(world, "QD2")
    assert (receive(world, "QD1", 2).pk, first.pk == second.pk) == (first.pk, False)
    assert {one.inbound_list: one.on_hand for one in Lot.objects.filter(code="A")} == {"QD1": 6, "QD2": 4}
    with pytest.raises(services.LotDiffers):
        receive(world, "QD3", expires_on=date(2028, 1, 2))
    services.stop_sale(variant=world.dryer, lot=second, reason="recall", by="qa", now=make.NOW)
    assert set(Lot.objects.filter(code="A").values_list("stopped", "quarantined")) == {(True, 6), (True, 4)}
    assert receive(world, "QD3").stopped is True


def test_a_list_that_a_lot_is_kept_under_is_not_entered_for_another_row_of_it(world):
    receive(world, "QD1")
    second = receive(world, "QD2")
    said = {"produced_on": None, "expires_on": second.expires_on, "reason": "typed wrong"}
    with pytest.raises(services.LotThere):
        services.correct_lot(lot=second, inbound_list="QD1", **said, **BY)
    assert services.correct_lot(lot=second, inbound_list="QD3", **said, **BY).inbound_list == "QD3"

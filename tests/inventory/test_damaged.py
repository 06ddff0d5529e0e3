"""What breaks in a packer's hands is sold to nobody; what then lacks is picked later, or given up."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from inventory import services
from inventory.models import Lot, Movement, Reservation, Stock
from inventory.queries import held
from inventory.services.repair import differences
from kernel.models import Case
from tests import make

pytestmark = pytest.mark.django_db
ALICE = "order:1"
BY = {"by": "packer", "now": make.NOW}


@pytest.fixture
def world() -> make.World:
    """All three dryers that there are, picked for Alice."""
    world = make.world(on_hand=0)
    make.lot(world.warehouse, world.dryer, 3, "A", expires_on=date(2028, 1, 1))
    reserve(world, ALICE, 3)
    services.pick(holder=ALICE, **BY)
    return world


def reserve(world: make.World, holder: str, pieces: int) -> None:
    wanted = [(world.dryer.pk, pieces)]
    services.reserve(warehouse_id=world.warehouse.pk, wanted=wanted, holder=holder, now=make.NOW)


def broken(pieces: int) -> int:
    lot = Lot.objects.get(code="A")
    return services.swap(holder=ALICE, lot=lot, pieces=pieces, damaged=True, reason="dented", **BY)


def lot(code: str = "A") -> tuple[int, int, int]:
    return Lot.objects.values_list("on_hand", "picked", "quarantined").get(code=code)


def stock() -> tuple[int, int, int]:
    return Stock.objects.values_list("on_hand", "reserved", "quarantined").get(variant__sku="HD-1")


def reservation() -> tuple[int, int, str]:
    return Reservation.objects.values_list("quantity", "shipped", "state").get(holder=ALICE)


def lacks() -> list[int]:
    return list(services.lacking(holder=ALICE).values())


def told() -> list[tuple[str, str]]:
    return list(Case.objects.filter(kind="stock.picked_damaged").order_by("pk").values_list("state", "note"))


def said() -> str:
    return Case.objects.get(kind="stock.picked_damaged", state="open").facts["pieces"]


def test_the_last_pieces_are_set_aside_when_they_break_and_stay_promised(world):
    assert broken(2) == 2
    assert (lot(), stock(), lacks()) == ((3, 1, 2), (3, 3, 2), [2])
    assert (reservation(), held(holder=ALICE)) == ((3, 0, "picked"), {world.dryer.pk: 3})
    said = Movement.objects.filter(reason="dented").order_by("pk")
    assert list(said.values_list("kind", "picked", "quarantined")) == [
        ("put_back", -2, 0),
        ("quarantine", 0, 2),
    ]
    case = Case.objects.get(kind="stock.picked_damaged")
    assert (case.key, case.facts) == (ALICE, {"order": "1", "pieces": "HD-1×2"})
    assert Case.objects.get(kind="stock.short").facts["pieces"] == 2


def test_the_case_names_all_that_lacks_of_every_kind_however_often_something_broke(world):
    make.lot(world.warehouse, world.iron, 1, "I")
    services.reserve(warehouse_id=world.warehouse.pk, wanted=[(world.iron.pk, 1)], holder=ALICE, now=make.NOW)
    services.pick(holder=ALICE, **BY)
    for _ in range(2):
        broken(1)
    assert said() == "HD-1×2"
    iron = Lot.objects.get(code="I")
    services.swap(holder=ALICE, lot=iron, pieces=1, damaged=True, reason="bent", **BY)
    assert said() == "HD-1×2 IR-1×1"
    services.lessen(holder=ALICE, kept={world.dryer.pk: 2}, now=make.NOW)
    assert said() == "HD-1×1 IR-1×1"
    services.lessen(holder=ALICE, kept={world.dryer.pk: 1, world.iron.pk: 0}, now=make.NOW)
    assert {state for state, _ in told()} == {"settled"}


@pytest.mark.parametrize("how", ["discard", "adjust"])
def test_what_broke_is_written_off_while_it_lacks_and_nothing_else_is(world, how):
    broken(2)
    said = {"lot": Lot.objects.get(code="A"), "reason": "burnt", **BY}

    def write_off(pieces):
        if how == "discard":
            return services.discard(pieces=pieces, holder="", **said)
        return services.adjust(pieces=-pieces, **said)

    write_off(1)
    assert (lot(), stock(), lacks(), reservation()) == ((2, 1, 1), (2, 3, 1), [2], (3, 0, "picked"))
    with pytest.raises(services.SoldOut):
        reserve(world, "order:2", 1)
    with pytest.raises(services.TooFewPieces):
        write_off(2)
    write_off(1)
    make.lot(world.warehouse, world.dryer, 3, "B")
    fresh = Lot.objects.get(code="B")
    services.quarantine(lot=fresh, pieces=2, reason="torn", **BY)
    with pytest.raises(services.BadCount):  # one of them is fit, and promised
        services.adjust(lot=fresh, pieces=-3, reason="burnt", **BY)
    services.restore(lot=fresh, pieces=2, reason="mended", **BY)
    assert [one.quantity for one in services.pick(holder=ALICE, **BY)] == [1, 2]
    with pytest.raises(services.TooFewPieces):
        services.adjust(lot=fresh, pieces=-2, reason="burnt", **BY)
    services.adjust(lot=fresh, pieces=-1, reason="burnt", **BY)
    assert services.ship(holder=ALICE, **BY) == 3
    assert (stock(), differences()) == ((0, 0, 0), [])


def test_what_broke_and_was_written_off_is_given_up_with_its_order(world):
    broken(3)
    services.discard(lot=Lot.objects.get(), pieces=3, holder="", reason="burnt", **BY)
    assert stock() == (0, 3, 0)
    with pytest.raises(services.SoldOut):
        reserve(world, "order:2", 1)
    assert services.release(holder=ALICE, now=make.NOW) == 1
    assert (stock(), told(), differences()) == ((0, 0, 0), [("settled", "given back")], [])


def test_the_database_lets_no_promised_piece_go_but_what_lacks(world):
    one = Lot.objects.get()
    broken(1)
    for pieces, refused in ((-2, True), (-1, False), (-1, True)):
        gone = Movement(storefront_id=one.storefront_id, stock=one.stock, lot=one, kind="adjust", at=make.NOW)
        gone.on_hand, gone.quarantined = pieces, max(pieces, -1) if not refused else 0
        if refused:
            gone.picked = pieces  # as a fault elsewhere would have it
            with pytest.raises(IntegrityError, match="not enough is available"), transaction.atomic():
                gone.save()
        else:
            gone.save()
    assert stock() == (2, 3, 0)


def test_as_many_as_there_are_take_the_place_of_the_broken_ones(world):
    make.lot(world.warehouse, world.dryer, 1, "B", expires_on=date(2029, 1, 1))
    assert broken(3) == 2
    assert (lot("A"), lot("B"), lacks()) == ((3, 0, 3), (1, 1, 0), [2])


def test_of_a_whole_order_that_broke_nothing_is_sold_to_the_next_when_it_is_refunded(world):
    assert broken(3) == 3
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 0}, now=make.NOW) == 3
    assert (reservation(), stock(), told()) == ((3, 0, "released"), (3, 0, 3), [("settled", "given up")])
    with pytest.raises(services.SoldOut):
        reserve(world, "order:2", 1)


def test_a_refund_gives_up_what_lacks_before_it_takes_a_piece_out_of_the_hand(world):
    another = [("settled", "it is another now")]
    broken(2)
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 2}, now=make.NOW) == 1
    assert (lot(), stock(), lacks(), told()) == ((3, 1, 2), (3, 2, 2), [1], [*another, ("open", "")])
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 1}, now=make.NOW) == 1
    assert (lot(), lacks(), told()) == ((3, 1, 2), [], [*another, ("settled", "given up")])
    assert services.ship(holder=ALICE, **BY) == 1
    assert (reservation(), stock()) == ((1, 1, "shipped"), (2, 0, 2))


def test_a_refund_of_more_than_lacks_takes_the_rest_out_of_the_hand(world):
    broken(1)
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 1}, now=make.NOW) == 2
    assert (lot(), stock(), lacks()) == ((3, 1, 1), (3, 1, 1), [])


def test_what_lacks_is_picked_once_more_has_come_in_and_once(world):
    broken(2)
    with pytest.raises(services.CannotPick) as refused:
        services.pick(holder=ALICE, **BY)
    assert (refused.value.sku, refused.value.missing, lacks()) == ("HD-1", 2, [2])
    make.lot(world.warehouse, world.dryer, 5, "B")
    for _ in range(2):
        found = services.pick(holder=ALICE, **BY)
        assert [(one.lot.code, one.quantity) for one in found] == [("A", 1), ("B", 2)]
    assert (lot("B"), lacks(), told()) == ((5, 2, 0), [], [("settled", "picked")])
    assert services.ship(holder=ALICE, **BY) == 3
    assert reservation() == (3, 3, "shipped")


def test_a_cancelled_order_gives_back_what_it_has_and_not_what_broke(world):
    broken(2)
    assert services.release(holder=ALICE, now=make.NOW) == 1
    assert (lot(), stock(), told()) == ((3, 0, 2), (3, 0, 2), [("settled", "given back")])
    reserve(world, "order:2", 1)
    assert differences() == []


def test_of_what_left_in_part_the_rest_may_break_and_lack(world):
    services.put_in_box(holder=ALICE, box="box:1", pieces={Lot.objects.get().pk: 2})
    services.ship(holder=ALICE, box="box:1", **BY)
    assert broken(1) == 1
    assert (reservation(), stock(), lacks()) == ((3, 2, "picked"), (1, 1, 1), [1])
    assert services.lessen(holder=ALICE, kept={world.dryer.pk: 2}, now=make.NOW) == 1
    assert (reservation(), stock(), told()) == ((2, 2, "shipped"), (1, 0, 1), [("settled", "given up")])

"""What an account book holds is compared with what lies there: a difference is a case until there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customs.models import BookEntry, BookStock, Declaration, PortAccount
from customs.services import book
from inventory import services as inventory
from inventory.models import Lot, Movement, Stock, Warehouse
from kernel.models import Case
from orders.models import Order
from tests import make

pytestmark = pytest.mark.django_db
BOOK, OTHER = "T3105W000001", "T3105W000002"
PAPER = {"paper": "QD310526E000000001", "reason": "核增核减", "by": "anna", "now": make.NOW}
HAND = {"reason": "counted", "by": "anna", "now": make.NOW}


@pytest.fixture
def world() -> make.World:
    """Ten dryers in the book."""
    world = make.world(on_hand=10)
    PortAccount.objects.create(
        storefront=world.shop,
        customs_code="3105",
        port_code="3104",
        traffic="Y",
        dxp_id="DXP1",
        signer="machine",
    )
    return world


def figures(sku: str = "HD-1", ems_no: str = BOOK) -> tuple[int, ...]:
    """In the book, of these on lists, on the shelves, on the way, released and here; the difference."""
    book.compare(now=make.NOW)
    row = BookStock.objects.get(ems_no=ems_no, variant__sku=sku)
    return row.held, row.listed, row.on_hand, row.on_way, row.beside, row.difference


def listed(order: Order, state: str = "listed") -> Declaration:
    """The list of an order, on its way to customs."""
    row = Declaration.objects.create(
        storefront=order.storefront,
        order=order,
        account=PortAccount.objects.get(),
        number=order.number,
        state=state,
        cop_no=order.number[-20:],
        opened_at=make.NOW,
        listed_at=make.NOW,
    )
    book.take_out(order=order, declaration=row)
    return row


def released(row: Declaration) -> None:
    row.state, row.released_at, row.list_no = "released", make.NOW, "31052026I000000001"
    row.save()


def shipped(order: Order) -> None:
    inventory.pick(holder=order.event_key, by="anna", now=make.NOW)
    inventory.ship(holder=order.event_key, by="anna", now=make.NOW)


def taken_back(order: Order, pieces: int = 1) -> None:
    lot = Lot.objects.filter(stock__warehouse=order.warehouse, stock__variant__sku="HD-1").order_by("pk")[0]
    inventory.take_back(lot=lot, pieces=pieces, holder=order.event_key, fit=False, by="anna", now=make.NOW)


def case() -> dict[str, object]:
    return Case.objects.get(kind="customs.book_differs", state="open").facts


def test_a_piece_leaves_the_book_at_its_release_and_the_shelf_when_it_is_shipped(world):
    assert figures() == (10, 0, 10, 0, 0, 0)
    order = make.order(world.alice, ("HD-1", 3))
    assert figures() == (10, 0, 10, 0, 0, 0)
    row = listed(order)
    assert figures() == (10, 3, 10, 0, 0, 0)
    released(row)
    assert figures() == (7, 0, 10, 0, 3, 0)
    shipped(order)
    assert figures() == (7, 0, 7, 0, 0, 0)
    book.come_back(declaration=row, pieces={"HD-1": 2})
    assert figures() == (9, 0, 7, 0, 0, -2)
    taken_back(order)
    assert figures() == (9, 0, 8, 0, 0, -1)
    taken_back(order)
    assert figures() == (9, 0, 9, 0, 0, 0)


def test_what_comes_back_before_customs_has_granted_it_lies_beside_the_book(world):
    order = make.order(world.alice, ("HD-1", 3))
    row = listed(order)
    released(row)
    shipped(order)
    taken_back(order, 2)
    assert figures() == (7, 0, 9, 0, 2, 0)
    book.come_back(declaration=row, pieces={"HD-1": 2})
    assert figures() == (9, 0, 9, 0, 0, 0)
    taken_back(order)
    assert figures() == (9, 0, 10, 0, 1, 0)
    gone = {"kind": Movement.Kind.RETURN, "reason": "destroyed", "by": "anna", "now": make.NOW}
    lot = Lot.objects.filter(stock__variant__sku="HD-1").order_by("pk")[0]
    inventory.discard(lot=lot, pieces=1, holder=order.event_key, **gone)
    assert figures() == (9, 0, 9, 0, 0, 0)


def test_what_is_released_and_refunded_before_it_leaves_lies_beside_the_book_until_it_is_returned(world):
    order = make.order(world.alice, ("HD-1", 3))
    row = listed(order)
    released(row)
    inventory.release(holder=order.event_key, now=make.NOW)
    assert figures() == (7, 0, 10, 0, 3, 0)
    book.come_back(declaration=row, pieces={"HD-1": 3})
    assert figures() == (10, 0, 10, 0, 0, 0)


@pytest.mark.parametrize(
    ("state", "on_lists"),
    [
        *((state, 3) for state in ("listed", "accepted", "review", "inspection", "detained", "cancelling")),
        *((state, 0) for state in ("rejected", "cancelled", "turned_back")),
    ],
)
def test_a_list_counts_while_it_stands_at_customs(world, state, on_lists):
    row = listed(make.order(world.alice, ("HD-1", 3)))
    Declaration.objects.filter(pk=row.pk).update(state=state, trouble="person")
    assert figures() == (10, on_lists, 10, 0, 0, 0)


def test_what_is_shipped_without_a_released_list_is_a_difference(world):
    order = make.order(world.alice, ("HD-1", 3))
    listed(order)
    shipped(order)
    assert figures() == (10, 3, 7, 0, 0, -3)


def test_a_difference_is_one_case_that_follows_it_and_settles_itself(world):
    lot = Lot.objects.get(stock__variant=world.dryer)
    inventory.adjust(lot=lot, pieces=-3, **HAND)
    for _ in range(2):
        assert book.compare(now=make.NOW) == 1
    assert case() == {"ems_no": BOOK, "sku": "HD-1", "in_book": 10, "on_shelves": 7}
    assert Case.objects.get().seen == 1
    inventory.adjust(lot=lot, pieces=1, **HAND)
    assert book.compare(now=make.NOW) == 1
    assert case() == {"ems_no": BOOK, "sku": "HD-1", "in_book": 10, "on_shelves": 8}
    book.enter(warehouse=world.warehouse, variant=world.dryer, pieces=-2, **PAPER)
    assert [row.state for row in Case.objects.order_by("pk")] == ["settled", "settled"]
    assert figures() == (8, 0, 8, 0, 0, 0)


def test_one_sku_that_is_compared_leaves_the_cases_of_others_alone(world):
    for row in Lot.objects.order_by("pk"):
        inventory.adjust(lot=row, pieces=-1, **HAND)
    assert book.compare(now=make.NOW) == 2
    assert book.compare(now=make.NOW, ems_no=BOOK, variant_ids=[world.dryer.pk]) == 1
    book.enter(warehouse=world.warehouse, variant=world.dryer, pieces=-1, **PAPER)
    assert case()["sku"] == "IR-1"


def test_pieces_between_two_warehouses_of_a_book_stay_in_it_and_lost_ones_differ(world):
    second = make.warehouse(world.shop, "ningbo-2", position=9)
    lot = Lot.objects.get(stock__variant=world.dryer)
    load = inventory.send_transfer(target=second, pieces=[(lot, 4)], **HAND)
    assert figures() == (10, 0, 6, 4, 0, 0)
    line = load.lines.get()
    inventory.receive_transfer(transfer=load, by="anna", now=make.NOW, missing={line.pk: 1})
    assert figures() == (10, 0, 9, 0, 0, -1)
    load = inventory.send_transfer(target=second, pieces=[(lot, 2)], **HAND)
    inventory.call_back_transfer(transfer=load, by="anna", now=make.NOW)
    assert figures() == (10, 0, 9, 0, 0, -1)


def test_pieces_that_go_to_another_book_leave_the_one_and_come_into_the_other_under_its_list(world):
    second = make.warehouse(world.shop, "ningbo-2", position=9, ems_no=OTHER)
    make.papers(second, world.dryer)
    lot = Lot.objects.get(stock__variant=world.dryer)
    load = inventory.send_transfer(target=second, pieces=[(lot, 4)], **HAND)
    assert figures() == (6, 0, 6, 0, 0, 0)
    inventory.receive_transfer(transfer=load, by="anna", now=make.NOW)
    assert figures() == (6, 0, 6, 0, 0, 0)
    assert not BookStock.objects.filter(ems_no=OTHER).exists()
    came = Lot.objects.get(stock__warehouse=second)
    days = {"produced_on": None, "expires_on": None}
    inventory.correct_lot(lot=came, inbound_list="QD310526I000000009", **days, **HAND)
    assert figures(ems_no=OTHER) == (4, 0, 4, 0, 0, 0)


def test_what_has_no_inbound_list_is_in_no_book_and_on_no_shelf_of_it(world):
    make.lot(world.warehouse, world.dryer, 5, "L9", inbound_list="")
    assert figures() == (10, 0, 10, 0, 0, 0)


def test_goods_of_direct_mail_are_in_no_book(world):
    Warehouse.objects.update(trade_mode="9610")
    assert (book.compare(now=make.NOW), BookStock.objects.count()) == (0, 0)
    with pytest.raises(book.NotInABook):
        place = Warehouse.objects.get()
        book.enter(warehouse=place, variant=world.dryer, pieces=1, **PAPER)


def test_an_entry_of_no_piece_is_refused(world):
    with pytest.raises(book.NoPiecesEntered):
        book.enter(warehouse=world.warehouse, variant=world.dryer, pieces=0, **PAPER)
    assert not BookEntry.objects.exists()


def test_a_book_with_another_number_is_compared_under_that_alone(world):
    book.compare(now=make.NOW)
    Warehouse.objects.update(ems_no=OTHER)
    book.compare(now=make.NOW + timedelta(days=1))
    assert set(BookStock.objects.values_list("ems_no", flat=True)) == {OTHER}


def test_the_number_of_statements_does_not_grow_with_the_skus(world):
    def many() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert book.compare(now=make.NOW) == 0
        return len(queries)

    few = many()
    for number in range(20):
        make.stock(world.warehouse, make.variant(world.shop, f"X-{number}"), 5)
    assert (many(), BookStock.objects.count()) == (few, 22)
    assert few <= 7


@dataclass
class Piece:
    """One dryer: whether the book says so, whether it lies there."""

    in_book: bool = True
    here: bool = True


@dataclass
class Sale:
    """An order with its list, and the pieces that it took."""

    order: Order
    row: Declaration
    taken: list[Piece]
    left: bool = False


@dataclass
class House:
    """Every dryer that ever came, one by one, and what orders took; chance says whose turn it is."""

    world: make.World
    second: Warehouse
    chance: Random
    pieces: list[Piece]
    sales: list[Sale] = field(default_factory=list)
    entered: int = 0

    def told(self) -> tuple[int, ...]:
        held = sum(piece.in_book for piece in self.pieces) + self.entered
        here = sum(piece.here for piece in self.pieces)
        beside = sum(piece.here and not piece.in_book for piece in self.pieces)
        on_lists = sum(len(sale.taken) for sale in self.sales if sale.row.state == "listed")
        return held, on_lists, here, 0, beside, here - beside - held

    def free(self) -> list[Piece]:
        taken = {id(piece) for sale in self.sales for piece in sale.taken}
        return [piece for piece in self.pieces if piece.here and piece.in_book and id(piece) not in taken]

    def some(self, state: str, *, left: bool = False) -> list[Sale]:
        found = [sale for sale in self.sales if sale.row.state == state and sale.left >= left]
        return [self.chance.choice(found)] if found else []

    def receive(self) -> None:
        pieces = self.chance.randint(1, 4)
        make.lot(self.chance.choice([self.world.warehouse, self.second]), self.world.dryer, pieces)
        self.pieces += [Piece() for _ in range(pieces)]

    def lose(self) -> None:
        for lot in Lot.objects.filter(stock__variant=self.world.dryer).select_related("stock").order_by("pk"):
            if lot.free and lot.stock.available:
                inventory.adjust(lot=lot, pieces=-1, **HAND)
                self.free()[0].here = False
                return

    def enter(self) -> None:
        pieces = self.chance.choice([-1, 1])
        book.enter(warehouse=self.second, variant=self.world.dryer, pieces=pieces, **PAPER)
        self.entered += pieces

    def list(self) -> None:
        pieces = self.chance.randint(1, 2)
        if max(stock.available for stock in Stock.objects.filter(variant=self.world.dryer)) >= pieces:
            order = make.order(self.world.alice, ("HD-1", pieces))
            self.sales.append(Sale(order, listed(order), self.free()[:pieces]))

    def release(self) -> None:
        for sale in self.some("listed"):
            released(sale.row)
            for piece in sale.taken:
                piece.in_book = False

    def cancel(self) -> None:
        for sale in self.some("listed"):
            sale.row.state = "cancelled"
            sale.row.save()
            inventory.release(holder=sale.order.event_key, now=make.NOW)
            sale.taken.clear()

    def ship(self) -> None:
        for sale in self.some("released"):
            if not sale.left:
                shipped(sale.order)
                sale.left = True
                for piece in sale.taken:
                    piece.here = False

    def grant(self) -> None:
        """Of what lies there first: who declares a return has the goods."""
        for sale in self.some("released"):
            out = sorted((one for one in sale.taken if not one.in_book), key=lambda one: not one.here)
            if out:
                book.come_back(declaration=sale.row, pieces={"HD-1": 1})
                out[0].in_book = True

    def take_back(self) -> None:
        for sale in self.some("released", left=True):
            away = sorted((one for one in sale.taken if not one.here), key=lambda one: not one.in_book)
            if away:
                taken_back(sale.order)
                away[0].here = True


TURNS = ("receive", "lose", "enter", "list", "list", "release", "cancel", "ship", "grant", "take_back")


@pytest.mark.parametrize("seed", range(5))
def test_after_whatever_sequence_book_and_shelves_are_what_each_piece_says(world, seed):
    second = make.warehouse(world.shop, "ningbo-2", position=9)
    house = House(world, second, Random(seed), [Piece() for _ in range(10)])
    for _ in range(40):
        getattr(house, house.chance.choice(TURNS))()
        assert figures() == house.told()
    assert len(house.sales) > 3

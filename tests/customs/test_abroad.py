"""Goods leave a bonded warehouse abroad with their papers alone, out of stock and account book together."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from customs.account_book import left_in_book
from customs.models import BookEntry, BookStock, Outbound
from customs.services import abroad, book
from customs.services.book import NotInABook
from inventory.models import Lot, Movement
from inventory.services import TooFewPieces, quarantine, restore, take_back
from kernel.clock import shanghai_day
from kernel.models import Case
from kernel.states import WrongState
from tests import make
from tests.operators import rows
from tests.operators.test_verbs import enter
from tests.returns import parts

pytestmark = pytest.mark.django_db(transaction=True)
LIST, DECLARATION = "QD310526E000000001", "310520260000000001"
DAY = timedelta(days=1)
TODAY = shanghai_day(make.NOW)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def lot(world):
    """Five dryers that are set aside."""
    found = Lot.objects.get(stock__variant=world.dryer)
    return quarantine(lot=found, pieces=5, reason="破损", by="op", now=make.NOW)


@pytest.fixture
def outbound(world, lot):
    made = abroad.prepare(warehouse=world.warehouse, destination="Maison, Lyon", by="op", now=make.NOW)
    return abroad.put(outbound=made, pieces={lot.pk: 3}, by="op", now=make.NOW)


def declared(outbound, **changes):
    papers = {"list_no": LIST, "declaration_no": DECLARATION, "on": TODAY, **changes}
    return abroad.declare(outbound=outbound, by="op", now=make.NOW, **papers)


def stands(world, lot):
    lot.refresh_from_db()
    left = left_in_book(ems_no=world.warehouse.ems_no, variant_ids=[world.dryer.pk])
    return lot.on_hand, lot.quarantined, left[world.dryer.pk]


def test_stock_and_book_lose_the_pieces_once_they_have_left_by_the_number_of_the_list(world, lot, outbound):
    book.compare(now=make.NOW)
    declared(outbound)
    assert stands(world, lot) == (100, 5, 97)
    abroad.leave(outbound=outbound, on=TODAY, by="op", now=make.NOW)
    assert stands(world, lot) == (97, 2, 97)
    entry = BookEntry.objects.get()
    assert (entry.pieces, entry.paper) == (-3, LIST)
    assert BookStock.objects.get(variant=world.dryer).difference == 0
    assert Movement.objects.get(holder=outbound.event_key).on_hand == -3
    for verb in (abroad.leave, abroad.drop):
        with pytest.raises(WrongState):
            verb(outbound=outbound, by="op", now=make.NOW, **({"on": TODAY} if verb is abroad.leave else {}))
    assert stands(world, lot) == (97, 2, 97)


def test_no_more_goes_than_is_set_aside_and_in_the_book_and_in_no_other_shipment(world, lot, outbound):
    other = abroad.prepare(warehouse=world.warehouse, destination="Maison, Lyon", by="op", now=make.NOW)
    with pytest.raises(abroad.TooManyAbroad) as told:
        abroad.put(outbound=other, pieces={lot.pk: 3}, by="op", now=make.NOW)
    assert told.value.most == 2
    abroad.put(outbound=other, pieces={lot.pk: 2}, by="op", now=make.NOW)
    with pytest.raises(TooFewPieces):
        restore(lot=lot, pieces=1, reason="mended", by="op", now=make.NOW)
    with pytest.raises(WrongState):
        abroad.leave(outbound=outbound, on=TODAY, by="op", now=make.NOW)
    declared(outbound)
    taken = {"paper": "QD310526E000000002", "reason": "盘亏", "by": "op", "now": make.NOW}
    book.enter(warehouse=world.warehouse, variant=world.dryer, pieces=-98, **taken)
    with pytest.raises(abroad.TooManyAbroad) as told:
        abroad.leave(outbound=outbound, on=TODAY, by="op", now=make.NOW)
    assert (told.value.most, Outbound.objects.get(pk=outbound.pk).state) == (0, "declared")


def test_what_does_not_go_after_all_is_free_again(world, lot, outbound):
    abroad.put(outbound=outbound, pieces={lot.pk: 5}, by="op", now=make.NOW)
    abroad.put(outbound=outbound, pieces={lot.pk: 2}, by="op", now=make.NOW)
    restore(lot=lot, pieces=3, reason="mended", by="op", now=make.NOW)
    abroad.drop(outbound=outbound, by="op", now=make.NOW)
    restore(lot=lot, pieces=2, reason="mended", by="op", now=make.NOW)
    assert stands(world, lot) == (100, 0, 100)


def test_what_came_back_and_customs_did_not_grant_is_in_no_book_and_does_not_go_abroad(world, lot):
    order = parts.bought(world)
    row = parts.cleared(world, order)
    book.take_out(order=order, declaration=row)
    parts.left(order)
    take_back(lot=lot, pieces=2, holder=order.event_key, fit=False, by="op", now=make.NOW)
    made = abroad.prepare(warehouse=world.warehouse, destination="Maison, Lyon", by="op", now=make.NOW)
    with pytest.raises(abroad.TooManyAbroad) as told:
        abroad.put(outbound=made, pieces={lot.pk: 6}, by="op", now=make.NOW)
    assert told.value.most == 5
    book.come_back(declaration=row, pieces={"HD-1": 1})
    abroad.put(outbound=made, pieces={lot.pk: 6}, by="op", now=make.NOW)
    assert stands(world, lot) == (100, 7, 93)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"list_no": "QD310526I000000001"}, abroad.BadPapers),
        ({"declaration_no": "31052026"}, abroad.BadPapers),
        ({"on": TODAY + DAY}, abroad.BadDays),
    ],
)
def test_papers_are_those_of_the_way_out(outbound, changes, refused):
    with pytest.raises(refused):
        declared(outbound, **changes)
    assert Outbound.objects.get(pk=outbound.pk).state == "prepared"


def test_a_list_is_of_one_shipment_and_an_empty_one_is_not_declared(world, lot, outbound):
    declared(outbound)
    other = abroad.prepare(warehouse=world.warehouse, destination="Maison, Lyon", by="op", now=make.NOW)
    with pytest.raises(abroad.NothingAbroad):
        declared(other)
    abroad.put(outbound=other, pieces={lot.pk: 1}, by="op", now=make.NOW)
    with pytest.raises(abroad.ListTaken):
        declared(other)
    direct = make.warehouse(world.shop, "hongkong", trade_mode="9610")
    with pytest.raises(NotInABook):
        abroad.prepare(warehouse=direct, destination="Maison, Lyon", by="op", now=make.NOW)


def test_what_waits_for_a_week_is_a_case_until_it_has_left(outbound):
    assert abroad.remind(now=make.NOW + 6 * DAY) == 0
    assert abroad.remind(now=make.NOW + 7 * DAY) == 1
    declared(outbound)
    abroad.leave(outbound=outbound, on=TODAY, by="op", now=make.NOW)
    assert (Case.objects.get(kind=abroad.WAITS).state, abroad.remind(now=make.NOW + 9 * DAY)) == (
        "settled",
        0,
    )


@time_machine.travel(make.NOW, tick=False)
def test_workers_prepare_print_and_let_it_leave_on_its_page(client, world, lot):
    enter(client, rows.operator("op", world.shop, "fulfilment"))
    add = reverse("admin:customs_outbound_add")
    client.post(add, {"warehouse": world.warehouse.pk, "destination": "Maison, Lyon"})
    row = Outbound.objects.get()

    def step(name, **values):
        return client.post(reverse("admin:customs_outbound_step", args=[row.pk, name]), values)

    assert step("pieces", **{f"lot_{lot.pk}": 3}).status_code == 302
    printed = step("packing-list").content.decode()
    assert row.number in printed and make.INBOUND_LIST in printed and "HD-1" in printed
    assert step("declare", list_no=LIST, declaration_no=DECLARATION, on=TODAY.isoformat()).status_code == 302
    enter(client, rows.operator("mei", world.shop, "finance"))
    assert step("leave", on=TODAY.isoformat()).status_code == 403
    enter(client, rows.operator("officer", world.shop, "compliance"))
    assert step("leave", on=TODAY.isoformat()).status_code == 302
    assert stands(world, lot) == (97, 2, 97)
    assert LIST in client.get(reverse("admin:customs_outbound_change", args=[row.pk])).content.decode()

"""A bonded order is declared out of its account book (账册): what is filed there, and what is left of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from customs.account_book import left_in_book
from customs.services import book
from inventory.models import BookItem
from kernel.models import Case
from tests import make
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401 -- fixtures too
from tests.customs.test_undoing import accepted, released, returned, tell

pytestmark = pytest.mark.django_db(transaction=True)


def records(port: ports.Port) -> list[str]:  # noqa: F811
    return [line["itemRecordNo"] for line in port.messages("CEB621Message")[0].documents[0].lines]


@pytest.fixture
def second(world):
    """Another warehouse of the same account book."""
    return make.warehouse(world.shop, "ningbo-2", ems_no="T3105W000077", position=9)


def test_a_filing_counts_in_every_warehouse_of_its_book(world, second, port, ready):  # noqa: F811
    order, at = ready
    BookItem.objects.filter(warehouse=world.warehouse, variant=world.dryer).update(warehouse=second)
    listed(port, at)
    assert (declaration(order).state, records(port)) == ("listed", ["3105W00001"])


def test_the_filing_of_the_warehouse_itself_comes_first(world, second, port, ready):  # noqa: F811
    _, at = ready
    other = {"storefront": world.shop, "variant": world.dryer}
    BookItem.objects.create(warehouse=second, item_no="77", record_no="3105W00077", **other)
    listed(port, at)
    assert records(port) == ["3105W00001"]


def test_a_filing_in_another_book_does_not_count(world, second, port, ready):  # noqa: F811
    order, at = ready
    type(second).objects.filter(pk=second.pk).update(ems_no="T3105W000078")
    BookItem.objects.filter(warehouse=world.warehouse, variant=world.dryer).update(warehouse=second)
    ports.go_on(at, 2)
    assert (declaration(order).state, declaration(order).trouble) == ("blocked", "mismatch")


def differences() -> list[dict[str, str]]:
    return Case.objects.get(kind="customs.mismatch", state="open").facts["differences"]


def left(world) -> int:
    return left_in_book(ems_no="T3105W000077", variant_ids=[world.dryer.pk])[world.dryer.pk]


def test_a_list_for_more_than_the_book_holds_waits_until_it_holds_enough(world, port, ready):  # noqa: F811
    order, at = ready
    written_off = {"warehouse": world.warehouse, "variant": world.dryer, "by": "anna", "reason": "盘亏"}
    book.enter(pieces=-99, paper="QD310526E000000001", now=at, **written_off)
    at = listed(port, at)
    row = declaration(order)
    order.refresh_from_db()
    assert (row.state, row.awaits, order.gate) == ("documents", "book", "before_list")
    assert port.messages("CEB621Message") == []
    assert differences() == [
        {
            "what": "book_stock:HD-1",
            "found": "清单 2 件",
            "wanted": "≤ 账册余量 1 件",
            "mender": "operator",
        }
    ]
    book.enter(pieces=1, paper="QD310526E000000002", now=at, **written_off)
    ports.go_on(at + timedelta(minutes=5), 2)
    assert (declaration(order).state, left(world)) == ("listed", 0)
    assert not Case.objects.filter(kind="customs.mismatch", state="open").exists()


def test_a_list_takes_from_the_book_until_it_comes_to_nothing(world, port, ready):  # noqa: F811
    order, at = ready
    assert left(world) == 100
    at = accepted(port, order, at)
    assert left(world) == 98
    at = at + timedelta(seconds=3)
    answer(port, order, at, "100", "[Code:9999;Desc:单证不符]", **LIST_NO)
    ports.go_on(at)
    assert (declaration(order).state, left(world)) == ("rejected", 100)


def test_what_is_granted_to_come_back_is_the_books_again(world, port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    at = ports.go_on(at, 2)
    assert left(world) == 98
    for _ in range(2):
        tell(port, "CEB626Message", filing, at, "399")
        at = ports.go_on(at + timedelta(seconds=3))
    assert left(world) == 99

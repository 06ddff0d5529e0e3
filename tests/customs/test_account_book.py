"""A bonded order is declared out of its account book (账册): what is filed there, and what is left of it."""

from __future__ import annotations

import pytest

from inventory.models import BookItem
from tests import make
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import listed, port, ready  # noqa: F401 -- fixtures too

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

"""Book stock beside physical stock: to read, to take home, to compare at once; what customs did is kept."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from customs.models import BookEntry, BookStock
from customs.services import book
from inventory import services as inventory
from inventory.models import Lot
from kernel.models import Case
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db
LIST = "admin:customs_bookstock_changelist"


@pytest.fixture
def world() -> make.World:
    """Ten dryers in the book, of which three are missing; ten irons."""
    made = make.world(on_hand=10)
    lot = Lot.objects.get(stock__variant=made.dryer)
    inventory.adjust(lot=lot, pieces=-3, reason="counted", by="anna", now=make.NOW)
    book.compare(now=make.NOW)
    return made


def enter(client, shop, role="compliance"):
    client.force_login(rows.operator(f"the-{role}", shop, role), backend=rows.BACKEND)
    return client


def taken_home(client, language: str, **asked: str) -> list[list[str]]:
    answer = client.get(
        reverse("admin:customs_bookstock_download"), asked, headers={"Accept-Language": language}
    )
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def row() -> BookStock:
    return BookStock.objects.get(variant__sku="HD-1")


def test_book_and_shelves_stand_side_by_side_in_both_languages(client, world):
    enter(client, world.shop, "auditor")
    told = taken_home(client, "zh-CN")
    assert told[0][:9] == [
        "账册编号",
        "规格",
        "账册库存",
        "其中清单在途",
        "可申报余量",
        "实物库存",
        "调拨在途",
        "已放行未出库",
        "账实差异",
    ]
    assert [line[2:9] for line in told[1:]] == [
        ["10", "0", "10", "7", "0", "0", "-3"],
        ["10", "0", "10", "10", "0", "0", "0"],
    ]
    english = ["in the book", "of these on lists", "left to list", "on the shelves", "between warehouses"]
    assert [name.lower() for name in taken_home(client, "en")[0][2:7]] == english


def test_only_what_differs_is_shown_where_that_is_asked(client, world):
    enter(client, world.shop)
    told = client.get(reverse(LIST), {"differs": "1"}).context["cl"].result_list
    assert [one.variant.sku for one in told] == ["HD-1"]
    assert list(client.get(reverse(LIST), {"used_up": "1"}).context["cl"].result_list) == []


def test_what_customs_wrote_off_is_entered_and_the_difference_is_settled(client, world):
    enter(client, world.shop)
    url = reverse("admin:customs_bookstock_step", args=[row().pk, "enter"])
    client.post(url, {"pieces": "-3", "paper": "QD310526E000000001", "reason": "盘亏"})
    entry = BookEntry.objects.get()
    assert (entry.pieces, entry.paper, entry.by) == (-3, "QD310526E000000001", "the-compliance")
    assert (row().held, row().difference) == (7, 0)
    assert not Case.objects.filter(kind="customs.book_differs", state="open").exists()


def test_a_packer_enters_nothing(client, world):
    enter(client, world.shop, "fulfilment")
    url = reverse("admin:customs_bookstock_step", args=[row().pk, "enter"])
    answer = client.post(url, {"pieces": "-3", "paper": "QD310526E000000001", "reason": "盘亏"})
    assert (answer.status_code, BookEntry.objects.count()) == (403, 0)


def test_a_sku_is_compared_at_once(client, world):
    enter(client, world.shop)
    lot = Lot.objects.get(stock__variant=world.dryer)
    inventory.adjust(lot=lot, pieces=3, reason="found", by="anna", now=make.NOW)
    assert row().difference == -3
    client.post(reverse(LIST), {"action": "compare", "_selected_action": [row().pk]})
    assert row().difference == 0

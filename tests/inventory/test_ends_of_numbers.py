"""The ends of the calendar and of numbers are told or taken, never a crash; old lots hide no live one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from inventory import services as inventory
from inventory.models import Lot, ShelfLife, Stock
from tests import make
from tests.operators import rows
from tests.operators.test_walk import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world(on_hand=0)


@pytest.mark.parametrize(
    ("expires", "floor", "unsellable"),
    [
        (date(9999, 12, 31), 0, date(9999, 12, 31)),
        (date(9999, 12, 31), 30, date(9999, 12, 2)),
        (date(2028, 12, 31), 36_500, date(1929, 1, 26)),
    ],
)
def test_a_lot_may_end_on_any_day_and_a_floor_reach_as_far_as_a_hundred_years(
    world, expires, floor, unsellable
):
    inventory.set_shelf_life(
        storefront=world.shop, variant=None, floor_days=floor, near_days=floor, now=make.NOW
    )
    lot = make.lot(world.warehouse, world.dryer, 5, expires_on=expires)
    assert lot.unsellable_from == unsellable
    inventory.set_shelf_life(
        storefront=world.shop, variant=None, floor_days=floor, near_days=floor, now=make.NOW
    )
    assert Lot.objects.get().unsellable_from == unsellable


def test_a_floor_of_more_than_a_hundred_years_is_refused_on_its_form(client, world):
    enter(client, rows.operator("packer", world.shop, "fulfilment"))
    sent = {"storefront": world.shop.pk, "variant": "", "floor_days": "999999", "near_days": "999999"}
    assert client.post(reverse("admin:inventory_shelflife_add"), sent).status_code == 200
    assert not ShelfLife.objects.exists()


def test_goods_received_by_the_page_may_end_on_the_last_day_there_is(client, world):
    enter(client, rows.operator("packer", world.shop, "fulfilment"))
    url = reverse("admin:inventory_stock_step", args=[Stock.objects.get(variant=world.dryer).pk, "receive"])
    sent = {"pieces": "7", "code": "X", "expires_on": "9999-12-31", "inbound_list": "QD1"}
    assert client.post(url, sent).status_code == 302


def test_no_stock_grows_beyond_what_its_balance_can_hold(world):
    lot = make.lot(world.warehouse, world.dryer, 999_000_000, "A")
    said = {"by": "x", "now": make.NOW}
    for more in (1_000_001, 2_147_483_647, 10**12):
        for come_in in (
            lambda: make.lot(world.warehouse, world.dryer, more, "B"),  # noqa: B023 -- called at once
            lambda: inventory.adjust(lot=lot, pieces=more, reason="found", **said),  # noqa: B023
            lambda: inventory.set_on_hand(
                warehouse=world.warehouse,
                variant=world.dryer,
                on_hand=999_000_000 + more,  # noqa: B023
                **said,
            ),
        ):
            with pytest.raises(inventory.TooManyPieces) as refused:
                come_in()
            assert (refused.value.on_hand, refused.value.most) == (999_000_000 + more, 1_000_000_000)
    make.lot(world.warehouse, world.dryer, 1_000_000, "B")
    assert Stock.objects.get(variant=world.dryer).on_hand == 1_000_000_000


def test_who_receives_too_many_on_the_page_is_told_so(client, world):
    make.lot(world.warehouse, world.dryer, 1_000_000_000, "A")
    enter(client, rows.operator("packer", world.shop, "fulfilment"))
    url = reverse("admin:inventory_stock_step", args=[Stock.objects.get(variant=world.dryer).pk, "receive"])
    for pieces, told in (("1", "单个库存最多 1000000000 件"), ("1000001", "1000000")):
        sent = {"pieces": pieces, "code": "X", "inbound_list": "QD1"}
        answer = client.post(url, sent)
        assert (answer.status_code, told in answer.content.decode()) == (200, True)
    assert Stock.objects.get(variant=world.dryer).on_hand == 1_000_000_000


def test_fifty_spent_lots_hide_no_lot_with_pieces(client, world):
    for day in range(52):
        ends = date(2027, 1, 1) + timedelta(days=day)
        spent = make.lot(world.warehouse, world.dryer, 1, f"OLD{day}", expires_on=ends)
        inventory.adjust(lot=spent, by="x", pieces=-1, reason="sold", now=make.NOW)
    make.lot(world.warehouse, world.dryer, 7, "LIVE", expires_on=date(2029, 1, 1))
    enter(client, rows.operator("packer", world.shop, "fulfilment"))
    stock = Stock.objects.get(variant=world.dryer)
    page = client.get(reverse("admin:inventory_stock_change", args=[stock.pk])).content.decode()
    lots, _, _ = page[page.index("按先到期先出") :].partition("笔流水")
    assert "LIVE" in lots

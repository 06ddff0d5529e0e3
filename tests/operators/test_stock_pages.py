"""A warehouse is run from the admin: lots come in, are stopped, counted and sent on; lists go home."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from inventory import services
from inventory.models import BookItem, CountLine, Lot, Movement, SaleStop, Stock, Transfer
from kernel.clock import shanghai_day
from kernel.models import Event
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> make.World:
    return make.world(on_hand=0)


@pytest.fixture
def hundred() -> make.World:
    return make.world()


def enter(client, world, role="fulfilment"):
    client.force_login(rows.operator(f"the-{role}", world.shop, role), backend=rows.BACKEND)
    return client


def step(client, model, row, name, **values):
    return client.post(reverse(f"admin:inventory_{model}_step", args=[row.pk, name]), values)


def test_a_packer_receives_a_lot_and_sees_it_with_its_movement(client, world):
    enter(client, world)
    stock = Stock.objects.get(variant=world.dryer)
    answer = step(
        client, "stock", stock, "receive", pieces="7", code="L-7", expires_on="2028-03-01", inbound_list="QD1"
    )
    assert answer.status_code == 302
    lot = Lot.objects.get(code="L-7")
    assert (lot.on_hand, str(lot.expires_on)) == (7, "2028-03-01")
    page = client.get(reverse("admin:inventory_stock_change", args=[stock.pk])).content.decode()
    assert "L-7" in page and "2028-03-01" in page and "+7" in page and "the-fulfilment" in page


def test_a_packer_is_told_which_papers_are_missing_before_the_goods_are_taken_in_and_held(client, world):
    enter(client, world)
    stock = Stock.objects.get(variant=world.dryer)
    answer = step(client, "stock", stock, "receive", pieces="7", code="L-7")
    page = answer.content.decode()
    assert (answer.status_code, Lot.objects.exists()) == (200, False)
    assert "缺少单证：入库后隔离，不可售" in page and "核注清单编号" in page and "先入库隔离" in page
    assert 'name="held" value="on"' in page
    assert step(client, "stock", stock, "receive", pieces="7", code="L-7", held="on").status_code == 302
    lot = Lot.objects.get(code="L-7")
    assert (lot.on_hand, lot.free) == (7, 0)
    page = client.get(reverse("admin:inventory_lot_changelist")).content.decode()
    assert "缺少单证" in page
    case = client.get(reverse("admin:kernel_case_changelist")).content.decode()
    assert "保税货物缺少单证，已隔离" in case
    assert step(client, "lot", lot, "correct", inbound_list="QD1", reason="came later").status_code == 302
    lot.refresh_from_db()
    assert lot.free == 7
    page = client.get(reverse("admin:inventory_lot_change", args=[lot.pk])).content.decode()
    assert "更正批次信息" in page and "→ QD1" in page and "came later" in page


def test_a_filing_entered_in_the_admin_sells_what_was_held_for_want_of_it(client, world):
    BookItem.objects.all().delete()
    lot = make.lot(world.warehouse, world.dryer, 5, inbound_list="QD1", **{})
    BookItem.objects.all().delete()
    services.sweep(now=make.NOW)
    lot.refresh_from_db()
    assert lot.free == 0
    enter(client, world, "owner")
    form = {
        "storefront": world.shop.pk,
        "warehouse": world.warehouse.pk,
        "variant": world.dryer.pk,
        "item_no": "7",
        "record_no": "R7",
    }
    assert client.post(reverse("admin:inventory_bookitem_add"), form).status_code == 302
    lot.refresh_from_db()
    assert lot.free == 5


def test_a_bonded_warehouse_is_not_opened_without_its_book(client, world):
    enter(client, world, "owner")
    url = reverse("admin:inventory_warehouse_change", args=[world.warehouse.pk])
    form = {
        **{name: getattr(world.warehouse, name) for name in ("name", "name_zh", "customs_district")},
        **{"position": 0, "time_zone": "Asia/Shanghai", "weekdays": "12345", "cut_off": "15:00"},
        **{"handling_days": 1, "parcel_limit_g": 30000, "packing_g": 200, "tolerance_g": 50},
        **{"tolerance_percent": 3, "area_code": "330266", "ems_no": "", "active": "on"},
    }
    assert "保税仓启用前须填写。" in client.post(url, form).content.decode()
    assert client.post(url, {**form, "ems_no": "T2"}).status_code == 302
    world.warehouse.refresh_from_db()
    assert world.warehouse.ems_no == "T2"


def test_what_has_reached_its_floor_is_not_shown_as_sellable_before_anyone_swept(client, world):
    make.lot(world.warehouse, world.dryer, 4, expires_on=shanghai_day(make.present()) + timedelta(days=1))
    make.lot(world.warehouse, world.dryer, 3, "GOOD")
    Lot.objects.filter(code="L1").update(unsellable_from=shanghai_day(make.present()))
    Stock.objects.filter(variant=world.dryer).update(floor_on=shanghai_day(make.present()))
    enter(client, world)
    rows_ = client.get(reverse("admin:inventory_stock_download"))
    line = next(one for one in b"".join(rows_.streaming_content).decode().splitlines() if "HD-1" in one)
    assert line.split(",")[2:6] == ["7", "0", "0", "3"]


def test_a_lot_is_stopped_and_lifted_with_a_reason(client, world):
    lot = make.lot(world.warehouse, world.dryer, 5)
    enter(client, world)
    assert step(client, "lot", lot, "stop", reason="").status_code == 200
    assert step(client, "lot", lot, "stop", reason="recall").status_code == 302
    stop = SaleStop.objects.get()
    assert (stop.by, stop.reason, Stock.objects.get(variant=world.dryer).quarantined) == (
        "the-fulfilment",
        "recall",
        5,
    )
    assert step(client, "salestop", stop, "lift", reason="tested").status_code == 302
    assert Stock.objects.get(variant=world.dryer).quarantined == 0


def test_a_count_is_entered_accepted_and_closed(client, world):
    lot = make.lot(world.warehouse, world.dryer, 5)
    enter(client, world)
    form = {"warehouse": world.warehouse.pk, "note": "November"}
    assert client.post(reverse("admin:inventory_count_add"), form).status_code == 302
    count = world.warehouse.counts.get()
    step(client, "count", count, "counted", sku="HD-1", code="L1", pieces="4")
    line = CountLine.objects.get()
    assert (line.state, line.counted) == ("varies", 4)
    assert step(client, "countline", line, "accept", reason="one broke").status_code == 302
    assert step(client, "count", count, "close").status_code == 302
    lot.refresh_from_db()
    count.refresh_from_db()
    assert (lot.on_hand, count.closed_by) == (4, "the-fulfilment")


def test_of_a_lot_number_under_two_inbound_lists_it_is_said_which_was_counted(client, world):
    for listed, pieces in (("QD1", 5), ("QD2", 3)):
        make.lot(world.warehouse, world.dryer, pieces, inbound_list=listed)
    enter(client, world)
    client.post(reverse("admin:inventory_count_add"), {"warehouse": world.warehouse.pk, "note": ""})
    count = world.warehouse.counts.get()
    said = {"sku": "HD-1", "code": "L1", "pieces": "3"}
    page = step(client, "count", count, "counted", **said).content.decode()
    assert "批次“L1”分属多份核注清单，请填写清单编号。" in page
    assert step(client, "count", count, "counted", **said, inbound_list="QD2").status_code == 302
    line = CountLine.objects.get()
    assert (line.lot.inbound_list, line.state) == ("QD2", "matches")


def test_pieces_are_sent_to_another_warehouse_and_taken_in_there(client, world):
    lot = make.lot(world.warehouse, world.dryer, 5)
    make.warehouse(world.shop, "second")
    enter(client, world)
    assert step(client, "lot", lot, "send", target="second", pieces="3", reason="").status_code == 200
    assert step(client, "lot", lot, "send", target="second", pieces="3", reason="north").status_code == 302
    transfer = Transfer.objects.get()
    step(client, "transfer", transfer, "arrive", sku="HD-1", code="L1", pieces="1")
    transfer.refresh_from_db()
    assert (transfer.state, transfer.lines.get().arrived) == ("arrived", 2)


def test_who_only_reads_takes_no_step(client, world):
    lot = make.lot(world.warehouse, world.dryer, 5)
    enter(client, world, "auditor")
    assert step(client, "lot", lot, "stop", reason="recall").status_code == 403
    assert not SaleStop.objects.exists()


def test_a_count_is_entered_with_its_reason_but_never_below_what_is_reserved(client, hundred):
    world = hundred
    make.order(world.alice, ("HD-1", 2))
    stock = Stock.objects.get(variant=world.dryer)
    enter(client, world)
    url = reverse("admin:inventory_stock_step", args=[stock.pk, "count"])
    counted = {"pieces": "7", "seen": "100", "reason": "shelf 3"}
    assert client.post(url, counted | {"reason": ""}).status_code == 200
    assert client.post(url, counted).status_code == 302
    stock.refresh_from_db()
    moved = Movement.objects.get(kind="adjust", on_hand=-93)
    assert (stock.on_hand, moved.reason, moved.by) == (7, "shelf 3", "the-fulfilment")
    answer = client.post(url, counted | {"pieces": "1", "seen": "7"})
    assert "已有 2 件被占用，库存不能设为 1。" in answer.content.decode()
    stock.refresh_from_db()
    assert stock.on_hand == 7
    assert Event.objects.get(name="stock.counted").facts == {
        "by": "the-fulfilment",
        "on_hand": 7,
        "seen": 100,
    }


def test_a_count_of_what_has_moved_since_is_refused(client, hundred):
    world = hundred
    stock = Stock.objects.get(variant=world.dryer)
    enter(client, world)
    url = reverse("admin:inventory_stock_step", args=[stock.pk, "count"])
    answer = client.post(url, {"pieces": "99", "seen": "98", "reason": "shelf 3"})
    assert "库存已变动为 100 件，请重新盘点。" in answer.content.decode()
    assert Movement.objects.filter(kind="adjust", by="the-fulfilment").count() == 0


def test_no_balance_is_typed_on_the_page_of_a_stock(client, hundred):
    world = hundred
    stock = Stock.objects.get(variant=world.dryer)
    enter(client, world)
    page = client.get(reverse("admin:inventory_stock_change", args=[stock.pk])).content.decode()
    assert 'name="on_hand"' not in page and "/step/count/" in page
    assert (
        client.post(reverse("admin:inventory_stock_change", args=[stock.pk]), {"on_hand": "7"}).status_code
        == 403
    )
    stock.refresh_from_db()
    assert stock.on_hand == 100


def test_a_stock_begins_with_no_piece(client, hundred):
    world = hundred
    other = make.warehouse(world.shop, "second")
    enter(client, world)
    form = {"warehouse": other.pk, "variant": world.dryer.pk, "on_hand": "5"}
    assert client.post(reverse("admin:inventory_stock_add"), form).status_code == 302
    assert Stock.objects.get(warehouse=other).on_hand == 0


def test_a_list_goes_home_as_csv_with_ones_own_rows_and_no_formula(client, world):
    make.lot(world.warehouse, world.dryer, 5, "=1+1")
    other = make.storefront("swift")
    make.lot(make.warehouse(other), make.variant(other, "S-1"), 9, "FOREIGN")
    enter(client, world)
    answer = client.get(reverse("admin:inventory_lot_download"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[0].split(",")[0] == "批次号"
    assert lines[1].startswith("'=1+1,") and "FOREIGN" not in lines[1]


def test_a_warehouse_has_a_sender_of_its_own_whose_place_is_a_county_and_whole(client, world):
    enter(client, world, "owner")
    place = world.warehouse
    url = reverse("admin:inventory_warehouse_change", args=[place.pk])
    page = client.get(url)
    form = {
        name: value for name, value in page.context["adminform"].form.initial.items() if value is not None
    }
    own = {"sender": "郑州仓", "hotline": "0371-66661111", "origin": "410105", "origin_place": "花园路 1 号"}
    for wrong in ({"origin": "410100"}, {"origin_place": ""}, {"origin": ""}, {"hotline": "王小姐"}):
        assert client.post(url, {**form, **own, **wrong}).status_code == 200
    place.refresh_from_db()
    assert (place.sender, place.origin) == ("", "")
    assert client.post(url, {**form, **own}).status_code == 302
    place.refresh_from_db()
    assert (place.sender, place.hotline, place.origin, place.origin_place) == tuple(own.values())

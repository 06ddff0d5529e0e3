"""Of several parcels WeChat is told one by one (分拆发货), and with the last one that it is the last."""

from __future__ import annotations

import pytest

from backend import delivery
from inventory.models import Lot, Stock
from kernel.models import Case
from logistics.gateways.tracking import Report, Told
from logistics.models import Parcel, ParcelLine, Shipment, TradeManagement
from logistics.queries import on_its_way
from logistics.services import changing, comparing, lateness, packing, shipping_info, telling, waybills
from logistics.services.tracking import take_in_tracking
from logistics.vocabulary import Code
from orders.models import Order
from settlement.models import Evidence
from tests.logistics.telling import asked, bought, info, later, numbers, there

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(carriers, known) -> Order:
    """An order of general trade in three parcels, none of them scanned."""
    made = bought(carriers, known)
    Order.objects.update(trade_mode="0110")  # an import list holds one parcel
    for n in (1, 2, 3):
        Parcel.objects.create(
            storefront=known.shop,
            shipment=made.shipment,
            own_number=f"{made.number}-{n}",
            single=False,
            carrier="YTO",
            waybill=f"YT{n}",
            weight_g=500,
            state="issued",
            asked_at=later(),
            issued_at=later(),
        )
    return made


def scanned(order: Order, n: int, minutes: int = 0) -> None:
    Parcel.objects.filter(waybill=f"YT{n}").update(scanned_at=later(minutes))
    shipping_info.owe(order=order, now=later(minutes))


def finished(carriers, order: Order) -> tuple[list[str], int, int]:
    """The numbers that WeChat shows, its mode, and how often it was told that all has left."""
    seen = there(carriers, order)["shipping"]
    return sorted(numbers(carriers, order)), seen["delivery_mode"], seen["finish_shipping_count"]


def test_each_parcel_is_told_at_its_first_scan_and_the_last_one_as_the_last(carriers, order):
    scanned(order, 1)
    telling.sweep(now=later())
    assert finished(carriers, order) == (["YT1"], 2, 0)
    row = info(order)
    assert (row.state, row.known_partial, row.late_at is None) == ("told", True, False)
    scanned(order, 2, 5)
    telling.sweep(now=later(5))
    assert finished(carriers, order) == (["YT1", "YT2"], 2, 0)
    scanned(order, 3, 10)
    telling.sweep(now=later(10))
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)
    row = info(order)
    assert (row.state, row.known_partial, row.retold_at, row.late_at) == ("told", False, None, None)
    assert asked(carriers) == ["ship_upload"] * 3
    scanned(order, 3, 15)
    assert telling.sweep(now=later(15)) == 0
    assert not Case.objects.exists()


def test_those_that_were_scanned_meanwhile_are_told_in_one(carriers, order):
    for n in (1, 2, 3):
        scanned(order, n)
    telling.sweep(now=later())
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)
    assert asked(carriers) == ["ship_upload"]


@pytest.mark.parametrize("mode", ["500_before", "500_after"])
@pytest.mark.parametrize("silent", [1, 2, 3])
def test_one_that_leaves_while_another_is_unanswered_is_told_and_none_twice(carriers, order, mode, silent):
    for n in (1, 2, 3):
        if n == silent:
            carriers.control("switches", call="ship_upload", mode=mode)
        scanned(order, n, 10 * n)
        telling.sweep(now=later(10 * n))
    for minutes in (60, 61, 62, 63):
        telling.sweep(now=later(minutes))
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)
    row = info(order)
    assert (row.state, row.known_partial, row.retold_at) == ("told", False, None)
    assert not Case.objects.exists()


def test_who_dies_after_telling_one_leaves_the_next_to_be_told_beside_it(carriers, order):
    scanned(order, 1)
    telling._call(telling._attempt(info(order), later()))  # and the worker is gone
    scanned(order, 2, 5)
    telling.step(info=info(order), now=later(6))
    assert (info(order).state, info(order).known) == ("owed", [["YTO", "YT1"]])
    telling.step(info=info(order), now=later(7))
    assert (info(order).state, finished(carriers, order)) == ("told", (["YT1", "YT2"], 2, 0))
    assert asked(carriers) == ["ship_upload", "ship_order", "ship_upload"]


def test_where_the_last_one_is_cancelled_wechat_is_told_that_no_more_is_to_come(carriers, order):
    for n in (1, 2):
        scanned(order, n)
    telling.sweep(now=later())
    assert finished(carriers, order) == (["YT1", "YT2"], 2, 0)
    Parcel.objects.filter(waybill="YT3").update(state="cancelled")
    shipping_info.owe(order=order, now=later(5))
    telling.sweep(now=later(5))
    assert finished(carriers, order) == (["YT1", "YT2"], 2, 1)
    assert (info(order).known_partial, info(order).retold_at) == (False, None)


def test_told_again_by_an_operator_nothing_is_told_twice(carriers, order):
    scanned(order, 1)
    telling.sweep(now=later())
    changing.tell_again(info=info(order), by="op", now=later(5))
    telling.sweep(now=later(5))
    assert (info(order).state, info(order).known_partial) == ("told", True)
    assert asked(carriers) == ["ship_upload", "ship_order"]
    for n in (2, 3):
        scanned(order, n, 10)
    telling.sweep(now=later(10))
    assert finished(carriers, order) == (["YT1", "YT2", "YT3"], 2, 1)


def test_one_list_of_wechats_says_of_what_left_in_part_nothing_that_is_wrong(carriers, order):
    scanned(order, 1)
    telling.sweep(now=later())
    comparing.sweep(now=later(120))
    assert not Case.objects.exists()
    there(carriers, order, act="forget")
    TradeManagement.objects.update(check_at=later(120))
    comparing.sweep(now=later(240))
    assert Case.objects.get().kind == "shipping_info.lost_there"


def test_the_hours_of_what_has_left_in_part_are_an_alarm_as_of_what_has_not(carriers, order):
    scanned(order, 1)
    telling.sweep(now=later())
    assert info(order).state == "told"
    assert [lateness.sweep(now=later(60 * hours)) for hours in (35, 37, 47, 60)] == [0, 1, 0, 0]
    case = Case.objects.get()
    assert (case.kind, case.facts["waits_for"]) == ("shipping_info.late", "picking")
    for n in (2, 3):
        scanned(order, n, 60 * 61)
        telling.sweep(now=later(60 * 61 + n))
        assert Case.objects.get().state == ("open" if n == 2 else "settled")


def test_the_alarm_that_stands_before_the_first_parcel_is_told_stays_until_the_last_is(carriers, order):
    assert lateness.sweep(now=later(60 * 37)) == 1
    for n, state in ((1, "open"), (2, "open"), (3, "settled")):
        scanned(order, n, 60 * 38 + n)
        telling.sweep(now=later(60 * 38 + n))
        assert [(case.kind, case.state) for case in Case.objects.all()] == [("shipping_info.late", state)]


def test_what_was_told_as_the_whole_in_time_is_no_alarm(carriers, order):
    for n in (1, 2, 3):
        scanned(order, n)
    telling.sweep(now=later())
    assert lateness.sweep(now=later(60 * 60)) == 0


def change(order: Order, waybill: str = "YT9", **said: str) -> None:
    changing.change_waybill(info=info(order), carrier="YTO", waybill=waybill, by="op", now=later(20), **said)


def test_another_waybill_replaces_the_one_that_is_named_and_the_others_stay(carriers, order):
    for n in (1, 2, 3):
        line = order.lines.get()
        lot = Lot.objects.filter(stock__variant=line.variant_id).first()
        ParcelLine.objects.create(
            storefront_id=order.storefront_id,
            parcel=Parcel.objects.get(waybill=f"YT{n}"),
            line=line,
            lot=lot,
            quantity=n,
        )
        scanned(order, n)
    telling.sweep(now=later())
    for wrong in ({}, {"replaces": "YT7"}):
        with pytest.raises(changing.NotTold) as refused:
            change(order, **wrong)
        assert refused.value.waybills == "YT1, YT2, YT3"
    with pytest.raises(changing.SameWaybill):
        change(order, "YT3", replaces="YT2")
    change(order, replaces="YT2")
    assert info(order).wanted == [["YTO", "YT1"], ["YTO", "YT9"], ["YTO", "YT3"]]
    telling.sweep(now=later(21))
    assert finished(carriers, order) == (["YT1", "YT3", "YT9"], 2, 2)
    goods = {
        one["tracking_no"]: one["goods_desc"] for one in there(carriers, order)["shipping"]["shipping_list"]
    }
    assert [goods[number][-2:] for number in ("YT1", "YT9", "YT3")] == ["×1", "×2", "×3"]
    shipping_info.owe(order=order, now=later(30))  # told of the same parcels again
    assert (info(order).state, info(order).wanted[1]) == ("retold", ["YTO", "YT9"])
    with pytest.raises(changing.ChangeUsed):
        change(order, "YT8", replaces="YT1")
    assert not Case.objects.exists()


def test_while_more_are_to_come_nothing_is_changed_as_wechat_would_add_it(carriers, order):
    for n in (1, 2):
        scanned(order, n)
    telling.sweep(now=later())
    with pytest.raises(changing.MoreToCome):
        change(order, replaces="YT2")
    assert (info(order).state, finished(carriers, order)) == ("told", (["YT1", "YT2"], 2, 0))


def eleven_more(order: Order) -> list[str]:
    """Fourteen parcels, all scanned; WeChat takes ten in a call."""
    for n in range(4, 15):
        Parcel.objects.create(
            storefront_id=order.storefront_id,
            shipment=order.shipment,
            own_number=f"{order.number}-{n}",
            single=False,
            carrier="YTO",
            waybill=f"YT{n}",
            weight_g=500,
            state="issued",
            asked_at=later(),
            issued_at=later(),
        )
    Parcel.objects.update(scanned_at=later())
    shipping_info.owe(order=order, now=later())
    return sorted(f"YT{n}" for n in range(1, 15))


def test_more_than_ten_are_told_ten_in_a_call_and_with_the_last_call_that_they_are_all(carriers, order):
    everything = eleven_more(order)
    telling.sweep(now=later())
    assert finished(carriers, order) == (sorted(f"YT{n}" for n in range(1, 11)), 2, 0)
    assert (info(order).state, info(order).known_partial) == ("owed", True)
    telling.sweep(now=later(1))
    assert finished(carriers, order) == (everything, 2, 1)
    assert (info(order).state, info(order).known_partial, info(order).retold_at) == ("told", False, None)
    assert asked(carriers) == ["ship_upload"] * 2
    assert telling.sweep(now=later(60)) == 0
    with pytest.raises(changing.ChangeTooLong):
        change(order, "YT99", replaces="YT2")
    assert not Case.objects.exists()


@pytest.mark.parametrize("silent", [1, 2])
@pytest.mark.parametrize("mode", ["500_before", "500_after"])
def test_a_call_of_ten_without_an_answer_is_asked_about_and_none_is_told_twice(carriers, order, mode, silent):
    everything = eleven_more(order)
    for call in (1, 2):
        if call == silent:
            carriers.control("switches", call="ship_upload", mode=mode)
        telling.sweep(now=later(10 * call))
    for minutes in (60, 61, 62, 63):
        telling.sweep(now=later(minutes))
    assert finished(carriers, order) == (everything, 2, 1)
    assert (info(order).state, info(order).retold_at) == ("told", None)
    assert not Case.objects.exists()


def test_who_is_refused_ten_at_once_tells_them_again_after_a_mend(carriers, order):
    everything = eleven_more(order)
    telling.sweep(now=later())
    changing_row = info(order)
    assert changing_row.state == "owed"
    shipping_info.refuse(changing_row, shipping_info.REFUSED, "x", later())
    changing.tell_again(info=info(order), by="op", now=later(1))
    for minutes in (2, 3, 4):
        telling.sweep(now=later(minutes))
    assert finished(carriers, order) == (everything, 2, 1)
    assert info(order).state == "told"


def test_from_two_parcels_on_the_packing_table_to_the_one_that_came_last(carriers, known):
    """Packed by the shelf's lots, labelled by SF, scanned one by one, told to WeChat, seen by its buyer."""
    order = bought(carriers, known, ("HD-1", 2), ("IR-1", 1))
    Order.objects.update(trade_mode="0110")
    at = later(60 * 24)
    said = {"carrier": "SF", "by": "mei", "now": at}
    for nth, pieces, weight_g in ((1, {"HD-1": 2}, 1_200), (2, {"IR-1": 1}, None)):
        made = Shipment.objects.get()
        packing.pack(shipment=made, pieces=pieces, nth=nth, weight_g=weight_g, **said)
    waybills.sweep(now=at)
    first, second = Parcel.objects.order_by("id")
    assert (Shipment.objects.get().state, first.waybill == second.waybill) == ("labelled", False)
    both = sorted([first.waybill, second.waybill])
    steps = [
        (first, Code.PICKED_UP, "leaving", ([first.waybill], 2, 0)),
        (second, Code.PICKED_UP, "handed_over", (both, 2, 1)),
        (first, Code.DELIVERED, "in_transit", (both, 2, 1)),
        (second, Code.DELIVERED, "delivered", (both, 2, 1)),
    ]
    for hour, (parcel, code, state, at_wechat) in enumerate(steps):
        at = later(60 * (25 + hour))
        report = Report("sf", "SF", parcel.waybill, (Told(at, code, "x", "…"),))
        take_in_tracking(storefront_id=order.storefront_id, report=report, now=at)
        delivery.drain(now=at)
        telling.sweep(now=at)
        assert (Shipment.objects.get().state, finished(carriers, order)) == (state, at_wechat)
    goods = [one["goods_desc"] for one in there(carriers, order)["shipping"]["shipping_list"]]
    assert sorted(goods) == ["吹风机 HD-1×2", "吹风机 IR-1×1"]
    assert (info(order).state, info(order).retold_at, asked(carriers)[-1]) == ("told", None, "ship_remind")
    assert sorted(Evidence.objects.values_list("reference", flat=True)) == sorted(
        [first.waybill, second.waybill]
    )
    assert not Case.objects.filter(kind="evidence.contradicts").exists()
    seen = on_its_way(order, at)
    assert [[(one.sku, one.quantity) for one in parcel.pieces] for parcel in seen.parcels] == [
        [("HD-1", 2)],
        [("IR-1", 1)],
    ]
    stock = Stock.objects.order_by("variant__sku").values_list("on_hand", "reserved")
    assert list(stock) == [(98, 0), (99, 0)]


def test_one_that_is_scanned_while_another_is_still_packed_is_told_once_and_the_last_one_as_the_last(
    carriers, known
):
    order = bought(carriers, known, ("HD-1", 2), ("IR-1", 1))
    Order.objects.update(trade_mode="0110")
    at = later(60 * 24)

    def packed(pieces: dict[str, int] | None, nth: int) -> Parcel:
        said = {"carrier": "SF", "by": "mei", "now": at, "pieces": pieces, "nth": nth}
        made = packing.pack(shipment=Shipment.objects.get(), **said)
        waybills.sweep(now=at)
        return Parcel.objects.get(pk=made.pk)

    def told(parcel: Parcel, code: Code, minutes: int) -> tuple[list[str], int, int]:
        then = later(60 * 25 + minutes)
        report = Report("sf", "SF", parcel.waybill, (Told(then, code, "x", "…"),))
        take_in_tracking(storefront_id=order.storefront_id, report=report, now=then)
        delivery.drain(now=then)
        telling.sweep(now=then)
        return finished(carriers, order)

    first = packed({"HD-1": 2}, 1)
    assert (first.state, Shipment.objects.get().state) == ("issued", "packing")
    for n, code in enumerate((Code.PICKED_UP, Code.IN_TRANSIT, Code.DELIVERED)):
        assert told(first, code, n) == ([first.waybill], 2, 0)
    second = packed(None, 2)
    both = sorted([first.waybill, second.waybill])
    assert told(second, Code.PICKED_UP, 10) == (both, 2, 1)
    assert (Shipment.objects.get().state, info(order).retold_at) == ("handed_over", None)
    assert told(second, Code.DELIVERED, 20) == (both, 2, 1)
    assert (Shipment.objects.get().state, asked(carriers).count("ship_upload")) == ("delivered", 2)
    ours = Case.objects.filter(state="open", kind__regex="^(tracking|shipment|shipping_info|waybill)")
    assert not ours.exists()

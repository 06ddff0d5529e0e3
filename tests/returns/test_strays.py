"""What comes and nobody expected is kept apart: a person decides, and no money moves by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.models import Lot, Movement
from inventory.services import TooFewPieces, adjust, restore
from kernel.models import Case
from payments.models import Refund
from payments.services.refunds import Wish, request_refund
from returns.models import ReturnGrade, ReturnRequest, StrayParcel
from returns.services import settle, strays
from returns.services.arrive import Found, TooManyOfLot, inspect, receive
from returns.services.decide import refuse, withdraw
from returns.services.lost import grant_lost
from returns.services.settle import PiecesGone
from returns.services.way import send
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, asked, delivered, graded, wish
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
AT = DELIVERED + 2 * DAY


@pytest.fixture
def world(customs):
    return make.world()


@pytest.fixture
@step
def order(world):
    return delivered(world)


def lot_of(order):
    first = order.lines.get(position=1)
    return min(strays.lots_of(order)[first.variant_id].values(), key=lambda lot: lot.pk)


def came(order, row=None, many=1, **more):
    here = [Found(1, "as_new", "quarantine", many, lot_of(order).pk)] if many else []
    found = more.pop("found", here)
    return strays.take_in(
        storefront_id=order.storefront_id,
        order=order,
        request=row,
        found=found,
        came_on=AT.date(),
        by="op",
        now=AT,
        **more,
    )


def stock(order):
    lot = Lot.objects.get(pk=lot_of(order).pk)
    return lot.on_hand, lot.quarantined


def case():
    return Case.objects.get(kind="return.stray").state


def over(order, how):
    row = asked(order)
    if how == "withdrawn":
        return withdraw(request=row, by="consumer", now=DELIVERED)
    ReturnRequest.objects.filter(pk=row.pk).update(state="requested")
    row.lines.update(state="asked")
    return refuse(request=row, answer="已使用", by="ben", now=DELIVERED)


@pytest.mark.parametrize("how", ["withdrawn", "refused", "no return"])
def test_goods_that_are_the_consumers_lie_apart_and_leave_the_stock_again(order, how):
    before = stock(order)
    parcel = came(order, None if how == "no return" else over(order, how))
    assert stock(order) == (before[0] + 1, before[1] + 1)
    assert (case(), Refund.objects.count()) == ("open", 0)
    with pytest.raises(TooFewPieces):
        restore(lot=lot_of(order), pieces=1, reason="sold again", by="op", now=AT)
    with pytest.raises(strays.NotRefunded):
        strays.keep(parcel=parcel, by="op", now=AT)
    strays.send_back(parcel=parcel, carrier="SF", waybill="SF2000000000077", by="op", now=AT)
    assert (stock(order), case(), Refund.objects.count()) == (before, "settled", 0)
    moved = Movement.objects.filter(reason__endswith=parcel.number).exclude(on_hand=0).order_by("pk")
    assert list(moved.values_list("holder", "kind", "on_hand")) == [
        (order.event_key, "return", 1),
        (order.event_key, "return", -1),
    ]
    assert came(order).state == "kept"  # it may come once more


@pytest.mark.parametrize("late", [False, True])
def test_what_is_refunded_after_all_is_a_return_with_its_money_customs_and_stock(order, customs, late):
    row = over(order, "withdrawn")
    if late:
        parts.Declaration.objects.update(released_at=AT - 31 * DAY)
    before = stock(order)
    parcel = strays.refund(parcel=came(order, row), by="mei", now=AT)
    made = ReturnRequest.objects.exclude(pk=row.pk).get()
    assert (parcel.state, parcel.result, made.state, made.reason) == (
        "refunded",
        made,
        "refunding",
        row.reason,
    )
    assert (made.refund.amount_fen, Refund.objects.count()) == (made.quoted_fen, 1)
    assert customs.declared == ([] if late else [{"HD-1": 1}])
    assert customs.back == ([] if late else [(made.return_no, AT.date())])
    assert (stock(order), case()) == ((before[0] + 1, before[1] + 1), "settled")
    assert list(ReturnGrade.objects.values_list("grade", "place", "quantity")) == [
        ("as_new", "quarantine", 1)
    ]
    with pytest.raises(strays.NotOfIt):
        strays.refund(parcel=parcel, by="mei", now=AT)


def test_what_another_return_asks_for_is_not_refunded_twice(order):
    parcel = came(order, over(order, "withdrawn"))
    asked(order, wish(2), key="k-2")
    with pytest.raises(PiecesGone):
        strays.refund(parcel=parcel, by="mei", now=AT)
    assert (StrayParcel.objects.get().state, Refund.objects.count()) == ("kept", 0)


@pytest.mark.parametrize("known", [True, False])
def test_what_was_refunded_as_lost_and_comes_is_ours_and_customs_hears_of_it(order, customs, known):
    row = send(request=asked(order), carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    row = grant_lost(request=row, by="ben", now=DELIVERED + DAY)
    parcel = came(order, row if known else None)
    with pytest.raises(TooManyOfLot):
        came(order, row, many=2)
    strays.keep(parcel=parcel, by="op", now=AT)
    row.refresh_from_db()
    assert (row.received_at, customs.back) == (AT, [(row.return_no, AT.date())])
    assert (Refund.objects.count(), StrayParcel.objects.get().state, case()) == (1, "ours", "settled")
    again = came(order, row)
    with pytest.raises(strays.NotRefunded):  # its one piece is back
        strays.keep(parcel=again, by="op", now=AT)


@pytest.mark.parametrize("how", ["withdrawn", "no return"])
def test_what_was_refunded_by_hand_and_comes_is_ours_once(order, how):
    row = None if how == "no return" else over(order, how)
    parts.refunded_all(order)
    parcels = [came(order, row), came(order, row)]
    assert strays.not_back(order) == {order.lines.get().pk: 2}
    strays.keep(parcel=parcels[0], by="op", now=AT)
    assert strays.not_back(order) == {order.lines.get().pk: 1}
    restore(lot=lot_of(order), pieces=1, reason="as new", by="op", now=AT)
    with pytest.raises(TooFewPieces):  # the other lies apart still
        restore(lot=lot_of(order), pieces=1, reason="as new", by="op", now=AT)
    with pytest.raises(strays.NotOfIt):
        strays.keep(parcel=parcels[0], by="op", now=AT)
    with pytest.raises(TooManyOfLot):  # two left, two are back
        came(order, row)
    strays.keep(parcel=parcels[1], by="op", now=AT)
    assert set(StrayParcel.objects.values_list("state", "result")) == {("ours", None)}
    assert (Refund.objects.count(), ReturnGrade.objects.count()) == (1, 0)


def test_of_two_of_which_one_was_refunded_one_is_ours(order):
    parcels = [came(order), came(order)]
    one = Wish(pieces={order.lines.get().pk: 1})
    request_refund(number=order.number, wish=one, key="one", reason="退款", asked_by="operator:w", now=AT)
    strays.keep(parcel=parcels[0], by="op", now=AT)
    with pytest.raises(strays.NotRefunded):
        strays.keep(parcel=parcels[1], by="op", now=AT)


def test_what_is_asked_for_after_it_came_is_that_return_by_the_parcels_page(order, customs):
    before, parcel = stock(order), came(order)
    row = asked(order, key="k-2")
    strays.refund(parcel=parcel, by="mei", now=AT)
    row.refresh_from_db()
    assert (row.state, Refund.objects.count(), row.refund.amount_fen) == ("refunding", 1, row.quoted_fen)
    parcel.refresh_from_db()
    assert (parcel.state, parcel.result, case()) == ("refunded", row, "settled")
    assert (stock(order), customs.back) == (
        (before[0] + 1, before[1] + 1),
        [(row.return_no, AT.date())],
    )
    with pytest.raises(strays.NotOfIt):
        strays.refund(parcel=parcel, by="mei", now=AT)


@pytest.mark.parametrize("late", [False, True])
def test_what_is_asked_for_after_it_came_is_taken_over_when_it_is_graded(order, late):
    """Of two pieces one lay apart; the other came with the request, which has both."""
    before, parcel = stock(order), came(order)
    row = asked(order, wish(2), key="k-2")
    with pytest.raises(PiecesGone):
        strays.refund(parcel=parcel, by="mei", now=AT)
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=AT)
    row = receive(request=row, by="op", now=AT)
    if late:
        settle.settle(request=row, by="system", now=AT)
    graded(row, AT) if not late else put_away(row)
    assert stock(order) == (before[0] + 2, before[1])
    parcel.refresh_from_db()
    assert (parcel.state, parcel.result, case()) == ("refunded", row, "settled")
    assert Refund.objects.count() == 1


def put_away(row):
    found = [Found(1, "as_new", "shelf", 2, lot_of(row.order).pk)]
    inspect(request=row, found=found, by="op", now=AT)


def test_what_is_expected_or_undecided_is_no_stray_but_that_it_is_there_is_told(world, customs):
    parts.policy(world, approves=False)
    order = delivered(world)
    row = asked(order)
    with pytest.raises(strays.Expected):
        came(order, row)
    assert Movement.objects.filter(kind="return").count() == 0
    parcel = came(order, row, many=0, contents="未拆", pieces=1)
    with pytest.raises(strays.NotOfIt):
        strays.refund(parcel=parcel, by="mei", now=AT)
    strays.close(parcel=parcel, note="已同意并收货", by="op", now=AT)
    assert (case(), Refund.objects.count()) == ("settled", 0)


def test_a_parcel_of_nobody_known_is_a_number_and_a_case(world):
    with pytest.raises(strays.NothingInIt):
        strays.take_in(storefront_id=world.shop.pk, came_on=AT.date(), by="op", now=AT)
    made = strays.take_in(
        storefront_id=world.shop.pk,
        waybill="YT99",
        contents="两盒面膜",
        pieces=2,
        came_on=AT.date(),
        by="op",
        now=AT,
    )
    assert Case.objects.get(kind="return.stray").facts == {"parcel": made.number, "pieces": 2}


def test_graded_pieces_leave_nothing_of_their_lot_for_a_stray(order):
    row = send(request=asked(order, wish(2)), carrier="SF", waybill="SF2000000000001", by="c", now=DELIVERED)
    graded(receive(request=row, by="op", now=DELIVERED), DELIVERED)
    with pytest.raises(TooManyOfLot) as told:
        came(order, ReturnRequest.objects.get())
    assert told.value.left == 0


@pytest.mark.parametrize("stray", [True, False])
def test_stocks_are_locked_in_the_order_of_their_keys_whatever_the_lots(world, stray):
    """As a checkout does, which else dies with it: here the lot of the first stock is the younger one."""
    old = Lot.objects.get(stock__variant=world.dryer)
    adjust(lot=old, pieces=-old.on_hand, reason="counted", by="op", now=make.NOW)
    lots = {
        1: make.lot(world.warehouse, world.dryer, 1, "NEW"),
        2: Lot.objects.get(stock__variant=world.iron),
    }
    assert lots[1].stock_id < lots[2].stock_id and lots[1].pk > lots[2].pk
    order = delivered(world, ("HD-1", 1), ("IR-1", 1))
    found = [Found(position, "as_new", "quarantine", 1, lot.pk) for position, lot in lots.items()]
    if stray:
        came(order, found=found)
    else:
        row = receive(request=asked(order, wish(of={1: 1, 2: 1}), at=AT), by="op", now=AT)
        inspect(request=row, found=found, by="op", now=AT)
    moved = Movement.objects.filter(kind="return").order_by("pk").values_list("stock", flat=True)
    assert list(moved) == [lots[1].stock_id, lots[2].stock_id]

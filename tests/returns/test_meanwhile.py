"""What happens to a return while it waits: others refund its pieces, its goods move, its day comes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from inventory.models import Lot, Movement
from kernel.models import Case
from logistics.models import Shipment
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import Refund
from payments.services.refunds import Wish, request_refund
from returns.models import StrayParcel
from returns.reasons import Kind
from returns.services import deadlines
from returns.services.arrive import (
    BadGrades,
    Found,
    TooManyOfLot,
    TooMuchKept,
    dispute,
    inspect,
    lots_of,
    not_graded,
    receive,
    to_grade,
)
from returns.services.decide import NotAnyMore, PiecesGone, approve
from returns.services.options import options
from returns.services.revive import AskedAnew
from returns.services.seen import look
from returns.services.settle import settle
from returns.services.undelivered import came_back
from returns.services.way import send
from tests import make
from tests.returns import parts
from tests.returns.parts import (
    DELIVERED,
    asked,
    bought,
    cleared,
    delivered,
    graded,
    had,
    left,
    of_two_lots,
    offered,
    wish,
)

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def order(world, customs):
    return delivered(world)


def came(row, at=DELIVERED + 2 * DAY):
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    return receive(request=row, by="op", now=at)


def state(row):
    row.refresh_from_db()
    return row.state


def only(pieces=1, reason="no_longer_wanted", **more):
    return wish(pieces, reason, Kind.REFUND_ONLY, **more)


def refunded(order, pieces, key="by-hand"):
    return request_refund(
        number=order.number,
        wish=Wish({order.lines.get().pk: pieces}, freight=False),
        key=key,
        reason="退款",
        asked_by="operator:wang",
        now=DELIVERED,
    )


@pytest.mark.parametrize("reason", ["no_longer_wanted", "not_received"])
def test_what_was_asked_before_receipt_is_not_granted_after_it(world, customs, reason):
    parts.policy(world, approves=False)
    order = bought(world)
    cleared(world, order)
    if reason == "not_received":
        left(order)
    row = asked(order, only(2, reason), at=make.NOW + DAY)
    if reason == "no_longer_wanted":
        left(order)
    had(order)
    with pytest.raises(NotAnyMore):
        approve(request=row, by="ben", now=DELIVERED)
    assert (state(row), Refund.objects.count()) == ("requested", 0)


def test_two_that_wait_for_customs_are_two_refunds_each_of_its_own_pieces(world, customs):
    order = bought(world)
    Order.objects.filter(pk=order.pk).update(gate="with_customs")
    first, second = (asked(order, only(1), at=make.NOW, key=key) for key in ("a", "b"))
    assert first.refund != second.refund
    assert list(Refund.objects.order_by("pk").values_list("state", "tax_fen")) == [("requested", 910)] * 2


def test_a_parcel_that_turns_back_is_refunded_whole_whatever_its_consumer_had_asked(order):
    row = asked(order)
    assert row.state == "to_send"
    Shipment.objects.update(state="returned")
    back = came_back(order=order, at=DELIVERED + DAY, now=DELIVERED + DAY)
    assert (state(row), back.lines.get().quantity) == ("withdrawn", 2)


def test_goods_refunded_by_the_laws_last_day_are_put_away_after_it_and_cost_nobody_more(order, world):
    row = came(asked(order))
    before = Lot.objects.get(stock__variant=world.dryer).on_hand
    deadlines.sweep(now=row.refund_by)
    row.refresh_from_db()
    paid = row.refund.amount_fen
    with pytest.raises(TooMuchKept):
        late(row, deducted_fen=1, why="迟")
    late(row)
    assert Lot.objects.get(stock__variant=world.dryer).on_hand == before + 1
    assert Case.objects.get(kind="return.not_inspected").state == "settled"
    assert (state(row), Refund.objects.get().amount_fen) == ("refunding", paid)
    with pytest.raises(BadGrades):  # no piece is graded twice
        late(row)
    assert Movement.objects.filter(kind="return").count() == 1


def came_late(row):
    """It lapsed, and comes after all."""
    deadlines.sweep(now=row.send_by)
    assert state(row) == "lapsed"
    return row


def test_pieces_of_a_late_parcel_that_were_asked_for_again_are_received_there(order, world):
    row = came_late(asked(order, wish(2)))
    at = row.send_by
    parts.had(order, at)
    anew = asked(order, wish(1), at=at, key="k-2")
    row = receive(request=row, by="op", now=at)
    assert [(one.quantity, one.state) for one in row.lines.all()] == [(1, "approved")]
    case = Case.objects.get(kind="return.surplus")
    assert (case.facts["elsewhere"], case.facts["others"]) == ("HD-1 × 1", anew.number)
    for one in (row, receive(request=anew, by="op", now=at)):
        graded(one, at)
    assert [one.amount_fen for one in Refund.objects.all()] == [10_910, 10_910]
    assert Movement.objects.filter(kind="return").count() == 2
    other = came_late(asked(delivered(world), key="k-3"))
    parts.had(other.order, other.send_by)
    anew = asked(other.order, wish(2), at=other.send_by, key="k-4")
    with pytest.raises(AskedAnew) as told:
        receive(request=other, by="op", now=other.send_by)
    assert anew.number in told.value.text("zh")
    assert state(other) == "lapsed"


def test_pieces_of_a_late_parcel_that_were_refunded_are_put_away_and_not_refunded_again(order, world):
    row = came_late(asked(order, wish(2)))
    refunded(order, 1)
    before = Lot.objects.get(stock__variant=world.dryer).on_hand
    row = receive(request=row, by="op", now=row.send_by)
    assert Case.objects.get(kind="return.surplus").facts["refunded"] == "HD-1 × 1"
    assert not offered(order, wish(1), row.send_by).possible  # nothing is left, and nothing breaks
    graded(row, row.send_by)
    assert (state(row), Lot.objects.get(stock__variant=world.dryer).on_hand) == ("refunding", before + 2)
    assert [one.quantity for one in row.refund.lines.all()] == [1]


def test_a_late_parcel_of_which_all_was_refunded_ends_by_its_last_day_and_is_put_away(order):
    row = came_late(asked(order))
    refunded(order, 2)
    row = receive(request=row, by="op", now=row.send_by)
    deadlines.sweep(now=row.refund_by)
    assert (state(row), Refund.objects.count()) == ("ended", 1)
    assert not Case.objects.filter(kind="return.failing").exists()
    assert not_graded(row) and Case.objects.get(kind="return.not_inspected").state == "open"
    late(row)
    assert (state(row), Refund.objects.count()) == ("ended", 1)
    assert Movement.objects.get(kind="return").on_hand == 1
    assert not not_graded(row) and Case.objects.get(kind="return.not_inspected").state == "settled"


def test_a_late_parcel_takes_no_money_of_pieces_that_another_wish_holds(order):
    row = came_late(asked(order, wish(2)))
    at = row.send_by
    parts.had(order, at)
    anew = asked(order, wish(1), at=at, key="k-2")
    refunded(order, 1)
    row = receive(request=row, by="op", now=at)
    line = row.lines.get()
    assert (line.quantity, line.refunded) == (1, 1)
    graded(row, at)
    assert (state(row), Refund.objects.count()) == ("ended", 1)
    graded(receive(request=anew, by="op", now=at), at)
    assert (state(anew), anew.refund.amount_fen) == ("refunding", 10_910)


def late(row, **more):
    found = [Found(1, "as_new", "shelf", 1, lots_of(row)[1][0].pk)]
    inspect(request=row, found=found, by="op", now=row.refund_by + DAY, **more)


def test_pieces_that_an_operator_refunded_meanwhile_are_put_away_and_not_refunded_again(order, world):
    row = came(asked(order, wish(2)))
    refunded(order, 2)
    graded(row, DELIVERED + 2 * DAY)
    assert (state(row), row.refund, Refund.objects.count()) == ("ended", None, 1)
    assert Movement.objects.get(kind="return").on_hand == 2


def test_of_pieces_of_which_some_were_refunded_meanwhile_the_others_are(order):
    row = came(asked(order, wish(2)))
    by_hand = refunded(order, 1)
    graded(row, DELIVERED + 2 * DAY)
    assert state(row) == "refunding"
    total = by_hand.amount_fen + row.refund.amount_fen
    assert total == order.total_fen - order.freight_fen


def test_a_request_whose_pieces_are_gone_is_not_granted(world, customs):
    parts.policy(world, approves=False)
    order = bought(world)
    row = asked(order, only(2), at=make.NOW)
    refunded(order, 2)
    with pytest.raises((PiecesGone, NotAnyMore)):
        approve(request=row, by="ben", now=make.NOW + DAY)
    assert state(row) == "requested"


def test_pieces_of_a_refund_that_wechat_closed_are_nobody_elses(order):
    row = came(asked(order))
    graded(row, DELIVERED + 2 * DAY)
    assert state(row) == "refunding"
    Refund.objects.update(state="closed")
    assert [one.code for one in offered(order, wish(2)).obstacles] == ["too_many"]
    assert offered(order, wish(1)).possible


@pytest.mark.parametrize("grade", ["short", "wrong"])
def test_customs_hears_of_no_arrival_of_what_was_not_in_the_parcel(order, customs, grade):
    row = came(asked(order))
    graded(row, DELIVERED + 2 * DAY, grade, "nowhere")
    assert (customs.declared, customs.back) == ([{"HD-1": 1}], [])
    assert Case.objects.get(kind="return.not_all_there").state == "open"
    apart = [(one.pieces, one.state, one.request_id) for one in StrayParcel.objects.all()]
    assert apart == ([(1, "kept", row.pk)] if grade == "wrong" else [])
    assert Case.objects.filter(kind="return.stray").count() == len(apart)


def test_what_was_asked_of_an_order_that_ends_is_withdrawn_with_it(world, customs):
    parts.policy(world, approves=False)
    order = bought(world)
    row = asked(order, only(1), at=make.NOW)
    cancel_paid(number=order.number, by="consumer", now=make.NOW)
    delivery.drain()
    assert (state(row), row.lines.get().state) == ("withdrawn", "dropped")


def test_no_more_comes_back_of_a_lot_than_left_of_it_with_the_order(world, customs):
    row = came(asked(of_two_lots(world), wish(2)))
    first, second = lots_of(row)[1]
    with pytest.raises(TooManyOfLot) as told:
        inspect(request=row, found=[Found(1, "as_new", "shelf", 2, second.pk)], by="op", now=DELIVERED)
    assert (told.value.lot, told.value.left, Movement.objects.filter(kind="return").count()) == ("B-2", 1, 0)
    each = [Found(1, "as_new", "shelf", 1, lot.pk) for lot in (first, second)]
    inspect(request=row, found=each, by="op", now=DELIVERED)
    assert dict(Movement.objects.filter(kind="return").values_list("lot", "on_hand")) == {
        first.pk: 1,
        second.pk: 1,
    }


def test_what_is_to_go_abroad_out_of_a_zone_waits_aside_for_its_papers(order, world):
    row = came(asked(order))
    before = Lot.objects.get(stock__variant=world.dryer)
    graded(row, DELIVERED + 2 * DAY, "damaged", "abroad")
    after = Lot.objects.get(stock__variant=world.dryer)
    assert (after.on_hand - before.on_hand, after.quarantined - before.quarantined) == (1, 1)


def test_a_piece_refunded_by_hand_while_a_return_holds_it_stands_in_no_other_returns_way(world, customs):
    order = delivered(world, ("HD-1", 2), ("IR-1", 1))
    dryers, iron = order.lines.order_by("position")
    asked(order)
    other = came(asked(order, wish(of={2: 1}), key="iron"))
    request_refund(
        number=order.number,
        wish=Wish({dryers.pk: 2}, freight=False),
        key="by-hand",
        reason="退款",
        asked_by="operator:wang",
        now=DELIVERED,
    )
    seen = look(order=order, now=DELIVERED)
    assert (seen.left(dryers), seen.left(iron)) == (0, 0)
    assert [one.left for one in options(seen)] == [0, 0]
    deadlines.sweep(now=other.refund_by)
    assert (state(other), other.refund.lines.get().line) == ("refunding", iron)
    assert not Case.objects.filter(kind="return.failing").exists()


@pytest.mark.parametrize("waived", [True, False])
def test_an_objection_to_what_was_missing_is_refunded_whole_if_waived_or_undecided(order, waived):
    row = came(asked(order, wish(2)))
    lot = lots_of(row)[1][0].pk
    found = [Found(1, "as_new", "shelf", 1, lot), Found(1, "wrong", "nowhere", 1)]
    inspect(request=row, found=found, by="op", now=DELIVERED + 2 * DAY)
    dispute(request=row, now=DELIVERED + 2 * DAY)
    if waived:
        settle(request=row, by="ben", now=DELIVERED + 3 * DAY, waive=True)
    else:
        deadlines.sweep(now=row.refund_by)
    assert (state(row), row.refund.amount_fen, row.lines.get().state) == (
        "refunding",
        row.quoted_fen,
        "paid",
    )


def test_goods_refunded_by_hand_are_put_away_with_the_rest_and_what_we_sent_wrongly_is_counted(
    world, customs
):
    parts.policy(world)
    order = delivered(world, ("HD-1", 1), ("IR-1", 1))
    row = parts.written(order, wish(reason="wrong", of={1: 1, 2: 1}), "k")
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    row = receive(request=row, by="op", now=DELIVERED)
    request_refund(
        number=order.number,
        wish=Wish({order.lines.get(position=1).pk: 1}, freight=False),
        key="hand",
        reason="退款",
        asked_by="operator:wang",
        now=DELIVERED,
    )
    late = row.refund_by + DAY
    deadlines.sweep(now=late)
    row.refresh_from_db()
    assert (row.state, [one.state for one in row.lines.order_by("pk")]) == ("refunding", ["dropped", "paid"])
    assert [one.line.position for one in to_grade(row)] == [1, 2]
    iron = lots_of(row)[2][0].pk
    found = [Found(1, "wrong", "nowhere", 1), Found(2, "as_new", "shelf", 1, iron)]
    inspect(request=row, found=found, by="op", now=late)
    assert row.lines.filter(grades__quantity=1).count() == 2
    case = Case.objects.get(kind="return.sent_wrong")
    assert case.facts == {"return": row.number, "sku": "HD-1", "pieces": 1}

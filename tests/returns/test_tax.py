"""The ledger owes customs the tax of what it does not give up, and no other, whatever is told when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from customs.models import Declaration
from customs.services.return_story import GRANTED, REFUSED, RESTORED
from kernel.models import Case
from orders.models import Order
from payments.models import Refund, RefundLine
from payments.services.refund_outcome import take_in
from payments.services.refund_parts import SHARES
from payments.services.refunds import Wish, request_refund
from returns.customs_told import at_customs as at_customs_told
from returns.figures import Span, by_week
from returns.models import ReturnRequest
from returns.services import at_customs, deadlines, lost, strays
from returns.services.arrive import Found, dispute, inspect, receive
from returns.services.settle import settle
from returns.services.way import send
from settlement.models import Posting
from tests import make
from tests.payments.reports import refund_report_of
from tests.returns import parts
from tests.returns.parts import DELIVERED, asked, bought, delivered, graded, wish
from tests.returns.test_meanwhile import only, refunded
from tests.returns.test_strays import came as stray
from tests.returns.test_strays import lot_of
from tests.returns.test_windows import undone

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
AT = DELIVERED + 2 * DAY


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def order(world, customs):
    return delivered(world)


def on_the_way(order, pieces=1):
    return send(
        request=asked(order, wish(pieces)), carrier="SF", waybill="SF2000000000001", by="c", now=DELIVERED
    )


def received(order, pieces=1):
    return receive(request=on_the_way(order, pieces), by="op", now=AT)


def one_came(row):
    """Of two pieces one is not in the parcel."""
    found = [Found(1, "as_new", "shelf", 1, lot_of(row.order).pk), Found(1, "short", "nowhere", 1)]
    return inspect(request=row, found=found, by="op", now=AT)


def arrives(row):
    row.refresh_from_db()
    parts.arrives(row.refund, AT)
    row.refresh_from_db()


def owed():
    """The balance of the account of taxes; what is owed to customs is below zero."""
    return sum(Posting.objects.filter(account="tax").values_list("amount_fen", flat=True))


def test_what_was_lost_on_its_way_back_keeps_its_tax_levied_though_customs_grants_the_return(order, customs):
    row = send(request=asked(order), carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    row = lost.grant_lost(request=row, by="ben", now=DELIVERED + DAY)
    assert customs.never == [row.return_no]
    parts.arrives(row.refund, DELIVERED + DAY)
    before = owed()
    customs.says(order, GRANTED, row.return_no, DELIVERED + 2 * DAY)
    assert (ReturnRequest.objects.get().restorable, owed(), row.refund.tax_lost_fen) == (
        False,
        before,
        row.refund.tax_fen,
    )


def test_two_returns_in_one_refund_owe_each_the_tax_of_its_own_pieces_and_get_it_back(world, customs):
    order = bought(world)
    Order.objects.filter(pk=order.pk).update(gate="with_customs")
    rows = [asked(order, only(1), at=make.NOW, key=key) for key in ("a", "b")]
    request_refund(
        number=order.number, wish=Wish(), key="whole", reason="退款", asked_by="operator:wang", now=make.NOW
    )
    delivery.drain()
    refund = Refund.objects.get(key="whole")
    assert {row.refund for row in ReturnRequest.objects.all()} == {refund}
    Refund.objects.filter(pk=refund.pk).update(state="processing")
    parts.arrives(Refund.objects.get(pk=refund.pk), DELIVERED)
    days = {"listed_at": make.NOW, "accepted_at": make.NOW, "released_at": DELIVERED}
    Declaration.objects.update(
        state="released", cop_no="L1", list_no=parts.LIST_NO, account=parts.account(world), **days
    )
    declaration = Declaration.objects.get()
    for row in rows:
        number = customs.declare(declaration=declaration, pieces={"HD-1": 1}, now=DELIVERED).key
        ReturnRequest.objects.filter(pk=row.pk).update(
            return_no=number, declare_by=DELIVERED.date(), arrive_by=DELIVERED.date()
        )
        customs.arrived(declaration=declaration, number=number, on=DELIVERED.date(), now=DELIVERED)
    delivery.drain(now=DELIVERED)
    before = owed()
    for said, owes in ((REFUSED, order.tax_fen), (GRANTED, 0), (REFUSED, order.tax_fen)):
        for number in (1, 2, 1):
            customs.says(order, said, f"return-{number}", DELIVERED)
        assert before - owed() == owes


@pytest.mark.parametrize("comes", [True, False])
def test_the_tax_of_goods_that_were_paid_unseen_is_owed_until_they_are_found(order, customs, comes):
    row, before = received(order), owed()
    deadlines.sweep(now=row.refund_by)
    arrives(row)
    assert (row.state, row.refund.amount_fen, row.restorable) == ("settled", row.quoted_fen, False)
    assert (owed(), row.refund.tax_kept_fen) == (before, 0)
    customs.says(order, GRANTED, row.return_no, AT)  # of what nobody has seen the grant says nothing
    assert owed() == before
    grade = ("as_new", "shelf") if comes else ("short", "nowhere")
    found = [Found(1, *grade, 1, lot_of(order).pk if comes else None)]
    inspect(request=row, found=found, by="op", now=AT)
    delivery.drain(now=AT)
    row.refresh_from_db()
    assert (row.restorable, owed()) == (comes, before + (row.refund.tax_fen if comes else 0))
    assert Case.objects.filter(kind="return.not_all_there", state="open").exists() is not comes


def test_what_is_paid_though_it_did_not_come_keeps_its_tax_owed_until_it_does(order, customs):
    row, before = received(order, 2), owed()
    row = settle(request=one_came(row), by="mei", now=AT, waive=True)
    arrives(row)
    tax = row.refund.tax_fen
    assert (tax, row.refund.tax_lost_fen, row.restorable) == (order.tax_fen, 0, False)
    assert owed() == before + tax // 2
    week = by_week(Span([order.storefront_id], make.NOW - DAY, AT + DAY))[-1]
    assert (week.lost_tax_fen, week.restored_tax_fen) == (tax - tax // 2, tax // 2)
    strays.keep(parcel=stray(order, row), by="op", now=AT)
    delivery.drain(now=AT)
    row.refresh_from_db()
    assert ([number for number, _ in customs.back], row.restorable) == ([row.return_no] * 2, True)
    assert (owed(), Case.objects.get(kind="return.not_all_there").state) == (before + tax, "settled")
    assert (row.tax_spared_fen, row.tax_owed_fen) == (tax, 0)


def test_of_what_came_and_was_paid_for_nothing_is_owed_though_another_piece_did_not(order, customs):
    row, before = received(order, 2), owed()
    one_came(row)
    deadlines.sweep(now=AT + 3 * DAY)
    arrives(row)
    assert (row.restorable, row.refund.tax_lost_fen, owed()) == (True, 0, before + row.refund.tax_fen)


def test_what_was_lost_and_refunded_in_part_by_hand_is_told_to_customs_when_it_comes(order, customs):
    row = on_the_way(order, 2)
    refunded(order, 1)
    row = lost.grant_lost(request=row, by="ben", now=AT)
    strays.keep(parcel=stray(order, many=2), by="op", now=AT)
    assert customs.back == [(row.return_no, AT.date())]
    row.refresh_from_db()
    assert (row.received_at, Refund.objects.count()) == (AT, 2)


def test_of_a_parcel_of_which_some_was_refunded_the_rest_is_refunded_and_all_is_put_away(order, customs):
    by_hand = refunded(order, 1)
    parcel = stray(order, many=2)
    with pytest.raises(strays.NotRefunded):
        strays.keep(parcel=parcel, by="op", now=AT)
    made = strays.refund(parcel=parcel, by="mei", now=AT).result
    made.refresh_from_db()
    line = made.lines.get()
    assert (line.quantity, line.refunded, line.state, made.refund.amount_fen) == (
        2,
        1,
        "paid",
        made.quoted_fen,
    )
    assert by_hand.goods_fen + made.refund.goods_fen == order.goods_fen
    assert (customs.declared, customs.back) == ([{"HD-1": 2}], [(made.return_no, AT.date())])
    assert sum(one.quantity for one in line.grades.all()) == 2


@pytest.mark.parametrize("comes", [True, False])
def test_of_two_requests_that_bring_what_one_return_named_each_has_what_it_brought(world, customs, comes):
    order, before = delivered(world, ("HD-1", 3)), owed()
    row = received(order, 2)
    dispute(request=one_came(row), now=AT)
    anew = asked(order, key="k-2", at=AT)
    anew = send(request=anew, carrier="SF", waybill="SF2000000000002", by="c", now=AT)
    assert anew.return_no == row.return_no
    settle(request=row, by="mei", now=AT, waive=True)
    if comes:  # the piece that was missing, and then the one that took its place at customs
        arrives(row)
        strays.keep(parcel=stray(order, row), by="op", now=AT)
    graded(receive(request=anew, by="op", now=AT), AT)
    for one in (row, anew):
        arrives(one)
    delivery.drain(now=AT)
    row.refresh_from_db()
    assert (row.restorable, anew.restorable) == (comes, True)
    assert customs.declared == [{"HD-1": 2}, *([{"HD-1": 1}] if comes else [])]
    assert owed() == before + (order.tax_fen if comes else order.tax_fen * 2 // 3)


def test_what_came_before_the_release_was_taken_in_is_declared_when_it_is(world, customs):
    order = bought(world)
    released = parts.cleared(world, order)
    Declaration.objects.update(state="accepted", released_at=None)
    parts.left(order)
    parts.had(order)
    order = Order.objects.get(pk=order.pk)
    row = received(order, 2)
    graded(row, AT)
    assert (customs.declared, row.return_no) == ([], "")
    Declaration.objects.update(state="released", released_at=released.released_at)
    at_customs.released(order_number=order.number, now=AT)
    row.refresh_from_db()
    assert (customs.declared, customs.back) == ([{"HD-1": 2}], [("return-1", AT.date())])
    Refund.objects.update(state="processing")
    arrives(row)
    assert (row.state, row.restorable, owed()) == ("settled", True, 0)


def test_what_is_refunded_by_hand_after_its_release_stays_owed_until_it_is_declared_and_back(order, customs):
    before = owed()
    for _ in range(2):
        by_hand = refunded(order, 1)  # asked for once more, it is the same
    Refund.objects.update(state="processing")
    parts.arrives(by_hand, AT)
    assert (owed(), Refund.objects.get().amount_fen) == (before, by_hand.amount_fen)
    strays.keep(parcel=stray(order), by="op", now=AT)
    case = Case.objects.get(kind="return.not_declared")
    assert (case.key, case.state, "until" in case.facts) == (order.event_key, "open", True)
    number = customs.declare(declaration=Declaration.objects.get(), pieces={"HD-1": 1}, now=AT).key
    customs.arrived(declaration=Declaration.objects.get(), number=number, on=AT.date(), now=AT)
    delivery.drain(now=AT)
    assert owed() == before + by_hand.tax_fen
    customs.says(order, REFUSED, number, AT)
    assert owed() == before


def test_a_consumer_reads_what_customs_did_with_a_return(order, customs):
    row = asked(order)
    assert at_customs_told(row) is None
    ReturnRequest.objects.update(return_no="return-0", state="lapsed")
    assert at_customs_told(ReturnRequest.objects.get()) is None
    ReturnRequest.objects.update(return_no="", state="to_send")
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="c", now=DELIVERED)
    assert at_customs_told(row).state == "awaits"
    with undone():
        lost.grant_lost(request=row, by="ben", now=AT)
        assert at_customs_told(row).state == "never"
    with undone():
        late = parts.RELEASED + 46 * DAY
        graded(receive(request=row, by="op", now=late), late)
        assert at_customs_told(row).state == "late"
    graded(receive(request=row, by="op", now=AT), AT)
    assert at_customs_told(row).state == "awaits"  # for what customs says
    customs.says(order, REFUSED, row.return_no, AT)
    assert (at_customs_told(row).state, at_customs_told(row).quota_fen) == ("refused", 0)
    measures = {"measures": {"value": 10_000}, "pieces": {"HD-1": 1}}
    customs.record(Declaration.objects.get(), RESTORED, row.return_no, AT, **measures)
    row.refresh_from_db()
    assert (at_customs_told(row).state, at_customs_told(row).quota_fen) == ("restored", 10_000)
    ReturnRequest.objects.update(received_at=parts.RELEASED + 46 * DAY)  # another one brought it in time
    row.refresh_from_db()
    assert (at_customs_told(row).state, at_customs_told(row).quota_fen) == ("late", 0)


def test_what_waited_for_the_release_by_hand_is_owed_once_it_left(world, customs):
    order = bought(world)
    Order.objects.filter(pk=order.pk).update(gate="with_customs")
    days = dict.fromkeys(("listed_at", "accepted_at", "released_at"), make.NOW)
    by_hand = refunded(order, 1)
    delivery.drain(now=make.NOW)
    Declaration.objects.update(
        state="released", cop_no="L1", list_no=parts.LIST_NO, account=parts.account(world), **days
    )
    Refund.objects.update(state="processing")
    parts.arrives(by_hand, AT)
    assert owed() == -order.tax_fen


def test_what_is_refunded_by_hand_while_it_is_on_its_way_back_and_comes_in_time_is_given_up(order, customs):
    row, before = on_the_way(order, 2), owed()
    by_hand = request_refund(
        number=order.number, wish=Wish(), key="all", reason="退款", asked_by="operator:w", now=AT
    )
    Refund.objects.filter(pk=by_hand.pk).update(state="processing")
    parts.arrives(by_hand, AT)
    assert owed() == before
    graded(receive(request=row, by="op", now=AT), AT)
    deadlines.sweep(now=AT + 9 * DAY)
    delivery.drain(now=AT)
    assert owed() == before + order.tax_fen


def test_what_was_entered_at_customs_and_is_not_found_is_a_persons(order, customs):
    row = received(order, 2)
    declaration = Declaration.objects.get()
    customs.arrived(declaration=declaration, number=row.return_no, on=AT.date(), now=AT)
    one_came(row)
    assert Case.objects.get(kind="return.more_told").key == row.event_key


def test_pieces_that_an_accountant_names_after_the_release_keep_their_tax_owed(order, customs):
    before = owed()
    made = request_refund(
        number=order.number, wish=Wish(goodwill_fen=1_000), key="w", reason="退款", asked_by="w", now=AT
    )
    Refund.objects.update(state="processing")
    parts.arrives(made, AT)
    shares = dict.fromkeys(SHARES, 0) | {"goods_fen": 90, "vat_fen": 910}
    RefundLine.objects.create(
        storefront=order.storefront, refund=made, line=order.lines.get(), quantity=1, **shares
    )
    at_customs.refunded(refund=made, now=AT)
    assert owed() == before - 910  # beside the ledger's own entry of what was named


@pytest.mark.parametrize("before", [True, False])
def test_a_refund_that_wechat_closed_and_paid_after_all_is_owed_if_its_piece_is_on_the_list(
    world, customs, before
):
    order = bought(world)
    delivery.drain(now=make.NOW)
    pieces = Wish({order.lines.get().pk: 1}, freight=False)
    early = make.NOW - timedelta(minutes=2)
    made = request_refund(
        number=order.number, wish=pieces, key="h", reason="退款", asked_by="operator:w", now=early
    )
    Refund.objects.filter(pk=made.pk).update(state="processing")
    tells(made, early, status="CLOSED", success_time=None)
    assert made.state == "closed"
    listed = {"listed_at": make.NOW, "accepted_at": make.NOW, "released_at": DELIVERED}
    Declaration.objects.update(
        state="released", cop_no="L1", list_no=parts.LIST_NO, account=parts.account(world), **listed
    )
    tells(made, early if before else AT, success_time=AT)
    assert (made.state, owed()) == ("succeeded", -order.tax_fen + (made.tax_fen if before else 0))


def tells(refund, at, **said):
    take_in(
        storefront_id=refund.storefront_id,
        mchid=refund.payment.mchid,
        report=refund_report_of(refund, **said),
        source="notification",
        now=at,
    )
    delivery.drain(now=at)
    refund.refresh_from_db()

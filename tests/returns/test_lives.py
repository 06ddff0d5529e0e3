"""The lives of a return: what is asked, decided, sent, received, inspected, and what it gives back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Sum

from inventory.models import Lot, Movement
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from kernel.money import yuan
from kernel.states import WrongState
from payments.models import Refund
from returns.models import ReturnLine, ReturnRequest
from returns.reasons import Kind
from returns.services import deadlines
from returns.services.arrive import BadGrades, ToldTooLate, TooMuchKept, dispute, receive
from returns.services.ask import AskedOtherwise, NotPossible, PicturesNeeded
from returns.services.decide import AnswerNeeded, AppealOver, PiecesGone, appeal, approve, refuse, withdraw
from returns.services.settle import settle
from returns.services.way import BadWaybill, send
from returns.told import may
from returns.windows import whole
from settlement.models import Posting
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, RELEASED, asked, delivered, graded, offered, wish

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def order(world, customs):
    return delivered(world)


def sent(row, at=DELIVERED + DAY):
    return send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=at)


def came(row, at):
    return receive(request=row, by="op", now=at)


def state(row):
    row.refresh_from_db()
    return row.state


def pays(row, at):
    """WeChat has the refund and says that it has arrived."""
    row.refresh_from_db()
    Refund.objects.filter(pk=row.refund_id).update(state="processing")
    parts.arrives(Refund.objects.get(pk=row.refund_id), at)


def balance(account):
    return Posting.objects.filter(account=account).aggregate(sum=Sum("amount_fen", default=0))["sum"]


def half(order):
    """The shares of one of two pieces, without freight."""
    line = order.lines.get()
    goods = line.goods_fen // 2 - line.discount_fen // 2
    return goods + line.duty_fen // 2 + line.vat_fen // 2 + line.excise_fen // 2


def test_a_return_in_time_goes_from_the_wish_to_the_money(order, world, customs):
    before = Lot.objects.get(stock__variant=world.dryer).on_hand
    row = asked(order)
    assert (row.state, row.decided_by, row.goods_back, row.seller_pays) == ("to_send", "system", True, False)
    assert row.send_by == DELIVERED + 7 * DAY
    row = sent(row)
    assert customs.declared == [{"HD-1": 1}]
    row = came(row, DELIVERED + 3 * DAY)
    graded(row, DELIVERED + 3 * DAY)
    assert customs.back == [("return-1", (DELIVERED + 3 * DAY).date())]
    assert (state(row), row.restorable, row.refund.amount_fen) == ("refunding", True, row.quoted_fen)
    assert (row.refund.amount_fen, row.refund.freight_fen) == (half(order), 0)
    assert Lot.objects.get(stock__variant=world.dryer).on_hand == before + 1
    moved = Movement.objects.get(kind="return")
    assert (moved.holder, moved.reason) == (row.order.event_key, row.number)
    tax = balance("tax")
    pays(row, DELIVERED + 4 * DAY)
    assert (state(row), row.lines.get().state) == ("settled", "paid")
    assert (balance("goodwill"), balance("tax") - tax) == (0, row.refund.tax_fen)
    assert not Case.objects.filter(state="open", kind__startswith="return").exists()


def test_outside_customs_window_the_terms_say_who_bears_the_tax(world, customs):
    parts.policy(world, lost_tax_percent=40)
    order = delivered(world)
    at = RELEASED + 31 * DAY
    parts.had(order, at - DAY)
    row = asked(order, at=at)
    tax = row.quote["tax"]
    assert (tax["restorable"], tax["kept_fen"]) == (False, (tax["fen"] * 60 + 50) // 100)
    assert row.quoted_fen == half(order) - tax["kept_fen"]
    row = came(sent(row, at), at + DAY)
    graded(row, at + DAY)
    assert (state(row), row.restorable, row.refund.amount_fen) == ("refunding", False, row.quoted_fen)
    assert customs.declared == []
    before = balance("tax")
    pays(row, at + 2 * DAY)
    assert balance("tax") == before  # customs has levied it
    assert balance("goodwill") == tax["fen"] - tax["kept_fen"]


def test_goods_that_come_after_customs_last_day_lose_the_tax_as_was_shown(world, customs):
    parts.policy(world, lost_tax_percent=0)
    order = delivered(world)
    row = sent(asked(order))
    assert customs.declared == [{"HD-1": 1}]
    late = RELEASED + 46 * DAY
    row = came(row, late)
    graded(row, late)
    assert (state(row), row.restorable) == ("refunding", False)
    assert row.refund.amount_fen == row.quoted_late_fen == half(order) - row.refund.tax_fen
    assert Case.objects.get(kind="return.late_at_customs").state == "open"


def test_a_refund_never_waits_for_customs_and_its_refusal_is_the_brands_cost(world, customs):
    from customs.services.undoing import NotReleased

    parts.policy(world, lost_tax_percent=0)
    order = delivered(world)
    customs.refuses = NotReleased()
    row = came(sent(asked(order)), DELIVERED + 3 * DAY)
    graded(row, DELIVERED + 3 * DAY)
    assert (state(row), row.restorable, row.refund.amount_fen) == ("refunding", False, half(order))
    assert Case.objects.get(kind="return.not_declared").facts["why"] == "list_not_released"


def test_the_same_key_is_the_same_request_and_another_wish_under_it_is_none(order):
    first = asked(order)
    assert asked(order) == first
    with pytest.raises(AskedOtherwise):
        asked(order, wish(2))
    assert ReturnRequest.objects.count() == 1
    assert Event.objects.filter(name="return.requested").count() == 1


def test_pieces_that_are_asked_for_cannot_be_asked_for_again(order):
    asked(order)
    with pytest.raises(NotPossible) as told:
        asked(order, wish(2), key="k-2")
    assert [one["code"] for one in told.value.obstacles] == ["too_many"]
    withdraw(request=ReturnRequest.objects.get(), by="consumer", now=DELIVERED)
    assert asked(order, wish(2), key="k-2").state == "to_send"


def test_a_claim_shows_it_and_a_person_decides(order):
    with pytest.raises(PicturesNeeded):
        asked(order, wish(kind=Kind.CLAIM, reason="damaged"))
    row = asked(order, wish(kind=Kind.EXCHANGE, reason="does_not_fit"))
    assert row.lines.get().wanted.sku == "HD-1"
    assert asked(order, wish(kind=Kind.EXCHANGE, reason="does_not_fit")) == row
    with pytest.raises(AskedOtherwise):
        asked(order, wish(kind=Kind.EXCHANGE, reason="does_not_fit", wanted={1: "IR-1"}))
    assert ReturnRequest.objects.count() == 1


def test_refused_appealed_and_granted_by_another(world, customs):
    parts.policy(world, approves=False)
    order = delivered(world)
    row = asked(order)
    assert row.state == "requested"
    with pytest.raises(AnswerNeeded):
        refuse(request=row, answer=" ", by="anna", now=DELIVERED)
    row = refuse(request=row, answer="已使用", by="anna", now=DELIVERED)
    assert (row.state, row.lines.get().state) == ("refused", "refused")
    # A day is whole, however late in it was refused.
    assert row.appeal_by == whole(shanghai_day(DELIVERED) + 7 * DAY)
    with pytest.raises(AppealOver):
        appeal(request=row, now=row.appeal_by + DAY / 86_400)
    assert "appeal" in may(row, row.appeal_by)
    row = appeal(request=row, now=DELIVERED + DAY)
    assert Case.objects.get(kind="return.appealed").facts["refused_by"] == "anna"
    row = approve(request=row, by="ben", now=DELIVERED + 2 * DAY, answer="同意退货")
    assert (row.state, row.lines.get().state) == ("to_send", "approved")
    assert Case.objects.get(kind="return.appealed").state == "settled"


def test_pieces_refunded_since_a_refusal_are_not_given_twice(world, customs):
    parts.policy(world, approves=False)
    order = delivered(world)
    row = refuse(request=asked(order, wish(2)), answer="不符", by="anna", now=DELIVERED)
    approve(request=asked(order, wish(1), key="k-2"), by="ben", now=DELIVERED)
    row = appeal(request=row, now=DELIVERED)
    with pytest.raises(PiecesGone):
        approve(request=row, by="ben", now=DELIVERED)


def test_a_refusal_that_nobody_appeals_against_rests_and_an_undecided_one_is_a_case(world, customs):
    parts.policy(world, approves=False)
    order = delivered(world)
    row = refuse(request=asked(order), answer="不符", by="anna", now=DELIVERED)
    other = asked(order, key="k-2")
    assert deadlines.sweep(now=DELIVERED + 49 * DAY / 24) == 1
    assert state(other) == "to_send"  # the law gives it: nobody's silence takes it
    deadlines.sweep(now=row.appeal_by)
    assert (state(row), row.lines.get().state) == ("ended", "dropped")


def test_nothing_sent_back_ends_cleanly_and_what_comes_after_all_is_received(order):
    row = asked(order)
    deadlines.sweep(now=row.send_by)
    assert (state(row), row.lines.get().state) == ("lapsed", "dropped")
    assert Refund.objects.count() == 0
    row = came(row, row.send_by + DAY)
    assert (state(row), row.lines.get().state) == ("received", "approved")


def test_a_way_back_is_a_known_carrier_and_a_number_and_can_be_mended(order, customs):
    row = asked(order)
    for carrier, waybill in (("NOBODY", "SF2000000000001"), ("SF", "x"), ("SF", "<script>alert")):
        with pytest.raises(BadWaybill):
            send(request=row, carrier=carrier, waybill=waybill, by="consumer", now=DELIVERED)
    sent(row)
    row = send(request=row, carrier="SF", waybill="SF2000000000002", by="consumer", now=DELIVERED + DAY)
    assert (row.waybill, len(customs.declared)) == ("SF2000000000002", 1)


def test_what_is_long_on_its_way_is_a_case_every_day_once(order):
    row = sent(asked(order))
    for days in (16, 17, 18):
        deadlines.sweep(now=DELIVERED + days * DAY)
    case = Case.objects.get(kind="return.not_arrived")
    assert (case.seen, state(row)) == (3, "on_the_way")


def test_what_nobody_inspects_is_refunded_whole_on_the_laws_last_day(order):
    row = came(sent(asked(order)), DELIVERED + 2 * DAY)
    assert deadlines.sweep(now=row.refund_by - DAY) == 0
    deadlines.sweep(now=row.refund_by - DAY / 24)
    assert (state(row), row.refund.amount_fen) == ("refunding", row.quoted_fen)
    assert Case.objects.get(kind="return.not_inspected").state == "open"


def test_used_goods_are_kept_back_within_the_terms_and_the_consumer_may_object(world, customs):
    parts.policy(world, opened_percent=20)
    order = delivered(world)
    row = came(sent(asked(order)), DELIVERED + 2 * DAY)
    price = order.lines.get().price_fen
    with pytest.raises(TooMuchKept) as told:
        graded(row, DELIVERED + 2 * DAY, "opened", "quarantine", deducted_fen=price // 5 + 1, why="已使用")
    assert f"¥{yuan(price // 5)}，" in told.value.text("zh")
    with pytest.raises(TooMuchKept):
        graded(row, DELIVERED + 2 * DAY, "opened", "quarantine", deducted_fen=100)
    graded(row, DELIVERED + 2 * DAY, "opened", "quarantine", deducted_fen=price // 5, why="已使用")
    assert (state(row), row.refund) == ("inspected", None)
    lot = Lot.objects.get(stock__variant=world.dryer)
    assert lot.quarantined == 1
    dispute(request=row, now=DELIVERED + 3 * DAY)
    assert Case.objects.get(kind="return.disputed").state == "open"
    row = settle(request=row, by="ben", now=DELIVERED + 3 * DAY)
    assert row.refund.amount_fen == half(order) - price // 5
    assert (row.refund.deducted_fen, Case.objects.get(kind="return.disputed").state) == (
        price // 5,
        "settled",
    )


def test_who_does_not_object_gets_what_was_told_and_who_does_all_by_the_last_day(world, customs):
    parts.policy(world, opened_percent=20)
    first, second = delivered(world), delivered(world)
    rows = [came(sent(asked(order)), DELIVERED + 2 * DAY) for order in (first, second)]
    for row in rows:
        graded(row, DELIVERED + 2 * DAY, "opened", "quarantine", deducted_fen=1_000, why="已使用")
    dispute(request=rows[1], now=DELIVERED + 2 * DAY)
    deadlines.sweep(now=DELIVERED + 4 * DAY)
    assert (state(rows[0]), rows[0].refund.deducted_fen, state(rows[1])) == ("refunding", 1_000, "disputed")
    deadlines.sweep(now=rows[1].refund_by)
    assert (state(rows[1]), rows[1].refund.deducted_fen) == ("refunding", 0)


def test_who_is_told_too_late_to_object_has_all_and_the_goods_are_put_away(world, customs):
    """What is kept back is told 48 hours before the law's last day at the latest."""
    parts.policy(world, opened_percent=20)
    rows = [came(sent(asked(delivered(world))), DELIVERED + 2 * DAY) for _ in range(3)]
    last = rows[0].refund_by - 2 * DAY
    used = {"grade": "opened", "place": "quarantine", "deducted_fen": 1_000, "why": "已使用"}
    graded(rows[0], last, **used)
    assert (state(rows[0]), rows[0].next_at) == ("inspected", rows[0].refund_by)
    late = last + DAY / 86_400
    with pytest.raises(ToldTooLate):
        graded(rows[1], late, **used)
    assert state(rows[1]) == "received"
    graded(rows[1], late, "opened", "quarantine")
    graded(rows[2], late, "short", "nowhere")
    for row in rows[1:]:
        assert (state(row), row.refund.amount_fen) == ("refunding", row.quoted_fen)
    assert Lot.objects.get(stock__variant=world.dryer).quarantined == 2


def test_many_small_wishes_do_not_pass_the_bound_of_what_is_given_by_itself(world, customs):
    order = delivered(world, ("HD-1", 3))
    one = offered(order).refund_fen
    parts.policy(world, approves_up_to_fen=2 * one)
    first, second = (asked(order, key=key) for key in ("a", "b"))
    assert (first.state, second.state) == ("to_send", "to_send")
    third = asked(order, key="c")
    assert (third.state, third.decided_by) == ("requested", "")
    for row in (third, second):
        withdraw(request=row, by="consumer", now=DELIVERED)
    assert asked(order, key="d").state == "to_send"


def test_every_piece_is_graded_once_and_goes_where_such_a_piece_may_go(order):
    row = came(sent(asked(order)), DELIVERED + 2 * DAY)
    for grade, place in (("opened", "shelf"), ("as_new", "nowhere"), ("short", "nowhere")):
        bad = {"deducted_fen": 1} if grade == "short" else {}
        with pytest.raises((BadGrades, TooMuchKept)):
            graded(row, DELIVERED + 2 * DAY, grade, place, **bad)
    assert (state(row), Movement.objects.filter(kind="return").count()) == ("received", 0)


def test_what_was_not_in_the_parcel_is_not_refunded_and_all_missing_ends_it(order):
    row = came(sent(asked(order)), DELIVERED + 2 * DAY)
    graded(row, DELIVERED + 2 * DAY, "short", "nowhere")
    assert state(row) == "inspected"
    deadlines.sweep(now=row.next_at)
    assert (state(row), row.refund, ReturnLine.objects.get().state) == ("ended", None, "dropped")


def test_destroyed_goods_leave_the_stock_with_their_movement(order, world):
    before = Lot.objects.get(stock__variant=world.dryer).on_hand
    row = came(sent(asked(order)), DELIVERED + 2 * DAY)
    graded(row, DELIVERED + 2 * DAY, "damaged", "destroy")
    lot = Lot.objects.get(stock__variant=world.dryer)
    assert (lot.on_hand, lot.quarantined) == (before, 0)
    assert list(Movement.objects.filter(reason__endswith=row.number).values_list("kind", "on_hand")) == [
        ("return", 1),
        ("return", -1),
    ]


def test_a_step_out_of_turn_is_refused_and_changes_nothing(order):
    row = asked(order)
    for verb in (
        lambda: refuse(request=row, answer="不", by="op", now=DELIVERED),
        lambda: appeal(request=row, now=DELIVERED),
        lambda: dispute(request=row, now=DELIVERED),
        lambda: settle(request=row, by="op", now=DELIVERED),
    ):
        with pytest.raises(WrongState):
            verb()
    assert (state(row), Refund.objects.count()) == ("to_send", 0)

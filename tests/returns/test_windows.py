"""The edges of each window, a second before midnight in Shanghai and a second after it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, time, timedelta

import pytest
from django.db import transaction

from customs.models import Declaration
from kernel.clock import SHANGHAI, shanghai_day
from kernel.models import Case
from logistics.models import Shipment
from payments.models import Refund
from returns.models import ReturnPolicy
from returns.reasons import Kind
from returns.services import deadlines
from returns.services.arrive import receive
from returns.services.way import send
from returns.windows import ARRIVE, DECLARE, SEVEN
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, RELEASED, asked, graded, offered, wish

pytestmark = pytest.mark.django_db(transaction=True)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
CLAIM = wish(kind=Kind.CLAIM, reason="damaged")


def end_of(start: datetime, days: int) -> datetime:
    """The midnight in Shanghai that ends the `days`-th day after that of `start`."""
    return datetime.combine(shanghai_day(start) + timedelta(days=days + 1), time(), SHANGHAI)


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def order(customs):
    world = make.world()
    parts.policy(world, lost_tax_percent=40)
    return parts.delivered(world)


def codes(order, at, wished=None):
    return [one.code for one in offered(order, wished, at).obstacles]


def test_seven_days_and_the_days_of_a_claim_end_with_their_last_day(order):
    for wished, days, over in ((wish(), 7, "seven_days_over"), (CLAIM, 15, "claim_over")):
        end = end_of(DELIVERED, days)
        assert codes(order, end - SECOND, wished) == []
        assert codes(order, end, wished) == [over]
        assert codes(order, end + SECOND, wished) == [over]
    assert offered(order).day(SEVEN) == shanghai_day(DELIVERED) + timedelta(days=7)


def test_the_day_of_receipt_is_shanghais(order):
    midnight = end_of(DELIVERED, 0)
    for received, last in ((midnight - SECOND, 7), (midnight + SECOND, 8)):
        parts.had(order, received)
        end = end_of(DELIVERED, last)
        assert (codes(order, end - SECOND), codes(order, end)) == ([], ["seven_days_over"])


def test_until_day_thirty_customs_is_told_and_the_tax_comes_back_after_it_neither(order, customs):
    end = end_of(RELEASED, 30)
    parts.had(order, end - 2 * DAY)
    whole = offered(order, at=end - SECOND)
    late = offered(order, at=end + SECOND)
    assert (whole.restorable, whole.day(DECLARE)) == (True, shanghai_day(RELEASED) + timedelta(days=30))
    assert (late.restorable, late.refund_fen) == (False, whole.late_fen)
    assert whole.refund_fen - late.refund_fen == (whole.tax_fen * 60 + 50) // 100
    for asks, sends, restored in (
        (end - SECOND, end - SECOND, True),
        (end - SECOND, end + SECOND, True),  # what may be sent after it is declared once it is agreed to
        (end + SECOND, end + SECOND, False),
    ):
        customs.declared.clear()
        with undone():
            row = asked(order, at=asks)
            row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=sends)
            graded(receive(request=row, by="op", now=sends), sends)
            row.refresh_from_db()
            amount = whole.refund_fen if restored else late.refund_fen
            told = (len(customs.declared), row.restorable, row.refund.amount_fen)
            assert told == (int(restored), restored, amount)
            assert row.refund.tax_lost_fen == (0 if restored else row.refund.tax_fen)


def test_what_was_asked_for_by_day_thirty_is_decided_and_declared_by_it(order, customs):
    ReturnPolicy.objects.update(approves=False)
    end = end_of(RELEASED, 30)
    parts.had(order, end - 3 * DAY)
    row = asked(order, at=end - DAY)
    assert (row.state, row.decide_by) == ("requested", end - SECOND - timedelta(hours=1))
    deadlines.sweep(now=row.decide_by)
    row.refresh_from_db()
    assert (row.state, customs.declared) == ("to_send", [{"HD-1": 1}])
    assert row.send_by > end
    assert not Case.objects.filter(kind="return.not_all_there").exists()
    with undone():
        row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=end + 2 * DAY)
        graded(receive(request=row, by="op", now=end + 3 * DAY), end + 3 * DAY)
        row.refresh_from_db()
        assert (row.restorable, row.refund.tax_lost_fen) == (True, 0)
    row.refresh_from_db()
    deadlines.sweep(now=row.send_by)
    row.refresh_from_db()
    assert (row.state, Case.objects.get(kind="return.not_all_there").state) == ("lapsed", "open")


def test_a_week_before_customs_last_day_a_person_hears_of_goods_that_are_not_back(order):
    for sends, looked_at, soon in ((DELIVERED, 18, False), (RELEASED + 29 * DAY, 38, True)):
        with undone():
            send(request=asked(order), carrier="SF", waybill="SF2000000000001", by="consumer", now=sends)
            deadlines.sweep(now=end_of(RELEASED, looked_at - 1) - SECOND)
            assert not Case.objects.exists()
            deadlines.sweep(now=max(end_of(RELEASED, looked_at - 1), sends + 15 * DAY if not soon else sends))
            assert Case.objects.filter(kind="return.customs_soon").exists() == soon


@pytest.mark.parametrize(("days", "restored"), [(2, True), (46, False)])
def test_of_a_release_taken_in_after_the_wish_the_consumer_has_no_less_than_was_shown(
    order, customs, days, restored
):
    Declaration.objects.update(state="accepted", released_at=None)
    row = asked(order)
    assert (row.declare_by, row.quoted_late_fen) == (None, row.quoted_fen)
    Declaration.objects.update(state="released", released_at=RELEASED)
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    assert row.arrive_by == shanghai_day(RELEASED) + timedelta(days=45)
    at = RELEASED + days * DAY
    at = max(at, DELIVERED)
    graded(receive(request=row, by="op", now=at), at)
    row.refresh_from_db()
    assert (row.restorable, row.refund.amount_fen) == (restored, row.quoted_fen)
    assert (row.refund.tax_lost_fen > 0, row.refund.tax_kept_fen) == (not restored, 0)


def test_until_day_forty_five_goods_are_back_in_time_and_after_it_the_tax_is_lost(order):
    end = end_of(RELEASED, 45)
    row = send(request=asked(order), carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    assert row.arrive_by == offered(order).day(ARRIVE) == shanghai_day(RELEASED) + timedelta(days=45)
    for at, restored in ((end - SECOND, True), (end, False), (end + SECOND, False)):
        with undone():
            graded(receive(request=row, by="op", now=at), at)
            row.refresh_from_db()
            amount = row.quoted_fen if restored else row.quoted_late_fen
            assert (row.restorable, row.refund.amount_fen) == (restored, amount), at
    with undone():  # entered a day later, it counts from the day on which it came
        graded(receive(request=row, by="op", now=end + SECOND, on=shanghai_day(end - SECOND)), end + SECOND)
        row.refresh_from_db()
        assert (row.restorable, row.refund.amount_fen) == (True, row.quoted_fen)


def test_the_money_goes_on_the_seventh_day_after_the_goods_came_and_not_a_day_later(order):
    row = send(request=asked(order), carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    midnight = end_of(DELIVERED, 2)
    for came, days in ((midnight - SECOND, 9), (midnight + SECOND, 10)):
        with undone():
            row = receive(request=row, by="op", now=came)
            assert row.refund_by == end_of(DELIVERED, days)
            deadlines.sweep(now=row.refund_by - 12 * timedelta(hours=1) - SECOND)
            assert Refund.objects.count() == 0
            deadlines.sweep(now=row.refund_by - SECOND)
            assert Refund.objects.get().amount_fen == row.quoted_fen
        row.refresh_from_db()


def test_what_never_left_is_a_return_until_day_thirty_and_after_it_the_tax_is_borne_as_the_terms_say(
    order, customs
):
    Shipment.objects.update(state="to_pick", delivered_at=None, receipt_at=None)
    given_up, end = wish(kind=Kind.REFUND_ONLY, reason="no_longer_wanted"), end_of(RELEASED, 30)
    for at, told in ((end - SECOND, 1), (end, 0), (end + SECOND, 0)):
        customs.declared.clear()
        shown = offered(order, given_up, at)
        assert shown.restorable == bool(told)
        with undone():
            row = asked(order, given_up, at=at)
            lost = 0 if told else row.refund.tax_fen
            assert (len(customs.declared), row.restorable, row.refund.tax_lost_fen) == (
                told,
                bool(told),
                lost,
            )
            assert row.refund.amount_fen == row.quoted_fen == shown.refund_fen
            assert row.refund.tax_kept_fen == (lost * 60 + 50) // 100
            assert not Case.objects.filter(kind="return.not_declared").exists()

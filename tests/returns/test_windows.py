"""The edges of each window, a second before midnight in Shanghai and a second after it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, time, timedelta

import pytest
from django.db import transaction

from kernel.clock import SHANGHAI, shanghai_day
from kernel.models import Case
from logistics.models import Shipment
from payments.models import Refund
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
        (end - SECOND, end + SECOND, False),
        (end + SECOND, end + SECOND, False),
    ):
        customs.declared.clear()
        with undone():
            row = asked(order, at=asks)
            row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=sends)
            graded(receive(request=row, by="op", now=sends), sends)
            row.refresh_from_db()
            # Asked for in time and told too late is the brand's own affair, not the consumer's.
            in_time = asks < end
            amount = whole.refund_fen if in_time else late.refund_fen
            told = (len(customs.declared), row.restorable, row.refund.amount_fen)
            assert told == (int(restored), restored, amount)
            assert row.refund.tax_lost_fen == (0 if restored else row.refund.tax_fen)


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
            assert Case.objects.filter(kind="return.not_declared").count() == 1 - told

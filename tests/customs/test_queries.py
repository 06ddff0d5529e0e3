"""What is asked of all declarations: counts, ages, what is late, how long customs takes, what tax is due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from customs.models import Declaration, PortAccount, TaxSheet
from customs.queries import (
    DONE,
    SINCE,
    Day,
    Owed,
    Standing,
    clearance,
    done,
    owed,
    standing,
    to_mend,
    window_of,
)
from customs.services.taxes import owed_fen
from customs.states import DECLARATION
from kernel.clock import shanghai_day
from tests import make
from tests.operators.customs_rows import customs_rows

pytestmark = pytest.mark.django_db
NOW = make.NOW
TODAY = shanghai_day(NOW)


@pytest.fixture
def world():
    return make.world()


def declared(world, **changes):
    """A declaration in any state."""
    customs_rows(make.order(world.alice, ("HD-1", 1)), 0)
    row = Declaration.objects.latest("pk")
    Declaration.objects.filter(pk=row.pk).update(**changes)
    row.refresh_from_db()
    return row


def hours(count):
    return timedelta(hours=count)


def test_every_state_is_under_way_or_done():
    assert sorted([*SINCE, *DONE]) == sorted(DECLARATION.states)


def test_the_board_counts_by_state_and_reason_with_the_oldest_and_the_late(world):
    waiting = {"state": "waiting", "awaits": "payment", "list_no": "", "released_at": None}
    declared(world, **waiting, opened_at=NOW - hours(2))
    declared(world, **waiting, opened_at=NOW - hours(13))
    declared(world, state="listed", awaits="receipts", listed_at=NOW - hours(1))
    declared(world, state="rejected", trouble="data", state_since=NOW - hours(30))
    declared(world)
    rows = Declaration.objects.all()
    assert standing(rows, NOW) == [
        Standing("rejected", "", "data", 1, NOW - hours(30), 1),
        Standing("waiting", "payment", "", 2, NOW - hours(13), 1),
        Standing("listed", "receipts", "", 1, NOW - hours(1), 0),
    ]
    assert done(rows) == {"closed": 1}


def test_what_is_to_be_mended_comes_with_the_code_of_its_last_refusal(world):
    younger = declared(world, state="blocked", trouble="mismatch", state_since=NOW - hours(1))
    older = declared(world, state="rejected", trouble="data", state_since=NOW - hours(5))
    receipt = older.filings.get().receipts.get()
    receipt.status = receipt.code = "-621001"
    receipt.save()
    found = list(to_mend(Declaration.objects.all(), 10))
    assert [(row.pk, row.code, row.document, row.since) for row in found] == [
        (older.pk, "-621001", "list", NOW - hours(5)),
        (younger.pk, None, None, NOW - hours(1)),
    ]
    assert [row.pk for row in to_mend(Declaration.objects.all(), 1)] == [older.pk]


def test_what_came_into_its_state_again_is_as_old_as_it_is_in_it(world):
    late, early = NOW - hours(2), NOW - hours(200)
    ways = {
        "cancelling": ("accepted", "ask_back", "keep"),
        "blocked": ("waiting", "block", "resume"),
        "rejected": ("listed", "reject", None),
    }
    for before, there, back in ways.values():
        row = declared(world, state=before, trouble="data", listed_at=early, told_at=early)
        DECLARATION.move(row, there, now=early if back else late)
        if back:
            DECLARATION.move(row, back, now=late - hours(1))
            DECLARATION.move(row, there, now=late)
        row.refresh_from_db()
        assert row.state_since == late
    found = standing(Declaration.objects.all(), NOW)
    assert {(one.state, one.oldest, one.late) for one in found} == {(state, late, 0) for state in ways}


def test_clearance_is_the_median_and_nine_tenths_of_a_day(world):
    for took in (1, 2, 3, 4, 11):
        declared(world, listed_at=NOW - hours(took), released_at=NOW)
    declared(world, listed_at=NOW - timedelta(days=40), released_at=NOW - timedelta(days=39))
    found = clearance(Declaration.objects.all(), start="listed", first=TODAY - timedelta(days=29))
    assert found == [Day(TODAY, 5, 3.0, pytest.approx(8.2))]


def test_clearance_may_count_from_the_payment(world):
    row = declared(world, listed_at=NOW - hours(1), released_at=NOW)
    type(row.order).objects.filter(pk=row.order_id).update(paid_at=NOW - hours(6))
    [day] = clearance(Declaration.objects.all(), start="paid", first=TODAY)
    assert (day.lists, day.median, day.slow) == (1, 6.0, 6.0)


def test_tax_is_owed_by_day_of_release_until_its_sheet_is_paid(world):
    account = {"state": "released", "tax_fen": 1820}
    first = declared(world, **account, released_at=NOW - timedelta(days=32))
    declared(world, **account, released_at=NOW - timedelta(days=32))
    declared(world, state="listed", tax_fen=700, released_at=None, list_no="")
    TaxSheet.objects.filter(declaration=first).update(status="2", duty_no="3105202612L0000001")
    Declaration.objects.filter(pk=first.pk).update(tax_fen=0)
    TaxSheet.objects.filter(declaration__state="listed").delete()
    one = PortAccount.objects.get()
    day = TODAY - timedelta(days=32)
    assert owed(PortAccount.objects.all()) == [Owed(one.pk, day, 1, 1, 1820), Owed(one.pk, None, 1, 0, 700)]
    assert owed_fen(one) == 2520


@pytest.mark.parametrize(
    ("days", "window"),
    [
        (0, "not_yet"),
        (30, "not_yet"),
        (31, "open"),
        (41, "open"),
        (42, "ending"),
        (45, "ending"),
        (46, "over"),
    ],
)
def test_the_window_to_pay_is_open_from_day_31_to_day_45(days, window):
    released = TODAY - timedelta(days=days)
    assert window_of(released, TODAY) == (
        window,
        released + timedelta(days=31),
        released + timedelta(days=45),
    )
    assert window_of(None, TODAY) == ("unreleased", None, None)

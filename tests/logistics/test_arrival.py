"""When a parcel should arrive follows what is told of it, and never lies in the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kernel.clock import SHANGHAI
from logistics.arrival import NO_DAY, Arrival, Seen, arrival
from logistics.vocabulary import Code, carriers

BEGUN = datetime(2026, 11, 1, 12, 0, tzinfo=SHANGHAI)
SF = carriers()["SF"]  # three days inland
WAITING = Seen(BEGUN, None, "", None, None, None)


def days(seen: Seen, mode: str = "1210", now: datetime = BEGUN) -> tuple[int, int, str] | None:
    found = arrival(seen=seen, carrier=SF, trade_mode=mode, now=now)
    if found is None:
        return None
    return ((found.first - BEGUN.date()).days, (found.last - BEGUN.date()).days, found.said_by)


def seen(latest: str, after: int = 0, **more) -> Seen:
    return Seen(
        BEGUN, BEGUN, latest, BEGUN + timedelta(days=after), more.get("cleared_at"), more.get("named")
    )


def test_the_range_narrows_as_the_parcel_comes_nearer():
    assert days(WAITING) == (3, 6, "usual")
    assert days(WAITING, "9610") == (10, 17, "usual")
    assert days(seen("in_transit")) == (3, 5, "usual")
    assert days(seen("in_transit"), "9610") == (8, 15, "usual")
    assert days(seen("customs", 6), "9610") == (10, 14, "usual")
    assert days(seen("cleared", 8, cleared_at=BEGUN + timedelta(days=8)), "9610") == (11, 14, "usual")
    assert days(seen("arrived", 10), "9610") == (10, 12, "usual")
    assert days(seen("out_for_delivery", 11), "9610") == (11, 12, "usual")


def test_what_customs_let_go_is_inland_whatever_is_told_of_its_road():
    cleared = BEGUN + timedelta(days=8)
    assert days(seen("in_transit", 9, cleared_at=cleared), "9610") == (11, 14, "usual")


def test_a_day_that_the_carrier_names_stands_before_the_usual_ones_until_it_has_passed():
    told = seen("in_transit", named=date(2026, 11, 3))
    assert days(told) == (2, 2, "carrier")
    assert days(told, now=BEGUN + timedelta(days=2)) == (2, 2, "carrier")
    assert days(told, now=BEGUN + timedelta(days=3)) == (3, 5, "usual")


def test_no_day_before_today_is_told_and_none_once_all_have_passed():
    assert days(seen("in_transit"), now=BEGUN + timedelta(days=5)) == (5, 5, "usual")
    assert days(seen("in_transit"), now=BEGUN + timedelta(days=6)) is None


@pytest.mark.parametrize("code", sorted(NO_DAY))
def test_nobody_can_say_a_day_of_what_is_held_lost_or_on_its_way_back(code):
    assert days(replace(seen(code), named=date(2026, 12, 1))) is None


@pytest.mark.parametrize("mode", ["1210", "9610"])
@pytest.mark.parametrize("code", [c for c in Code if c not in NO_DAY])
def test_every_other_stage_has_its_days(code, mode):
    found = arrival(seen=seen(code.value), carrier=SF, trade_mode=mode, now=BEGUN)
    assert isinstance(found, Arrival)
    assert BEGUN.date() <= found.first <= found.last

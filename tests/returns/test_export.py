"""Goods sold abroad that come back: admitted for a year, untaxed for six months in their original state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from returns.export import Exported, export_return

SOLD = Exported("9610", date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2))


def back(sale: Exported = SOLD, on: date = date(2026, 5, 1), *, original: bool = True, rebated: bool = False):
    return export_return(sale, back_on=on, original_state=original, rebated=rebated)


@pytest.mark.parametrize(
    ("days", "admitted", "why"), [(365, True, ("tax_late",)), (366, False, ("late", "tax_late"))]
)
def test_it_is_a_retail_return_for_a_year_from_the_release(days, admitted, why):
    told = back(on=SOLD.released_on + timedelta(days=days))
    assert (told.admitted, told.why) == (admitted, why)
    assert told.admitted_until == date(2027, 3, 2)


@pytest.mark.parametrize(("on", "untaxed"), [(date(2026, 9, 2), True), (date(2026, 9, 3), False)])
def test_it_is_untaxed_for_six_months_from_the_export(on, untaxed):
    told = back(on=on)
    assert (told.untaxed, told.untaxed_until) == (untaxed, date(2026, 9, 2))


def test_six_months_end_on_the_last_day_of_a_shorter_month():
    late = replace(SOLD, released_on=date(2026, 8, 31), left_on=date(2026, 8, 31))
    assert back(late, on=date(2026, 9, 10)).untaxed_until == date(2027, 2, 28)


def test_under_1210_the_months_count_from_leaving_the_zone():
    zone = replace(SOLD, trade_mode="1210", left_on=date(2026, 6, 1))
    assert back(zone, on=date(2026, 12, 1)).untaxed
    assert not back(zone, on=date(2026, 12, 2)).untaxed


@pytest.mark.parametrize(
    ("sale", "original", "why"),
    [
        (replace(SOLD, food=True), True, ("food",)),
        (SOLD, False, ("altered",)),
        (replace(SOLD, declared_on=date(2025, 12, 31)), True, ("policy",)),
        (replace(SOLD, declared_on=date(2028, 1, 1)), True, ("policy",)),
        (replace(SOLD, food=True), False, ("food", "altered")),
    ],
)
def test_what_is_not_untaxed_is_admitted_all_the_same_and_says_why(sale, original, why):
    told = back(sale, original=original)
    assert (told.admitted, told.untaxed, told.rebate_owed, told.why) == (True, False, False, why)


def test_b2b_exports_are_no_retail_return_and_9810_is():
    assert back(replace(SOLD, trade_mode="9710")).why == ("mode",)
    assert back(replace(SOLD, trade_mode="9810")).untaxed


def test_a_rebate_that_was_had_is_paid_back_where_the_goods_come_in_untaxed():
    assert back(rebated=True).rebate_owed
    assert not back(rebated=False).rebate_owed
    assert not back(rebated=True, original=False).rebate_owed

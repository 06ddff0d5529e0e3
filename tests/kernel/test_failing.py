"""A row of a sweep that fails as nobody foresaw is one case, which names the kind of the error alone."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from kernel.cases import open_failing, resting, settle_case, settle_open
from kernel.models import Case
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def fails(text: str = "no one may read this: 13800138000") -> Case:
    return open_failing(
        storefront_id=None,
        kind="bill.failing",
        key="bill:1",
        title="A bill cannot be worked on",
        facts={"bill": "trade"},
        failure=ZeroDivisionError(text),
        now=make.NOW,
    )


def test_the_case_names_the_class_of_the_error_and_never_its_text() -> None:
    case = fails()
    case.refresh_from_db()
    assert case.facts == {"bill": "trade", "error": "ZeroDivisionError"}
    assert (case.kind, case.key, case.state, case.opened_at) == ("bill.failing", "bill:1", "open", make.NOW)


def test_however_often_it_fails_it_is_one_case_until_it_is_settled() -> None:
    first = fails()
    assert fails().pk == first.pk
    first.refresh_from_db()
    assert first.seen == 2
    told: dict[str, Any] = {"kinds": ["bill.failing"], "by": "system", "note": "matched", "now": make.NOW}
    assert settle_open(key="bill:2", **told) == 0
    assert settle_open(key="bill:1", **told) == 1
    assert fails().pk != first.pk
    assert list(Case.objects.order_by("id").values_list("state", flat=True)) == ["settled", "open"]


def test_from_failure_to_failure_it_rests_twice_as_long_and_six_hours_at_most() -> None:
    tries, at = [], make.NOW
    while len(tries) < 13:
        if resting(kind="bill.failing", now=at) == []:
            tries.append(at)
            fails()
        at += timedelta(minutes=1)
    between = [(one - before) // timedelta(minutes=1) for before, one in itertools.pairwise(tries)]
    assert between == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    assert resting(kind="bill.failing", now=at) == ["bill:1"]
    assert resting(kind="other.failing", now=at) == []


def test_whose_case_is_settled_by_hand_rests_no_more() -> None:
    case = fails()
    assert resting(kind="bill.failing", now=make.NOW) == ["bill:1"]
    settle_case(case=case, by="ann", note="mended", now=make.NOW)
    assert resting(kind="bill.failing", now=make.NOW) == []


def test_how_long_it_rests_may_be_told() -> None:
    fails()
    short: dict[str, Any] = {
        "kind": "bill.failing",
        "first": timedelta(seconds=8),
        "longest": timedelta(seconds=8),
    }
    assert resting(now=make.NOW + timedelta(seconds=7), **short) == ["bill:1"]
    assert resting(now=make.NOW + timedelta(seconds=8), **short) == []
    fails()
    assert resting(now=make.NOW + timedelta(seconds=15), **short) == ["bill:1"]
    assert resting(now=make.NOW + timedelta(seconds=16), **short) == []

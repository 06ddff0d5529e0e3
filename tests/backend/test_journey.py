"""The journey's report tells what was done and seen, and where it failed, what was expected and got."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from backend.journey.guarding import tampered
from backend.journey.report import Unexpected, expect, line, padded, play, step
from backend.journey.stage import identity_number, wrong_number, yuan
from backend.journey.story import STORY
from compliance import identity
from compliance.audit import Finding, verify
from compliance.models import Access, Disclosure
from compliance.services import create_subject, disclose
from compliance.services.chain import chain_logs


@step("好", "goes well")
def good(stage: Any) -> str:
    return "seen"


@step("坏", "goes wrong")
def bad(stage: Any) -> str:
    expect(1, 2)
    return "never"


def played(*steps: Any) -> tuple[bool, list[str]]:
    lines: list[str] = []
    return play(steps, None, lines.append), lines  # type: ignore[arg-type]


def test_a_journey_that_goes_well_ends_with_the_count_of_its_steps() -> None:
    ok, lines = played(good, good)
    told = json.loads(lines[-1])
    assert (ok, told["ok"], told["steps"], len(lines)) == (True, True, 2, 3)
    assert lines[0].startswith("  1 ✓ ")
    assert lines[0].endswith("seen")


def test_a_step_that_fails_tells_what_was_expected_and_got_and_ends_the_journey() -> None:
    ok, lines = played(good, bad, good)
    told = json.loads(lines[-1])
    assert (ok, told["ok"], told["steps"]) == (False, False, 1)
    assert lines[1].startswith("  2 ✗ ")
    assert lines[2] == "      expected 应为: 1\n      got 实为:      2"


@pytest.mark.parametrize("title", ["登录", "", "log in"])
def test_what_was_seen_begins_in_the_same_column_in_either_language(title: str) -> None:
    wide = sum(2 if ord(letter) > 0x2E80 else 1 for letter in title)
    shown = line(1, "✓", 0.012, step(title, "x")(lambda _: ""), "seen")
    assert shown.index("seen") + (wide - len(title)) == 91


@pytest.mark.django_db
def test_the_journey_tampers_with_the_log_that_is_longest() -> None:
    at = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    Access.objects.create(storefront_id=7, who="op", what="t.f", ref="a", purpose="case", at=at)
    subject = create_subject(storefront_id=7, now=at)[0]
    for _ in range(2):
        disclose(
            storefront_id=7,
            subject_id=subject.pk,
            recipient_kind="payment",
            recipient="财付通支付科技有限公司",
            country="CN",
            purpose="pay",
            basis="contract",
            fields=["openid"],
            now=at,
        )
    chain_logs()
    numbers = list(Disclosure.objects.order_by("pk").values_list("pk", flat=True))
    assert tampered() == [Finding("removed", numbers[0], 1), Finding("changed", numbers[1], 2)]


@pytest.mark.django_db
def test_the_journey_tampers_with_a_copy_and_leaves_the_log_as_it_was() -> None:
    at = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    first, _, last = rows = [
        Access.objects.create(storefront_id=7, who="op", what="t.f", ref=ref, purpose="case", at=at).pk
        for ref in "abc"
    ]
    chain_logs()
    for _ in range(2):
        assert tampered() == [Finding("removed", first, 1), Finding("changed", last, 3)]
    assert list(Access.objects.order_by("pk").values_list("pk", "purpose")) == [(pk, "case") for pk in rows]
    assert [chain.findings for chain in verify(now=datetime.now(UTC))] == [[]]


def test_every_title_of_the_journey_fits_its_column() -> None:
    shown = [line(1, "✓", 0, one, "seen") for one in STORY]
    assert [one for one in shown if not one.endswith("  seen")] == []
    titles = [f"{one.zh} {one.en}" for one in STORY]
    assert [title for title in titles if padded(title) == title] == []


def test_the_journey_orders_with_a_well_formed_number_of_one_long_dead() -> None:
    today = date(2026, 11, 20)
    for _ in range(50):
        checked = identity.check(identity_number(), today)
        assert checked.well_formed
        assert checked.birth_date is not None
        assert 1900 <= checked.birth_date.year < 1905
        wrong = identity.check(wrong_number(checked.number), today)
        assert wrong.faults == (identity.Fault.CHECKSUM,)


def test_fen_are_shown_as_yuan() -> None:
    assert (yuan(123456), yuan(5), yuan(0)) == ("¥1,234.56", "¥0.05", "¥0.00")


def test_expecting_what_is_there_passes_and_anything_else_does_not() -> None:
    expect([1], [1])
    with pytest.raises(Unexpected):
        expect("1", 1)

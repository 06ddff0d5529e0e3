"""Answers, a new orderer and the sweep at once: one move each, and never a refund of what was just mended."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from compliance.models import PayerCheck
from compliance.services import (
    answer_payer,
    ask_payer,
    open_payer_check,
    refund_overdue_payers,
    rename_orderer,
)
from kernel.models import Case, Event
from tests.make import NOW
from tests.races.crowd import at_once

DEADLINE = NOW + timedelta(hours=72)
pytestmark = pytest.mark.django_db(transaction=True)


def opened() -> PayerCheck:
    return open_payer_check(storefront_id=7, order_number="O-1", port="3105", now=NOW)


@pytest.fixture
def different() -> PayerCheck:
    made = opened()
    ask_payer(check=made, now=NOW)
    answer_payer(check=made, answer="different", now=NOW)
    return PayerCheck.objects.get()


def test_with_the_guard_off_a_sweeper_refunds_what_was_renamed_meanwhile(different):
    seen, renamed = threading.Barrier(2), threading.Barrier(2)

    def naive_sweep() -> None:
        due = PayerCheck.objects.filter(state="different").values_list("pk", flat=True)
        found = list(due)
        seen.wait(timeout=20)
        renamed.wait(timeout=20)
        PayerCheck.objects.filter(pk__in=found).update(state="refunding")

    def rename() -> None:
        seen.wait(timeout=20)
        rename_orderer(check=different, now=NOW)
        renamed.wait(timeout=20)

    assert at_once([naive_sweep, rename]) == [None, None]
    assert PayerCheck.objects.get().state == "refunding"


def test_ten_answers_at_once_are_one(different):
    PayerCheck.objects.update(state="asked", deadline_at=None)
    Event.objects.filter(name="payer.different").delete()
    results = at_once([lambda: answer_payer(check=different, answer="different", now=NOW)] * 10)
    assert results == [None] * 10
    assert Event.objects.filter(name="payer.different").count() == 1


def test_opened_ten_times_at_once_it_is_one_check():
    assert len({made.pk for made in at_once([opened] * 10)}) == 1
    assert PayerCheck.objects.count() == 1


def test_a_new_orderer_against_four_sweepers_is_either_first_or_too_late(different):
    def rename() -> str:
        rename_orderer(check=different, now=DEADLINE - timedelta(seconds=1))
        return "renamed"

    results = at_once([rename, *[lambda: refund_overdue_payers(now=DEADLINE)] * 4])
    state = PayerCheck.objects.get().state
    given_up = sum(n for n in results[1:] if isinstance(n, int))
    assert (state, given_up) in {("renamed", 0), ("refunding", 1)}, results
    assert (results[0] == "renamed") == (state == "renamed")
    assert Case.objects.count() == given_up
    assert Event.objects.filter(name="payer.refunding").count() == given_up

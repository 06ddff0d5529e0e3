"""An answer or money that does not come is a case of that day on, and none any more once it has come."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from kernel.models import Case
from settlement.services import late
from settlement.services.batches import discard_batch
from settlement.services.exchange import take_answer
from settlement.services.late import watch_batches
from tests import make
from tests.races.crowd import at_once
from tests.settlement import trades
from tests.settlement.institution import answer, credited, taken
from tests.settlement.test_batches import made

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def cases() -> list[tuple[str, str, str, str]]:
    return list(Case.objects.order_by("id").values_list("kind", "key", "state", "settled_by"))


def test_an_answer_that_does_not_come_is_a_case_once_and_the_answer_settles_it(sent):
    key = f"batch:{sent.number}"
    assert watch_batches(now=make.NOW + 5 * DAY - timedelta(seconds=1)) == 0
    assert Case.objects.count() == 0
    assert (watch_batches(now=make.NOW + 5 * DAY), watch_batches(now=make.NOW + 6 * DAY)) == (1, 1)
    case = Case.objects.get()
    assert (case.kind, case.key, case.seen) == ("forex.not_answered", key, 2)
    assert case.facts == {"batch": sent.number, "exported_on": "2026-11-20"}
    taken(sent)
    assert cases() == [("forex.not_answered", key, "settled", "system")]


def test_an_answer_that_refuses_all_settles_it_too(sent):
    watch_batches(now=make.NOW + 5 * DAY)
    taken(sent, refused=(1, 2))
    assert Case.objects.get(kind="forex.not_answered").state == "settled"
    assert watch_batches(now=make.NOW + 400 * DAY) == 0


def test_money_that_does_not_come_is_a_case_until_all_of_it_is_there(sent):
    batch = taken(sent)
    assert watch_batches(now=make.NOW + 4 * DAY) == 0
    assert watch_batches(now=make.NOW + 5 * DAY) == 1
    case = Case.objects.get(kind="forex.not_received")
    assert case.facts == {"batch": sent.number, "answered_on": "2026-11-20"}
    credited(batch, 3_679)
    assert cases() == [("forex.not_received", f"batch:{sent.number}", "open", "")]
    credited(batch, 1, "B-2")
    assert cases() == [("forex.not_received", f"batch:{sent.number}", "settled", "system")]
    assert watch_batches(now=make.NOW + 400 * DAY) == 0


def test_a_draft_and_what_was_discarded_wait_for_nobody(world):
    trades.ready(world)
    batch = made(world)
    assert watch_batches(now=make.NOW + 400 * DAY) == 0
    discard_batch(batch=batch, by="me", now=make.NOW)
    assert watch_batches(now=make.NOW + 400 * DAY) == 0
    assert Case.objects.count() == 0


def test_an_answer_that_comes_while_the_batches_are_looked_at_leaves_no_case(sent, monkeypatch):
    found, heard, at = threading.Event(), threading.Event(), make.NOW + 5 * DAY

    def tenant(storefront_id: int):
        found.set()
        assert heard.wait(20)
        return late_tenant(storefront_id)

    late_tenant = late.tenant
    monkeypatch.setattr(late, "tenant", tenant)

    content = answer(sent)

    def answered() -> None:
        assert found.wait(20)
        take_answer(batch=sent, content=content, by="me", now=at)
        heard.set()

    results = at_once([lambda: watch_batches(now=at), answered])
    assert results == [0, None]
    assert Case.objects.count() == 0

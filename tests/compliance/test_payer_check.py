"""Payer and orderer: asked once, unknown stays asked, two persons end in a new orderer or a refund."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from compliance.models import PayerCheck
from compliance.services import (
    RenameTooLate,
    answer_payer,
    ask_payer,
    open_payer_check,
    payer,
    refund_overdue_payers,
    refund_payer,
    rename_orderer,
)
from kernel.models import Case, Event
from kernel.states import WrongState

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DEADLINE = NOW + timedelta(hours=72)
pytestmark = pytest.mark.django_db


def check(state: str = "open") -> PayerCheck:
    """A check brought to a state by its verbs."""
    made = open_payer_check(storefront_id=7, order_number="O-1", port="3105", now=NOW)
    if state != "open":
        ask_payer(check=made, now=NOW)
    if state in ("same", "different"):
        answer_payer(check=made, answer=state, now=NOW)
    if state == "renamed":
        answer_payer(check=made, answer="different", now=NOW)
        rename_orderer(check=made, now=NOW)
    made.refresh_from_db()
    return made


def told() -> list[str]:
    return list(Event.objects.filter(key="payer:O-1").order_by("seq").values_list("name", flat=True))


def test_opening_it_twice_is_opening_it_once():
    assert check().pk == check().pk
    assert PayerCheck.objects.get().state == "open" and told() == []


def test_the_same_person_ends_it():
    made = check("same")
    assert (made.state, made.asked_at, made.answered_at, made.deadline_at) == ("same", NOW, NOW, None)
    assert told() == ["payer.asked", "payer.same"]


def test_an_answer_that_did_not_come_is_no_answer():
    made = check("asked")
    answer_payer(check=made, answer="unknown", now=NOW)
    ask_payer(check=made, now=NOW + timedelta(minutes=1))
    made.refresh_from_db()
    assert (made.state, made.asked_at, told()) == ("asked", NOW, ["payer.asked"])


def test_two_persons_have_a_dated_time_to_be_mended():
    made = check("different")
    assert (made.state, made.deadline_at) == ("different", DEADLINE)
    answer_payer(check=made, answer="different", now=NOW + timedelta(hours=1))
    made.refresh_from_db()
    assert made.deadline_at == DEADLINE  # told again it does not begin anew
    assert told() == ["payer.asked", "payer.different"]


def test_an_answer_does_not_change_its_mind():
    made = check("same")
    with pytest.raises(WrongState), transaction.atomic():
        answer_payer(check=made, answer="different", now=NOW)
    assert PayerCheck.objects.get().state == "same"


def test_an_answer_to_what_was_not_asked_is_refused():
    with pytest.raises(WrongState), transaction.atomic():
        answer_payer(check=check(), answer="same", now=NOW)
    assert told() == []


def test_a_new_orderer_is_asked_about_again():
    made = check("renamed")
    assert (made.state, made.deadline_at) == ("renamed", DEADLINE)
    ask_payer(check=made, now=NOW)
    answer_payer(check=made, answer="same", now=NOW)
    assert told() == ["payer.asked", "payer.different", "payer.renamed", "payer.asked", "payer.same"]


def test_from_the_deadline_on_the_orderer_cannot_be_changed():
    made = check("different")
    with pytest.raises(RenameTooLate), transaction.atomic():
        rename_orderer(check=made, now=DEADLINE)
    rename_orderer(check=made, now=DEADLINE - timedelta(seconds=1))
    assert PayerCheck.objects.get().state == "renamed"


def test_the_sweep_gives_up_what_is_due_and_tells_an_operator():
    check("different")
    assert refund_overdue_payers(now=DEADLINE - timedelta(seconds=1)) == 0
    assert refund_overdue_payers(now=DEADLINE) == 1
    assert refund_overdue_payers(now=DEADLINE) == 0
    case = Case.objects.get()
    assert (case.kind, case.key, case.facts) == (
        "payer.refunding",
        "order:O-1",
        {"order": "O-1", "reason": "deadline"},
    )
    assert PayerCheck.objects.get().state == "refunding" and told()[-1] == "payer.refunding"


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_its_case_settles_once_it_is_over(monkeypatch):
    check("different")
    other = open_payer_check(storefront_id=7, order_number="O-2", port="3105", now=NOW)
    PayerCheck.objects.filter(pk=other.pk).update(
        state="different", asked_at=NOW, answered_at=NOW, deadline_at=DEADLINE
    )
    really = payer._give_up

    def poison(row, reason, now):
        if row.order_number == "O-1":
            raise ZeroDivisionError("13800138000")
        really(row, reason, now)

    monkeypatch.setattr(payer, "_give_up", poison)
    assert refund_overdue_payers(now=DEADLINE) == 1
    case = Case.objects.get(kind="payer.failing")
    assert (case.key, case.state) == ("order:O-1", "open")
    assert case.facts == {"order": "O-1", "error": "ZeroDivisionError"}
    states = PayerCheck.objects.order_by("order_number").values_list("state", flat=True)
    assert list(states) == ["different", "refunding"]
    assert refund_overdue_payers(now=DEADLINE + timedelta(seconds=59)) == 0
    case.refresh_from_db()
    assert (case.seen, case.state) == (1, "open")
    assert refund_overdue_payers(now=DEADLINE + timedelta(minutes=1)) == 0
    case.refresh_from_db()
    assert (case.seen, case.state) == (2, "open")
    monkeypatch.setattr(payer, "_give_up", really)
    assert refund_overdue_payers(now=DEADLINE + timedelta(minutes=3)) == 1
    case.refresh_from_db()
    assert (case.state, case.settled_by, case.note) == ("settled", "system", "it is over")


@pytest.mark.django_db(transaction=True)
def test_one_at_the_head_that_always_fails_starves_none_behind_it(monkeypatch):
    check("different")
    other = open_payer_check(storefront_id=7, order_number="O-2", port="3105", now=NOW)
    PayerCheck.objects.filter(pk=other.pk).update(
        state="different", asked_at=NOW, answered_at=NOW, deadline_at=DEADLINE + timedelta(seconds=1)
    )
    really = payer._give_up

    def poison(row, reason, now):
        if row.order_number == "O-1":
            raise ZeroDivisionError
        really(row, reason, now)

    monkeypatch.setattr(payer, "_give_up", poison)
    monkeypatch.setattr(payer, "SWEEP_BATCH", 1)
    later = DEADLINE + timedelta(seconds=1)
    assert [refund_overdue_payers(now=later) for _ in range(2)] == [0, 1]
    assert Case.objects.get(kind="payer.failing").key == "order:O-1"


@pytest.mark.parametrize("state", ["different", "renamed"])
def test_what_is_refused_when_judged_anew_is_refunded_once(state):
    made = check(state)
    refund_payer(check=made, reason="refused", now=NOW)
    refund_payer(check=made, reason="refused", now=NOW)
    assert told().count("payer.refunding") == 1
    assert (Case.objects.get().facts["reason"], Case.objects.get().seen) == ("refused", 1)


@pytest.mark.parametrize("state", ["open", "asked", "same"])
def test_an_order_whose_payer_is_not_known_to_differ_is_not_given_up(state):
    with pytest.raises(WrongState), transaction.atomic():
        refund_payer(check=check(state), reason="asked", now=NOW)
    assert Case.objects.count() == 0

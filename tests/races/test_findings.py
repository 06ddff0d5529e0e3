"""Some leave at once, one states the pair meanwhile: an answer stays for the living, never without one."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import transaction

from compliance.models import DataKey
from customers.gateways.verifying import Finding, Verdict
from customers.models import Customer, IdentityFinding
from customers.personal import HOLDING
from customers.services import account, findings, verification
from customers.services.verification import give_identity
from kernel.tenancy import tenant
from tests import make
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NAME, NUMBER = make.NAMES[make.ALICE], make.NUMBERS[make.ALICE]


class Made:
    """A provider of the test's own, which says yes."""

    provider, recipient, country = "made", "made", "CN"

    def verify(self, **given: Any) -> Finding:
        return Finding(Verdict.MATCHES, "0", "r")


@pytest.fixture(autouse=True)
def yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "verifier", Made)


def people(count: int) -> list[Customer]:
    shop = make.storefront()
    made = [make.customer(shop, f"c-{n}") for n in range(count)]
    for person in made:
        make.consent(person)
    return made


def state(person: Customer) -> None:
    give_identity(customer=person, name=NAME, number=NUMBER, device="", now=make.NOW)


def leave(person: Customer) -> None:
    with transaction.atomic(), tenant(person.storefront_id):
        account.lock(person)
        HOLDING.erase(person.subject, make.NOW)


def left() -> tuple[int, int]:
    """Answers, and keys of answers."""
    return IdentityFinding.objects.count(), DataKey.objects.filter(kind="finding", destroyed_at=None).count()


def test_without_the_guard_the_last_two_each_leave_it_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = people(2)
    for person in crowd:
        state(person)
    both_have_looked, real = threading.Barrier(2), findings.drop_findings

    def drops(rows: Any, now: Any) -> None:
        both_have_looked.wait(timeout=20)
        real(rows, now)

    monkeypatch.setattr(findings, "lock", lambda *indexes: None)
    monkeypatch.setattr(findings, "drop_findings", drops)
    assert at_once([lambda p=p: leave(p) for p in crowd]) == [None, None]
    assert left() == (1, 1)  # nobody's any more


def test_without_the_guard_who_states_it_meanwhile_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = people(2)
    state(first)
    has_looked, has_stated, real = threading.Event(), threading.Event(), findings.drop_findings

    def drops(rows: Any, now: Any) -> None:
        has_looked.set()
        assert has_stated.wait(timeout=20)
        real(rows, now)

    def states() -> None:
        assert has_looked.wait(timeout=20)
        state(second)
        has_stated.set()

    monkeypatch.setattr(findings, "lock", lambda *indexes: None)
    monkeypatch.setattr(findings, "drop_findings", drops)
    assert at_once([lambda: leave(first), states]) == [None, None]
    assert left() == (0, 0)  # though the second rests on it


def test_of_five_who_leave_at_once_the_last_one_takes_it_along() -> None:
    crowd = people(5)
    for person in crowd:
        state(person)
    assert left() == (1, 1)
    assert at_once([lambda p=p: leave(p) for p in crowd]) == [None] * 5
    assert left() == (0, 0)


def test_who_states_it_while_the_others_leave_has_an_answer_that_stays() -> None:
    *leaving, stays = people(4)
    for person in leaving:
        state(person)
    done = at_once([*(lambda p=p: leave(p) for p in leaving), lambda: state(stays)])
    assert done == [None] * 4
    assert left() == (1, 1)
    leave(stays)
    assert left() == (0, 0)


def test_who_leaves_while_the_own_pair_is_stated_leaves_nothing_behind() -> None:
    (alice,) = people(1)
    done = at_once([lambda: state(alice), lambda: leave(alice)])
    assert done[1] is None
    assert left() == (0, 0)

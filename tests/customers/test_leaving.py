"""What a provider said of a pair stays while a living account refers to it, and goes with the last one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from compliance.models import DataKey, Disclosure
from customers.gateways.verifying import Finding, Verdict
from customers.models import Customer, Identity, IdentityAttempt, IdentityFinding
from customers.personal import HOLDING
from customers.services import verification
from customers.services.attempts import TooManyAttempts
from customers.services.consents import withdraw
from customers.services.verification import give_identity
from kernel.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db

NAME, NUMBER = make.NAMES[make.ALICE], make.NUMBERS[make.ALICE]


class Made:
    """A provider of the test's own, which says yes."""

    provider, recipient, country = "made", "made", "CN"

    def verify(self, **given: Any) -> Finding:
        return Finding(Verdict.MATCHES, "0", "r")


@pytest.fixture(autouse=True)
def yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "verifier", Made)


def stating(shop: str, name: str = NAME) -> Customer:
    person = make.customer(make.storefront(shop))
    make.consent(person)
    give_identity(customer=person, name=name, number=NUMBER, device="", now=make.NOW)
    return person


def leave(person: Customer) -> None:
    with transaction.atomic(), tenant(person.storefront_id):
        HOLDING.erase(person.subject, make.NOW)


def keys() -> int:
    return DataKey.objects.filter(kind="finding", destroyed_at=None).count()


def test_an_answer_stays_for_who_shares_it_and_goes_with_the_last_one() -> None:
    here, there = stating("maison"), stating("swift")
    finding = IdentityFinding.objects.get()
    leave(here)
    assert (IdentityFinding.objects.get().pk, keys()) == (finding.pk, 1)
    leave(there)
    assert (IdentityFinding.objects.count(), keys()) == (0, 0)


def test_who_stays_is_answered_from_what_was_kept() -> None:
    here, there = stating("maison"), stating("swift")
    leave(here)
    withdraw(customer=there, kind="sensitive_identity", now=make.NOW)
    make.consent(there, now=make.NOW + timedelta(minutes=1))
    later = make.NOW + timedelta(minutes=2)
    give_identity(customer=there, name=NAME, number=NUMBER, device="", now=later)
    latest = IdentityAttempt.objects.filter(customer=there).latest("pk")
    assert (latest.verdict, latest.kept) == ("matches", True)
    assert Disclosure.objects.filter(recipient_kind="identity_provider").count() == 1


def test_an_identity_refers_to_it_after_its_attempts_are_gone() -> None:
    here, there = stating("maison"), stating("swift")
    IdentityAttempt.objects.all().delete()  # the days for which attempts are kept are over
    leave(here)
    assert (IdentityFinding.objects.count(), keys()) == (1, 1)
    leave(there)
    assert (IdentityFinding.objects.count(), keys()) == (0, 0)


def test_an_attempt_refers_to_it_after_its_identity_is_gone() -> None:
    here, there = stating("maison"), stating("swift")
    Identity.objects.filter(customer=there).delete()
    leave(here)
    assert (IdentityFinding.objects.count(), keys()) == (1, 1)


def test_another_name_with_the_number_is_another_answer() -> None:
    here, there = stating("maison"), stating("swift", "王爱莉")
    kept = Identity.objects.get(customer=there).pair_index
    assert IdentityFinding.objects.count() == 2
    leave(here)
    assert bytes(IdentityFinding.objects.get().pair_index) == bytes(kept or b"")
    assert keys() == 1


def test_who_leaves_takes_the_answers_of_earlier_statements_along() -> None:
    alice = stating("maison", "王爱莉")
    give_identity(customer=alice, name=NAME, number=NUMBER, device="", now=make.NOW)
    assert IdentityFinding.objects.count() == 2
    leave(alice)
    assert (IdentityFinding.objects.count(), keys()) == (0, 0)


def test_an_attempt_that_was_refused_refers_to_it_too() -> None:
    here = stating("maison")
    there = make.customer(make.storefront("swift"))
    make.consent(there)
    for n in range(5):
        give_identity(customer=there, name="测试", number=make.id_number(n), device="", now=make.NOW)
    with pytest.raises(TooManyAttempts):
        give_identity(customer=there, name=NAME, number=NUMBER, device="", now=make.NOW)
    shared = bytes(Identity.objects.get(customer=here).pair_index or b"")
    leave(here)
    assert IdentityFinding.objects.filter(pair_index=shared).count() == 1


def test_an_identity_knows_the_pair_of_its_last_attempt() -> None:
    alice = stating("maison", "王爱莉")
    first = bytes(Identity.objects.get().pair_index or b"")
    give_identity(customer=alice, name=NAME, number=NUMBER, device="", now=make.NOW)
    pairs = [bytes(one.pair_index) for one in IdentityAttempt.objects.order_by("pk")]
    assert pairs == [first, bytes(Identity.objects.get().pair_index or b"")]
    assert pairs[0] != pairs[1]

"""One attempt never stands in the way of another, and nothing is opened of those who limit the processing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from compliance import services as compliance
from compliance.models import Access, Disclosure
from compliance.services import ProcessingLimited
from customers.gateways.verifying import Finding, Verdict, VerifierError
from customers.models import Customer, Identity, IdentityAttempt, IdentityFinding
from customers.personal import HOLDING
from customers.services import verification
from customers.services.identity import overtake, state_identity
from customers.services.review import ask_anew
from customers.services.verification import give_identity, sweep
from kernel.models import Case
from kernel.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def asked(shop: Any, who: str, now: Any) -> Customer:
    person = make.customer(shop, who)
    make.consent(person)
    state_identity(customer=person, name=make.NAMES[who], number=make.NUMBERS[who], now=now)
    return person


def state(person: Customer) -> str:
    return Identity.objects.get(customer=person).state


def test_who_limits_the_processing_waits_unopened_and_nobody_waits_with_them(provider: Any) -> None:
    shop, now = make.storefront(), make.present()
    alice, bob = asked(shop, make.ALICE, now), asked(shop, make.BOB, now)
    compliance.limit_processing(subject_id=alice.subject_id, now=now)
    assert sweep(now=now + timedelta(seconds=30)) == 1
    assert (state(alice), state(bob)) == ("stated", "verified")
    seen = str(Identity.objects.get(customer=alice).public_id)
    assert Access.objects.filter(ref=seen).count() == 0
    assert IdentityAttempt.objects.get(customer=alice).tries == 0
    assert sweep(now=now + timedelta(days=2)) == 0  # however long it lasts
    assert state(alice) == "stated"

    compliance.lift_limit(subject_id=alice.subject_id)
    assert sweep(now=now + timedelta(seconds=31)) == 1
    assert state(alice) == "verified"


def test_who_limits_while_the_sweep_has_it_in_hand_is_due_as_soon_as_it_is_lifted(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = make.present() + timedelta(seconds=30)
    alice = asked(make.storefront(), make.ALICE, now - timedelta(seconds=30))
    real = verification._due

    def limits(at: Any) -> Any:
        due = real(at)
        compliance.limit_processing(subject_id=alice.subject_id, now=at)
        return due

    monkeypatch.setattr(verification, "_due", limits)
    assert sweep(now=now) == 0
    monkeypatch.setattr(verification, "_due", real)
    waiting = IdentityAttempt.objects.get()
    assert (waiting.state, waiting.error, waiting.next_try_at) == ("asked", "limited", now)
    assert (sweep(now=now), Access.objects.count()) == (0, 0)
    compliance.lift_limit(subject_id=alice.subject_id)
    assert sweep(now=now) == 1
    assert state(alice) == "verified"


@pytest.mark.parametrize(
    ("hour", "day_after"),
    [(3, 1), (15, 1), (17, 2)],  # 11:00, 23:00 and, the next day, 1:00 in Shanghai
)
def test_a_number_that_is_full_for_today_is_asked_about_when_the_next_day_begins(
    monkeypatch: pytest.MonkeyPatch, hour: int, day_after: int
) -> None:
    now = datetime(2026, 11, 26, hour, tzinfo=UTC)
    answers: list[Any] = [VerifierError("made", "result -7", until_tomorrow=True)]

    class Full:
        provider, recipient, country = "made", "made", "CN"

        def verify(self, **given: Any) -> Finding:
            if answers:
                raise answers.pop()
            return Finding(Verdict.MATCHES, "0", "r")

    monkeypatch.setattr(verification, "verifier", Full)
    alice = asked(make.storefront(), make.ALICE, now)
    assert sweep(now=now + timedelta(seconds=10)) == 1
    lifts = datetime(2026, 11, 26 + day_after - 1, 16, 5, tzinfo=UTC)
    assert IdentityAttempt.objects.get().next_try_at == lifts
    assert (sweep(now=lifts - timedelta(seconds=1)), state(alice)) == (0, "stated")
    assert (sweep(now=lifts), state(alice)) == (1, "verified")


def test_an_operator_does_not_have_a_limited_identity_asked_anew(provider: Any) -> None:
    alice = asked(make.storefront(), make.ALICE, make.present())
    compliance.limit_processing(subject_id=alice.subject_id, now=make.present())
    with pytest.raises(ProcessingLimited):
        ask_anew(identity=Identity.objects.get(customer=alice), by="operator", now=make.present())
    assert (IdentityAttempt.objects.count(), Access.objects.count()) == (1, 0)


def test_one_attempt_that_breaks_is_put_off_and_the_others_are_asked(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, now = make.storefront(), make.present()
    alice, bob = asked(shop, make.ALICE, now), asked(shop, make.BOB, now)
    real = verification.verify

    def breaks(**given: Any) -> None:
        if given["attempt"].customer_id == alice.pk:
            raise RuntimeError("a bug")
        real(**given)

    monkeypatch.setattr(verification, "verify", breaks)
    assert sweep(now=now + timedelta(seconds=30)) == 1
    assert (state(alice), state(bob)) == ("stated", "verified")
    assert IdentityAttempt.objects.get(customer=alice).error == "failed"


def test_who_leaves_while_the_provider_is_asked_leaves_no_answer_behind(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make.storefront()
    alice = make.customer(shop)
    make.consent(alice)
    real = verification.verifier()

    class Leaving:
        provider, recipient, country = real.provider, real.recipient, real.country

        def verify(self, **given: Any) -> Any:
            with transaction.atomic(), tenant(shop.pk):
                HOLDING.erase(alice.subject, given["now"])
            return real.verify(**given)

    monkeypatch.setattr(verification, "verifier", Leaving)
    give_identity(
        customer=alice,
        name=make.NAMES[make.ALICE],
        number=make.NUMBERS[make.ALICE],
        device="",
        now=make.present(),
    )
    assert (IdentityFinding.objects.count(), Identity.objects.count()) == (0, 0)


def test_who_left_before_the_provider_is_asked_is_not_asked_about(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, now = make.storefront(), make.present()
    alice = make.customer(shop)
    make.consent(alice)
    real = verification.findings.recall

    def leaves(**given: Any) -> Any:
        with transaction.atomic(), tenant(shop.pk):
            HOLDING.erase(alice.subject, now)
        return real(**given)

    monkeypatch.setattr(verification.findings, "recall", leaves)
    number = make.NUMBERS[make.ALICE]
    give_identity(customer=alice, name=make.NAMES[make.ALICE], number=number, device="", now=now)
    assert (IdentityFinding.objects.count(), Disclosure.objects.count()) == (0, 0)
    assert IdentityAttempt.objects.get().state == "overtaken"


def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_its_case_settles_when_it_is_answered(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, now = make.storefront(), make.present()
    alice, bob = asked(shop, make.ALICE, now), asked(shop, make.BOB, now)
    real = verification._opened

    def poison(attempt: IdentityAttempt, at: Any) -> Any:
        if attempt.customer_id == alice.pk:
            raise ZeroDivisionError(make.NUMBERS[make.ALICE])
        return real(attempt, at)

    monkeypatch.setattr(verification, "_opened", poison)
    assert sweep(now=now + timedelta(seconds=30)) == 1
    assert (state(alice), state(bob)) == ("stated", "verified")
    number = str(IdentityAttempt.objects.get(customer=alice).public_id)
    case = Case.objects.get()
    assert (case.kind, case.key, case.state) == ("identity.failing", f"attempt:{number}", "open")
    assert case.facts == {"attempt": number, "error": "ZeroDivisionError"}
    waits = IdentityAttempt.objects.filter(customer=alice)
    assert waits.get().next_try_at == now + timedelta(seconds=30, minutes=30)
    waits.update(next_try_at=now)  # the provider believes no signature of half an hour ahead
    assert sweep(now=now + timedelta(seconds=31)) == 0
    assert Case.objects.get().seen == 2
    monkeypatch.setattr(verification, "_opened", real)
    waits.update(next_try_at=now)
    assert sweep(now=now + timedelta(seconds=32)) == 1
    case.refresh_from_db()
    assert (state(alice), case.state, case.settled_by) == ("verified", "settled", "system")


def test_the_case_of_an_attempt_that_was_overtaken_is_settled_by_the_next_sweep(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = make.present()
    alice = asked(make.storefront(), make.ALICE, now)

    def poison(attempt: IdentityAttempt, at: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(verification, "_opened", poison)
    sweep(now=now + timedelta(seconds=30))
    assert Case.objects.get().state == "open"
    with tenant(alice.storefront_id):
        overtake(customer=alice)
    assert sweep(now=now + timedelta(seconds=31)) == 0
    case = Case.objects.get()
    assert (case.state, case.note) == ("settled", "it waits no more")

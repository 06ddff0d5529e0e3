"""One attempt never stands in the way of another, and nothing is opened of those who limit the processing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from compliance import services as compliance
from compliance.models import Access
from compliance.services import ProcessingLimited
from customers.models import Customer, Identity, IdentityAttempt, IdentityFinding
from customers.personal import HOLDING
from customers.services import verification
from customers.services.identity import state_identity
from customers.services.review import ask_anew
from customers.services.verification import give_identity, sweep
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
    assert IdentityAttempt.objects.get(customer=alice).tries == 1

    compliance.lift_limit(subject_id=alice.subject_id)
    IdentityAttempt.objects.filter(customer=alice).update(next_try_at=now)  # ten minutes later
    assert sweep(now=now + timedelta(seconds=31)) == 1
    assert state(alice) == "verified"


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

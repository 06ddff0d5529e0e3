"""Many who try identities at once: the counts hold, one asks the provider, one code is used once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from compliance import vault
from customers import labels
from customers.gateways.verifying import Finding, Verdict
from customers.models import Customer, Identity, IdentityAttempt, IdentityShare
from customers.services import findings
from customers.services.attempts import COUNTED, TooManyAttempts
from customers.services.identity import state_identity
from customers.services.sharing import ShareInvalid, offer_identity, reuse_identity
from customers.services.verification import conclude
from kernel.tenancy import tenant
from tests import make
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = make.NUMBERS[make.ALICE]


def people(count: int) -> list[Customer]:
    shop = make.storefront()
    made = [make.customer(shop, f"c-{n}") for n in range(count)]
    for person in made:
        make.consent(person)
    return made


def test_without_the_guard_counting_and_then_writing_passes_the_limit() -> None:
    first, *_ = crowd = people(2)
    for _ in range(4):  # one is left of five
        IdentityAttempt.objects.create(
            storefront=first.storefront,
            customer=first,
            number_index=vault.blind("id_number", NUMBER),
            pair_index=b"p" * 33,
            made_at=make.NOW,
        )
    both_have_counted = threading.Barrier(2)

    def unguarded(person: Customer) -> None:
        with tenant(person.storefront_id):
            index = vault.blind("id_number", NUMBER)
            counted = IdentityAttempt.objects.filter(COUNTED, number_index=index).count()
            both_have_counted.wait(timeout=20)
            if counted < 5:
                IdentityAttempt.objects.create(
                    storefront_id=person.storefront_id,
                    customer=person,
                    number_index=index,
                    pair_index=b"p" * 33,
                    made_at=make.NOW,
                )

    at_once([lambda p=p: unguarded(p) for p in crowd])
    assert IdentityAttempt.objects.count() == 6


def test_twenty_customers_who_try_one_number_at_once_try_it_five_times() -> None:
    crowd = people(20)
    done = at_once(
        [
            lambda p=p, n=n: state_identity(
                customer=p, name=f"测试{'甲乙丙丁戊己庚辛壬癸'[n % 10]}", number=NUMBER, now=make.NOW
            )
            for n, p in enumerate(crowd)
        ]
    )
    assert len([one for one in done if isinstance(one, IdentityAttempt)]) == 5
    assert len([one for one in done if isinstance(one, TooManyAttempts)]) == 15
    assert Identity.objects.count() == 5
    assert IdentityAttempt.objects.filter(COUNTED).count() == 5


def test_one_customer_who_states_ten_numbers_at_once_states_five_and_waits_for_one() -> None:
    (alice,) = people(1)
    done = at_once(
        [
            lambda n=n: state_identity(customer=alice, name="王爱丽", number=make.id_number(n), now=make.NOW)
            for n in range(10)
        ]
    )
    assert len([one for one in done if isinstance(one, IdentityAttempt)]) == 5
    assert Identity.objects.count() == 1
    assert IdentityAttempt.objects.filter(state="asked").count() == 1


def test_of_ten_who_want_to_ask_about_a_pair_at_once_one_does() -> None:
    pair = vault.blind("identity_pair", f"王爱丽\n{NUMBER}")
    done = at_once([lambda: findings.claim(pair=pair, now=make.NOW)] * 10)
    assert sorted(str(one) for one in done) == ["False"] * 9 + ["True"]
    assert findings.claim(pair=pair, now=make.NOW + timedelta(seconds=11))  # the one who asked has died


def test_an_answer_that_comes_ten_times_at_once_is_committed_once() -> None:
    (alice,) = people(1)
    attempt = state_identity(customer=alice, name="王爱丽", number=NUMBER, now=make.NOW)
    assert attempt is not None

    def answered(verdict: Verdict) -> None:
        row = IdentityAttempt.objects.get(pk=attempt.pk)
        found = Finding(verdict, "0", "r")
        conclude(attempt=row, found=found, number=NUMBER, provider="p", kept=False, now=make.NOW)

    done = at_once([lambda v=v: answered(v) for v in [Verdict.MATCHES, Verdict.DIFFERS] * 5])
    assert done == [None] * 10
    identity, row = Identity.objects.get(), IdentityAttempt.objects.get()
    assert (identity.state == "verified") is (row.verdict == "matches")
    assert (identity.person_id is not None) is (row.verdict == "matches")


def with_phone(person: Customer) -> Customer:
    key = vault.unwrap(person.subject.key)
    person.phone_sealed = key.seal(labels.PHONE, person.public_id, make.PHONES[make.ALICE])
    person.phone_index = vault.blind("phone", make.PHONES[make.ALICE])
    person.save()
    make.consent(person)
    make.consent(person, "identity_reuse")
    return person


def test_a_code_that_ten_storefronts_use_at_once_is_used_by_one() -> None:
    giver = with_phone(make.customer(make.storefront()))
    make.identity(giver)
    takers = [with_phone(make.customer(make.storefront(f"s{n}"))) for n in range(6)]
    code = offer_identity(customer=giver, now=make.NOW).code
    done = at_once([lambda t=t: reuse_identity(customer=t, code=code, now=make.NOW) for t in takers])
    assert done.count(None) == 1
    assert len([one for one in done if isinstance(one, ShareInvalid)]) == 5
    assert Identity.objects.filter(state="verified").count() == 2
    assert IdentityShare.objects.filter(redeemed_at__isnull=False).count() == 1


def test_two_who_carry_to_each_other_at_once_do_not_block() -> None:
    here, there = (with_phone(make.customer(make.storefront(code))) for code in ("maison", "swift"))
    for person in (here, there):
        make.identity(person)
    codes = {person.pk: offer_identity(customer=person, now=make.NOW).code for person in (here, there)}
    done = at_once(
        [
            lambda: reuse_identity(customer=there, code=codes[here.pk], now=make.NOW),
            lambda: reuse_identity(customer=here, code=codes[there.pk], now=make.NOW),
        ]
    )
    assert done == [None, None]
    assert Identity.objects.filter(state="verified").count() == 2


def test_a_code_is_made_ten_times_at_once_and_one_is_good() -> None:
    giver = with_phone(make.customer(make.storefront()))
    make.identity(giver)
    done = at_once([lambda: offer_identity(customer=giver, now=make.NOW)] * 10)
    assert [one for one in done if isinstance(one, Exception)] == []
    assert IdentityShare.objects.filter(cancelled_at=None).count() == 1

"""Attempts are counted by customer, number and device; what looks stolen is a case without personal data."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from customers.gateways.verifying import Finding, Verdict
from customers.models import Customer, Identity, IdentityAttempt
from customers.personal import HOLDING
from customers.services.attempts import CASES, TooManyAttempts
from customers.services.identity import state_identity
from customers.services.review import reset_attempts
from customers.services.verification import conclude
from kernel.models import Case, Event
from kernel.tenancy import tenant
from operators.names import _names
from tests import make

pytestmark = pytest.mark.django_db

NUMBER = make.NUMBERS[make.ALICE]
DEVICE = "0b9f2c1e-made-by-the-phone"


def anyone(shop: Any, who: str) -> Customer:
    person = make.customer(shop, who)
    make.consent(person)
    return person


def state(person: Customer, n: int, minutes: int = 0, device: str = "", number: str = "") -> IdentityAttempt:
    made = state_identity(
        customer=person,
        name=f"测试{'一二三四五六七八九十'[n]}",
        number=number or make.id_number(n),
        device=device,
        now=make.NOW + timedelta(minutes=minutes),
    )
    assert made is not None
    return made


def test_a_customer_may_try_five_times_a_day_and_is_told_when_again() -> None:
    alice = anyone(make.storefront(), make.ALICE)
    for n in range(5):
        state(alice, n, minutes=n)
    before = Identity.objects.get()
    with pytest.raises(TooManyAttempts) as refused:
        state(alice, 6, minutes=10)
    assert refused.value.seconds == 24 * 3600 - 10 * 60
    assert Identity.objects.get().number_index == before.number_index  # nothing of it is kept
    assert IdentityAttempt.objects.filter(state="refused").count() == 1
    case = Case.objects.get(kind="identity.too_many_attempts")
    assert case.key == f"customer:{alice.public_id}"
    assert case.facts["seconds"] == refused.value.seconds
    state(alice, 6, minutes=24 * 60 + 1)  # the first is a day old


def test_a_number_may_be_tried_five_times_a_day_by_whomever() -> None:
    shop = make.storefront()
    for n in range(5):
        state(anyone(shop, f"guesser-{n}"), n, number=NUMBER)
    with pytest.raises(TooManyAttempts):
        state(anyone(make.storefront("swift"), "owner"), 5, number=NUMBER)
    assert Identity.objects.count() == 5


def test_a_device_may_try_eight_times_a_day_and_none_counts_for_nothing() -> None:
    shop = make.storefront()
    for n in range(8):
        state(anyone(shop, f"c-{n}"), n, device=DEVICE)
    with pytest.raises(TooManyAttempts):
        state(anyone(shop, "ninth"), 8, device=DEVICE)
    state(anyone(shop, "tenth"), 9)
    assert not IdentityAttempt.objects.filter(device_index=DEVICE.encode()).exists()  # never in plain


def test_a_malformed_number_is_refused_before_it_counts() -> None:
    alice = anyone(make.storefront(), make.ALICE)
    for _ in range(9):
        with pytest.raises(Exception, match="invalid_identity"):
            state_identity(customer=alice, name="王爱丽", number="110105194912310021", now=make.NOW)
    assert IdentityAttempt.objects.count() == 0


def test_an_operator_lets_a_customer_number_and_device_try_again() -> None:
    shop = make.storefront()
    alice = anyone(shop, make.ALICE)
    for n in range(5):
        state(alice, n, device=DEVICE)
    with pytest.raises(TooManyAttempts):
        state(alice, 5, device=DEVICE)
    refused = IdentityAttempt.objects.get(state="refused")
    assert reset_attempts(attempt=refused, by="mei", now=make.NOW) == 6
    assert state(alice, 5, device=DEVICE).state == "asked"
    told = Event.objects.get(name="identity.attempts_reset")
    assert (told.key, told.facts) == (f"customer:{alice.public_id}", {"by": "mei", "count": 6})


def test_an_operator_forgives_nothing_that_another_storefront_counted() -> None:
    maison, swift = make.storefront(), make.storefront("swift")
    for n in range(5):
        state(anyone(swift, f"guesser-{n}"), n, number=NUMBER, device=DEVICE)
    alice = anyone(maison, make.ALICE)
    with pytest.raises(TooManyAttempts):
        state(alice, 5, number=NUMBER, device=DEVICE)
    assert reset_attempts(attempt=IdentityAttempt.objects.get(state="refused"), by="mei", now=make.NOW) == 1
    assert IdentityAttempt.objects.filter(storefront=swift, forgiven_at=None).count() == 5
    with pytest.raises(TooManyAttempts):
        state(alice, 5, number=NUMBER, device=DEVICE)


def closed_and_back(person: Customer) -> Customer:
    """The same WeChat user, after closing the account and logging in again."""
    with tenant(person.storefront_id):
        HOLDING.erase(person.subject, make.NOW)
    return anyone(person.storefront, make.ALICE)


def test_who_closes_the_account_and_comes_back_goes_on_being_counted() -> None:
    first = anyone(make.storefront(), make.ALICE)
    for n in range(5):
        state(first, n)
    second = closed_and_back(first)
    with pytest.raises(TooManyAttempts):
        state(second, 5)
    assert not Identity.objects.exists()
    state(anyone(first.storefront, make.BOB), 6)  # nobody else waits with them
    refused = IdentityAttempt.objects.get(state="refused")
    assert reset_attempts(attempt=refused, by="mei", now=make.NOW) == 6
    assert state(second, 5).state == "asked"


def test_numbers_before_and_after_closing_are_one_persons_many() -> None:
    first = anyone(make.storefront(), make.ALICE)
    state(first, 0)
    state(first, 1)
    second = closed_and_back(first)
    assert kinds() == set()
    state(second, 2)
    case = Case.objects.get(kind="identity.many_numbers")
    assert (case.facts["customer"], case.facts["count"]) == (str(second.public_id), 3)


def kinds() -> set[str]:
    return set(Case.objects.values_list("kind", flat=True))


def test_many_numbers_of_one_customer_are_a_case() -> None:
    alice = anyone(make.storefront(), make.ALICE)
    state(alice, 0)
    state(alice, 1)
    assert kinds() == set()
    last = state(alice, 2)
    case = Case.objects.get()
    assert (case.kind, case.storefront_id) == ("identity.many_numbers", alice.storefront_id)
    assert case.facts == {
        "customer": str(alice.public_id),
        "attempt": str(last.public_id),
        "count": 3,
    }


def test_many_numbers_on_one_device_are_a_case_that_names_the_customers() -> None:
    shop = make.storefront()
    people = [anyone(shop, f"c-{n}") for n in range(4)]
    for n, person in enumerate(people):
        state(person, n, device=DEVICE)
    case = Case.objects.get()
    assert case.kind == "identity.many_numbers_on_device"
    assert sorted(case.facts["customers"]) == sorted(str(one.public_id) for one in people)
    assert (case.facts["count"], case.facts["elsewhere"]) == (4, False)


def test_a_device_seen_elsewhere_is_a_case_that_counts_the_own_storefronts_numbers_alone() -> None:
    maison, swift = make.storefront(), make.storefront("swift")
    for n in range(3):
        state(anyone(swift, f"c-{n}"), n, device=DEVICE)
    own = anyone(maison, "c-3")
    state(own, 3, device=DEVICE)
    case = Case.objects.get()
    assert (case.storefront_id, case.facts["customers"]) == (maison.pk, [str(own.public_id)])
    assert (case.facts["count"], case.facts["elsewhere"]) == (1, True)


def test_a_number_of_many_customers_is_a_case_and_one_in_each_storefront_is_not() -> None:
    maison, swift = make.storefront(), make.storefront("swift")
    state(anyone(maison, "owner"), 0, number=NUMBER)
    state(anyone(swift, "owner"), 0, number=NUMBER)
    state(anyone(maison, "second"), 0, number=NUMBER)
    assert kinds() == set()
    last = anyone(maison, "third")
    state(last, 0, number=NUMBER)
    case = Case.objects.get()
    assert (case.kind, case.storefront_id) == ("identity.number_of_many", maison.pk)
    assert (case.facts["count"], len(case.facts["customers"])) == (3, 3)  # of another storefront nothing
    assert case.facts["elsewhere"] is True


def test_answers_that_stay_wrong_are_a_case() -> None:
    alice = anyone(make.storefront(), make.ALICE)
    for name in ("王一", "王二", "王三"):
        assert kinds() == set()
        made = state_identity(customer=alice, name=name, number=NUMBER, now=make.NOW)
        assert made is not None
        found = Finding(Verdict.DIFFERS, "-1", "r")
        conclude(attempt=made, found=found, number=NUMBER, provider="p", kept=False, now=make.NOW)
    assert Case.objects.get().facts["count"] == 3
    assert kinds() == {"identity.wrong_again"}


def test_no_case_holds_a_name_a_number_or_a_device() -> None:
    shop = make.storefront()
    for n in range(9):
        person = anyone(shop, f"c-{n}")
        for name in ("王一", "王二", "王三"):
            try:
                made = state_identity(customer=person, name=name, number=NUMBER, device=DEVICE, now=make.NOW)
            except TooManyAttempts:
                continue
            assert made is not None
            found = Finding(Verdict.DIFFERS, "-1", "r")
            conclude(attempt=made, found=found, number=NUMBER, provider="p", kept=False, now=make.NOW)
    told = json.dumps(list(Case.objects.values_list("key", "title", "facts"))) + json.dumps(
        list(Event.objects.values_list("key", "facts"))
    )
    assert "identity" not in kinds() and len(kinds()) >= 2
    assert [secret for secret in (NUMBER, "王一", "王二", "王三", DEVICE) if secret in told] == []


def test_every_case_of_identity_has_a_name_in_the_admin() -> None:
    ours = {*CASES, "identity.provider_refuses", "identity.unverified"}
    assert {("case", kind) for kind in ours} <= set(_names())

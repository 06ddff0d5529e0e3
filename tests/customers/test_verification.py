"""An identity is verified, rejected, or stays stated and is asked about again; a person is linked only once
verified, so that a number alone reserves nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import IntegrityError, transaction

from compliance import services as compliance
from compliance import vault
from compliance.models import Access, AllowanceAccount, DataKey, Disclosure, Person
from compliance.services.retention import retain
from customers.gateways.verifying import Finding, Verdict
from customers.models import Customer, Identity, IdentityAttempt, IdentityFinding
from customers.personal import HOLDING
from customers.services.findings import claim
from customers.services.identity import state_identity
from customers.services.verification import conclude, give_identity, sweep
from kernel.errors import Refused
from kernel.models import Case, Event
from tests import make
from tests.stand_in import StandIn

pytestmark = pytest.mark.django_db

NAME, NUMBER = make.NAMES[make.ALICE], make.NUMBERS[make.ALICE]
ASKED = IdentityAttempt.State.ASKED


@pytest.fixture
def alice() -> Customer:
    person = make.customer(make.storefront())
    make.consent(person)
    return person


def give(person: Customer, name: str = NAME, number: str = NUMBER, now: Any = None) -> Identity:
    """State and verify at the real present, which the signature carries."""
    give_identity(customer=person, name=name, number=number, device="", now=now or make.present())
    return Identity.objects.get(customer=person)


def calls(provider: StandIn) -> int:
    """How often the provider was asked."""
    log = requests.get(f"{provider.url}/sandbox/log", timeout=9).json()["calls"]
    return len([row for row in log if row["call"] == "identity"])


def test_a_pair_that_matches_is_verified_and_leads_to_its_person(alice: Customer, provider: StandIn) -> None:
    identity = give(alice)
    assert (identity.state, identity.rejected_for) == ("verified", "")
    assert identity.verified_at is not None
    assert identity.person == Person.objects.get()
    alice.subject.refresh_from_db()
    assert alice.subject.person_id == identity.person_id
    attempt = IdentityAttempt.objects.get()
    assert (attempt.state, attempt.verdict, attempt.provider, attempt.kept) == (
        "answered",
        "matches",
        "tencent.faceid",
        False,
    )
    assert len(attempt.request_id) == 36
    assert list(Event.objects.filter(key=identity.event_key).values_list("name", flat=True)) == [
        "identity.stated",
        "identity.verified",
    ]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("-1", "differs"), ("-2", "malformed"), ("-3", "malformed"), ("-5", "no_record")],
)
def test_a_final_no_rejects_and_leads_to_nobody(
    alice: Customer, provider: StandIn, code: str, reason: str
) -> None:
    provider.control("switches", call="identity", mode="result", code=code)
    identity = give(alice)
    assert (identity.state, identity.rejected_for, identity.person) == ("rejected", reason, None)
    alice.subject.refresh_from_db()
    assert (alice.subject.person, Person.objects.count()) == (None, 0)


def test_a_stranger_who_knows_a_number_reserves_nothing_of_its_owners_year(provider: StandIn) -> None:
    world = make.world()
    owner = world.alice.identity.person_id
    mallory = make.customer(world.shop, "mallory")
    make.address(mallory)
    make.consent(mallory, "privacy_policy")
    make.identity(mallory, number=NUMBER, verdict=None)
    with pytest.raises(Refused) as refused:
        make.order(mallory, ("HD-1", 1))
    assert [refusal.rule for refusal in refused.value.refusals] == ["IDENTITY-3"]
    assert refused.value.refusals[0].facts == {"verified": False}
    assert not AllowanceAccount.objects.filter(person_id=owner).exists()
    mallory.subject.refresh_from_db()
    assert mallory.subject.person is None


def test_the_quote_of_a_stated_identity_lists_the_rule(provider: StandIn) -> None:
    world = make.world()
    bob = make.customer(world.shop, make.BOB)
    make.identity(bob, make.BOB, verdict=None)
    rules = [refusal["rule"] for refusal in make.quote(bob, ("HD-1", 1)).refusals]
    assert rules == ["IDENTITY-3"]


def test_the_database_itself_links_nobody_who_is_not_verified(alice: Customer) -> None:
    identity = make.identity(alice, verdict=None)
    person = Person.objects.create(number_index=b"i" * 33, created_at=make.NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Identity.objects.filter(pk=identity.pk).update(person=person)


@pytest.mark.parametrize(
    "switch",
    [
        {"mode": "timeout", "seconds": 0},
        {"mode": "500"},
        {"mode": "wrong_answer"},
        {"mode": "result", "code": "-6"},
        {"mode": "error", "code": "RequestLimitExceeded"},
    ],
)
def test_unknown_stays_stated_until_the_sweep_knows(
    alice: Customer, provider: StandIn, switch: dict[str, Any]
) -> None:
    now = make.present()
    provider.control("switches", call="identity", **switch)
    assert give(alice, now=now).state == "stated"
    attempt = IdentityAttempt.objects.get()
    assert (attempt.state, attempt.tries, attempt.next_try_at) == (ASKED, 1, now + timedelta(seconds=2))
    assert attempt.error
    assert sweep(now=now + timedelta(seconds=1)) == 0
    assert sweep(now=now + timedelta(seconds=3)) == 1
    assert Identity.objects.get().state == "verified"
    assert sweep(now=now + timedelta(hours=9)) == 0
    assert calls(provider) == 2
    gone = Disclosure.objects.values_list("recipient_kind", "purpose", "basis", "country", "fields")
    assert (
        list(gone)
        == [("identity_provider", "verify_identity", "consent", "CN", ["buyer_name", "buyer_number"])] * 2
    )
    # The house opened name and number to ask again: that is on record.
    assert set(Access.objects.values_list("who", "what")) == {
        ("system:identity", "customers.identity.name"),
        ("system:identity", "customers.identity.number"),
    }


def test_a_provider_that_stays_away_is_asked_ever_more_seldom_and_becomes_a_case(
    alice: Customer, settings: Any
) -> None:
    now = make.present()
    give(alice, now=now)  # nobody answers at this address
    waits = []
    for _ in range(6):
        attempt = IdentityAttempt.objects.get()
        assert attempt.next_try_at is not None
        waits.append((attempt.next_try_at - now).total_seconds())
        now = attempt.next_try_at
        sweep(now=now)
    assert waits == [2, 15, 60, 300, 900, 1800]
    case = Case.objects.get(kind="identity.unverified")
    assert case.facts == {"attempt": str(attempt.public_id), "reason": "ConnectionError"}
    assert case.storefront_id == alice.storefront_id
    assert Identity.objects.get().state == "stated"


def test_a_provider_that_refuses_our_account_is_asked_hourly_and_told_to_an_operator(
    alice: Customer, provider: StandIn
) -> None:
    now = make.present()
    provider.control("switches", call="identity", mode="error", code="UnauthorizedOperation.Arrears")
    assert give(alice, now=now).state == "stated"
    assert IdentityAttempt.objects.get().next_try_at == now + timedelta(hours=1)
    case = Case.objects.get()
    assert (case.kind, case.storefront_id) == ("identity.provider_refuses", None)
    assert case.facts["reason"] == "UnauthorizedOperation.Arrears"


def test_the_same_pair_is_asked_once_whoever_states_it(alice: Customer, provider: StandIn) -> None:
    give(alice)
    again = make.customer(make.storefront("swift"))
    make.consent(again)
    assert give(again).state == "verified"
    assert calls(provider) == 1
    assert list(Disclosure.objects.values_list("subject_id", flat=True)) == [alice.subject_id]
    kept = IdentityAttempt.objects.get(customer=again)
    assert (kept.verdict, kept.kept, kept.provider) == ("matches", True, "tencent.faceid")
    assert kept.request_id == IdentityAttempt.objects.get(customer=alice).request_id


def test_another_name_with_the_number_is_another_question(alice: Customer, provider: StandIn) -> None:
    provider.control("identity", number=NUMBER, name=NAME)
    assert give(alice, name="王爱莉").state == "rejected"
    assert give(alice).state == "verified"
    assert give(alice, name="王爱莉").state == "rejected"  # from what was kept
    assert calls(provider) == 2


def test_a_finding_is_sealed_and_says_nothing_without_its_key(alice: Customer, provider: StandIn) -> None:
    give(alice)
    finding = IdentityFinding.objects.select_related("key").get()
    assert b"matches" not in bytes(finding.answer_sealed)
    assert vault.unwrap(finding.key).open(  # type: ignore[arg-type]
        "customers.identityfinding.answer", finding.public_id, bytes(finding.answer_sealed)
    ) == ("matches 0")
    assert (finding.provider, len(finding.request_id)) == ("tencent.faceid", 36)


def test_after_its_days_an_answer_is_asked_for_again_and_forgotten_with_its_key(
    alice: Customer, provider: StandIn
) -> None:
    now = make.present()
    give(alice, now=now)
    finding = IdentityFinding.objects.get()
    assert finding.good_until == now + timedelta(days=180)
    (keeping,) = (one for one in HOLDING.keeping if one.kind == "customers.findings")
    assert retain(keepings=[keeping], now=now + timedelta(days=179))[0].let_go == 0
    IdentityFinding.objects.update(good_until=now)  # its days are over
    again = make.customer(make.storefront("swift"))
    make.consent(again)
    assert give(again, now=now).state == "verified"
    assert calls(provider) == 2
    fresh = IdentityFinding.objects.get()
    assert (fresh.pk, fresh.good_until) == (finding.pk, now + timedelta(days=180))
    assert DataKey.objects.filter(kind="finding", destroyed_at=None).count() == 1  # the old one is destroyed
    assert retain(keepings=[keeping], now=now + timedelta(days=181))[0].let_go == 1
    assert not DataKey.objects.filter(kind="finding", destroyed_at=None).exists()


def test_a_late_answer_about_what_is_no_longer_stated_changes_nothing(alice: Customer) -> None:
    old = state_identity(customer=alice, name=NAME, number=NUMBER, now=make.NOW)
    new = state_identity(customer=alice, name="王小丽", number=make.id_number(3), now=make.NOW)
    assert old is not None and new is not None
    found = Finding(Verdict.MATCHES, "0", "late")
    conclude(attempt=old, found=found, number=NUMBER, provider="late", kept=False, now=make.NOW)
    identity = Identity.objects.get()
    old.refresh_from_db()
    assert (identity.state, identity.person, old.state) == ("stated", None, "overtaken")
    assert Person.objects.count() == 0
    conclude(attempt=new, found=found, number=make.id_number(3), provider="x", kept=False, now=make.NOW)
    conclude(
        attempt=new,
        found=Finding(Verdict.DIFFERS, "-1", "twice"),
        number=make.id_number(3),
        provider="x",
        kept=False,
        now=make.NOW,
    )
    assert Identity.objects.get().state == "verified"  # a second answer comes too late


def test_whoever_died_before_asking_is_followed_by_the_sweep(alice: Customer, provider: StandIn) -> None:
    now = make.present()
    state_identity(customer=alice, name=NAME, number=NUMBER, now=now)
    assert sweep(now=now + timedelta(seconds=9)) == 0  # the request has it in hand
    assert sweep(now=now + timedelta(seconds=11)) == 1
    assert Identity.objects.get().state == "verified"


def test_while_one_asks_about_a_pair_another_one_waits_for_the_answer(
    alice: Customer, provider: StandIn
) -> None:
    now = make.present()
    IdentityFinding.objects.create(
        pair_index=vault.blind("identity_pair", f"{NAME}\n{NUMBER}"), asking_until=now + timedelta(seconds=8)
    )
    assert give(alice, now=now).state == "stated"
    assert calls(provider) == 0
    # The one who asked has died: its ten seconds are over.
    assert sweep(now=now + timedelta(seconds=9)) == 1
    assert (Identity.objects.get().state, calls(provider)) == ("verified", 1)


def test_a_withdrawn_consent_ends_the_asking(alice: Customer, provider: StandIn) -> None:
    now = make.present()
    provider.control("switches", call="identity", mode="500")
    give(alice, now=now)
    compliance.withdraw_consent(subject_id=alice.subject_id, kind="sensitive_identity", now=now)
    assert sweep(now=now + timedelta(seconds=6)) == 0
    assert (IdentityAttempt.objects.get().state, Identity.objects.get().state) == ("overtaken", "stated")
    assert calls(provider) == 1


def test_an_identity_that_was_erased_meanwhile_is_not_asked_about_and_takes_no_answer(
    alice: Customer, provider: StandIn
) -> None:
    now = make.present()
    attempt = state_identity(customer=alice, name=NAME, number=NUMBER, now=now)
    assert attempt is not None
    Identity.objects.all().delete()
    assert sweep(now=now + timedelta(seconds=11)) == 0
    assert IdentityAttempt.objects.get().state == "overtaken"
    IdentityAttempt.objects.all().delete()
    found = Finding(Verdict.MATCHES, "0", "late")
    conclude(attempt=attempt, found=found, number=NUMBER, provider="late", kept=False, now=now)
    assert (Identity.objects.count(), Person.objects.count(), calls(provider)) == (0, 0, 0)


def test_a_destroyed_key_ends_the_asking(alice: Customer, provider: StandIn) -> None:
    now = make.present()
    provider.control("switches", call="identity", mode="500")
    give(alice, now=now)
    compliance.destroy_key(key_id=alice.subject.key_id, now=now)
    assert sweep(now=now + timedelta(seconds=6)) == 0
    assert IdentityAttempt.objects.get().state == "overtaken"


def test_the_same_pair_again_is_no_new_attempt_while_it_waits_or_once_it_is_verified(
    alice: Customer, provider: StandIn
) -> None:
    now = make.present()
    provider.control("switches", call="identity", mode="500")
    assert give(alice, now=now).state == "stated"
    assert give(alice, now=now).state == "stated"
    sweep(now=now + timedelta(seconds=6))
    verified = Identity.objects.get()
    assert give(alice).verified_at == verified.verified_at
    assert (IdentityAttempt.objects.count(), calls(provider)) == (1, 2)


def test_nobody_asks_while_a_good_answer_is_there_unless_anew(alice: Customer, provider: StandIn) -> None:
    now = make.present()
    give(alice, now=now)
    pair = bytes(IdentityFinding.objects.get().pair_index)
    assert claim(pair=pair, now=now) is False
    assert claim(pair=pair, anew=True, now=now) is True
    assert claim(pair=pair, anew=True, now=now) is False  # one is asking

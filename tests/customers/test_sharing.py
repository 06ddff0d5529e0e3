"""A verified identity goes to another storefront by its person's doing: code, consents, same phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from compliance import services as compliance
from compliance import vault
from compliance.models import Access, Disclosure
from compliance.services import ConsentNeeded
from customers import labels, queries
from customers.models import Customer, Identity, IdentityAttempt, IdentityShare
from customers.services.identity import IdentityInUse
from customers.services.sharing import (
    NotVerified,
    PhoneNeeded,
    ShareInvalid,
    cancel_offer,
    offer_identity,
    reuse_identity,
)
from kernel.models import Event
from tests import make

pytestmark = pytest.mark.django_db

NUMBER = make.NUMBERS[make.ALICE]
LATER = make.NOW + timedelta(minutes=3)


def with_phone(person: Customer, phone: str = make.PHONES[make.ALICE]) -> Customer:
    key = vault.unwrap(person.subject.key)
    person.phone_sealed = key.seal(labels.PHONE, person.public_id, phone)
    person.phone_index = vault.blind("phone", phone)
    person.save()
    return person


@pytest.fixture
def giver() -> Customer:
    """Alice at Maison: verified, with a phone, willing to carry her identity on."""
    person = with_phone(make.customer(make.storefront()))
    make.identity(person)
    make.consent(person, "identity_reuse")
    return person


@pytest.fixture
def taker() -> Customer:
    """Alice at Swift, with both consents and nothing else."""
    person = with_phone(make.customer(make.storefront("swift")))
    make.consent(person)
    make.consent(person, "identity_reuse")
    return person


def test_the_identity_is_the_second_storefronts_own_and_the_person_the_same(
    giver: Customer, taker: Customer
) -> None:
    offer = offer_identity(customer=giver, now=make.NOW)
    assert (len(offer.code), offer.expires_at) == (10, make.NOW + timedelta(minutes=10))
    reuse_identity(customer=taker, code=f"{offer.code[:5]}-{offer.code[5:].lower()}", now=LATER)
    source, taken = Identity.objects.get(customer=giver), Identity.objects.get(customer=taker)
    assert (taken.state, taken.person_id, taken.verified_at) == ("verified", source.person_id, make.NOW)
    assert taken.stated_at == LATER
    key = vault.unwrap(taker.subject.key)
    name = key.open(labels.IDENTITY_NAME, taken.public_id, bytes(taken.name_sealed))
    number = key.open(labels.IDENTITY_NUMBER, taken.public_id, bytes(taken.number_sealed))
    assert (name, number) == (make.NAMES[make.ALICE], NUMBER)
    taker.subject.refresh_from_db()
    assert taker.subject.person_id == source.person_id
    assert IdentityAttempt.objects.filter(customer=taker).count() == 0  # nobody was asked


def test_what_went_where_is_on_record_for_the_first_storefront_and_the_person(
    giver: Customer, taker: Customer
) -> None:
    offer = offer_identity(customer=giver, now=make.NOW)
    reuse_identity(customer=taker, code=offer.code, now=LATER)
    assert set(Access.objects.values_list("storefront_id", "who", "what")) == {
        (giver.storefront_id, "storefront:swift", "customers.identity.name"),
        (giver.storefront_id, "storefront:swift", "customers.identity.number"),
    }
    gone = Disclosure.objects.get()
    assert (gone.storefront_id, gone.subject_id, gone.recipient_kind, gone.basis) == (
        giver.storefront_id,
        giver.subject_id,
        "storefront",
        "consent",
    )
    shared = Event.objects.get(name="identity.shared")
    assert (shared.storefront_id, shared.facts) == (giver.storefront_id, {"to": "swift"})
    assert [(one.storefront_en, one.at) for one in queries.shared(giver)] == [("Swift Shop", LATER)]


def test_a_code_is_good_once_and_again_for_whoever_has_used_it(giver: Customer, taker: Customer) -> None:
    code = offer_identity(customer=giver, now=make.NOW).code
    reuse_identity(customer=taker, code=code, now=LATER)
    reuse_identity(customer=taker, code=code, now=LATER)  # the answer was lost on the way
    assert Disclosure.objects.count() == 1
    other = with_phone(make.customer(make.storefront("third"), "alice"))
    make.consent(other)
    make.consent(other, "identity_reuse")
    with pytest.raises(ShareInvalid):
        reuse_identity(customer=other, code=code, now=LATER)
    assert not Identity.objects.filter(customer=other).exists()


def spoil_phone(giver: Customer, taker: Customer) -> None:
    with_phone(taker, make.PHONES[make.STRANGER])


def spoil_consent(giver: Customer, taker: Customer) -> None:
    compliance.withdraw_consent(subject_id=giver.subject_id, kind="identity_reuse", now=LATER)


def spoil_processing(giver: Customer, taker: Customer) -> None:
    compliance.limit_processing(subject_id=giver.subject_id, now=LATER)


def spoil_offer(giver: Customer, taker: Customer) -> None:
    assert cancel_offer(customer=giver, now=LATER) == 1


def spoil_account(giver: Customer, taker: Customer) -> None:
    Customer.objects.filter(pk=giver.pk).update(closed_at=LATER)


def spoil_identity(giver: Customer, taker: Customer) -> None:
    Identity.objects.filter(customer=giver).update(state="rejected", person=None)


def spoil_time(giver: Customer, taker: Customer) -> None:
    IdentityShare.objects.update(expires_at=LATER)


def spoil_offer_by_a_newer_one(giver: Customer, taker: Customer) -> None:
    offer_identity(customer=giver, now=LATER)


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_phone,
        spoil_consent,
        spoil_processing,
        spoil_offer,
        spoil_account,
        spoil_identity,
        spoil_time,
        spoil_offer_by_a_newer_one,
    ],
)
def test_a_code_that_is_not_good_any_more_carries_nothing(
    giver: Customer, taker: Customer, spoil: Any
) -> None:
    code = offer_identity(customer=giver, now=make.NOW).code
    spoil(giver, taker)
    with pytest.raises(ShareInvalid):
        reuse_identity(customer=taker, code=code, now=LATER)
    assert not Identity.objects.filter(customer=taker).exists()
    assert not Disclosure.objects.exists() and not Access.objects.exists()
    assert not IdentityShare.objects.filter(redeemed_at__isnull=False).exists()


def test_a_code_that_nobody_made_and_one_of_the_same_storefront_are_not_told_apart(
    giver: Customer, taker: Customer
) -> None:
    with pytest.raises(ShareInvalid):
        reuse_identity(customer=taker, code="ABCDEFGHJK", now=LATER)
    same = with_phone(make.customer(giver.storefront, "second-wechat"))
    make.consent(same)
    make.consent(same, "identity_reuse")
    code = offer_identity(customer=giver, now=make.NOW).code
    with pytest.raises(ShareInvalid):
        reuse_identity(customer=same, code=code, now=LATER)


def test_who_limited_the_processing_neither_offers_nor_takes_an_identity(
    giver: Customer, taker: Customer
) -> None:
    code = offer_identity(customer=giver, now=make.NOW).code
    compliance.limit_processing(subject_id=taker.subject_id, now=LATER)
    with pytest.raises(compliance.ProcessingLimited):
        reuse_identity(customer=taker, code=code, now=LATER)
    with pytest.raises(compliance.ProcessingLimited):
        offer_identity(customer=taker, now=LATER)
    compliance.lift_limit(subject_id=taker.subject_id)
    reuse_identity(customer=taker, code=code, now=LATER)  # the code was not used up
    assert Identity.objects.get(customer=taker).state == "verified"


@pytest.mark.parametrize("kind", ["sensitive_identity", "identity_reuse"])
def test_both_consents_are_needed_where_it_goes(giver: Customer, taker: Customer, kind: str) -> None:
    code = offer_identity(customer=giver, now=make.NOW).code
    compliance.withdraw_consent(subject_id=taker.subject_id, kind=kind, now=LATER)
    with pytest.raises(ConsentNeeded):
        reuse_identity(customer=taker, code=code, now=LATER)
    make.consent(taker, kind, now=LATER)
    reuse_identity(customer=taker, code=code, now=LATER)  # the code was not used up
    assert Identity.objects.get(customer=taker).state == "verified"


def test_a_code_is_made_only_with_consent_a_verified_identity_and_a_phone() -> None:
    person = make.customer(make.storefront())
    with pytest.raises(ConsentNeeded):
        offer_identity(customer=person, now=make.NOW)
    make.consent(person, "identity_reuse")
    make.identity(person, verdict=None)
    with pytest.raises(NotVerified):
        offer_identity(customer=person, now=make.NOW)
    Identity.objects.all().delete()
    IdentityAttempt.objects.all().delete()
    make.identity(person)
    with pytest.raises(PhoneNeeded):
        offer_identity(customer=person, now=make.NOW)
    assert IdentityShare.objects.count() == 0


def test_withdrawing_stops_what_comes_and_leaves_what_was(giver: Customer, taker: Customer) -> None:
    reuse_identity(customer=taker, code=offer_identity(customer=giver, now=make.NOW).code, now=LATER)
    compliance.withdraw_consent(subject_id=giver.subject_id, kind="identity_reuse", now=LATER)
    with pytest.raises(ConsentNeeded):
        offer_identity(customer=giver, now=LATER)
    assert Identity.objects.get(customer=taker).state == "verified"
    assert queries.open_offer_until(giver, LATER) is None


def test_another_persons_orders_of_the_year_are_not_left_by_a_code(giver: Customer) -> None:
    world_shop = make.storefront("swift")
    place = make.warehouse(world_shop)
    make.stock(place, make.variant(world_shop, "HD-1", 10_000))
    bob = with_phone(make.buyer(world_shop, make.BOB))
    make.consent(bob, "identity_reuse")
    make.order(bob, ("HD-1", 1))
    code = offer_identity(customer=giver, now=make.NOW).code
    with pytest.raises(IdentityInUse):
        reuse_identity(customer=bob, code=code, now=LATER)
    assert not IdentityShare.objects.filter(redeemed_at__isnull=False).exists()


def test_the_code_itself_is_kept_nowhere(giver: Customer) -> None:
    code = offer_identity(customer=giver, now=make.NOW).code
    share = IdentityShare.objects.get()
    assert code.encode() not in bytes(share.code_index)
    assert bytes(share.code_index) == vault.blind("share_code", code)
    assert queries.open_offer_until(giver, LATER) == make.NOW + timedelta(minutes=10)

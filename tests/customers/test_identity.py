"""An identity is taken in after consent, kept to while orders stand under it, and tells nothing of others."""

from __future__ import annotations

import pytest
from django.db import transaction

from compliance.services import ConsentNeeded
from customers.models import Identity, IdentityAttempt
from customers.services.identity import BadIdentity, IdentityInUse, state_identity
from tests import make

pytestmark = pytest.mark.django_db


def test_without_the_separate_consent_no_number_is_taken_in():
    alice = make.customer(make.storefront())
    with pytest.raises(ConsentNeeded), transaction.atomic():
        state_identity(customer=alice, name="王爱丽", number=make.NUMBERS[make.ALICE], now=make.NOW)
    assert Identity.objects.count() == 0


@pytest.mark.parametrize(
    "name", ["王", "王\n小", "王\u202e小礼", "\u200b\u200b", "😀😀", "王 2", "\u3164\u3164", "\uffa0王"]
)
def test_a_name_that_no_identity_card_bears_is_refused(name):
    alice = make.customer(make.storefront())
    make.consent(alice)
    with pytest.raises(BadIdentity):
        state_identity(customer=alice, name=name, number=make.NUMBERS[make.ALICE], now=make.NOW)


@pytest.mark.parametrize(
    "name",
    [
        "··",
        "--",
        ". .",
        "'-·",
        "王·",
        "·王爱丽",
        "王爱丽·",
        "-王爱丽",
        "王\u0301",
    ],
)
def test_a_name_has_two_letters_and_a_dot_only_between_them(name):
    alice = make.customer(make.storefront())
    make.consent(alice)
    with pytest.raises(BadIdentity) as refused:
        state_identity(customer=alice, name=name, number=make.NUMBERS[make.ALICE], now=make.NOW)
    assert refused.value.facts() == {
        "field": "name",
        "why": "at least two letters, and a dot (·) or the like only between them",
        "why_zh": "姓名至少两个字，间隔号“·”等只能用在字与字之间",
    }
    assert (Identity.objects.count(), IdentityAttempt.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "name", ["王爱丽", "买买提·艾力", "艾·力", "Jean-Luc Müller", "J. O'Neill Jr.", "Li", "㛃㛃", "अजय कुमार"]
)
def test_names_as_they_stand_on_cards_are_taken(name):
    alice = make.customer(make.storefront())
    make.consent(alice)
    state_identity(customer=alice, name=name, number=make.NUMBERS[make.ALICE], now=make.NOW)


def test_a_new_number_is_no_fresh_year_once_orders_stand_under_the_old_one():
    world = make.world()
    make.identity(world.alice, number=make.id_number(7))  # a slip mended
    make.order(world.alice, ("HD-1", 1))
    with pytest.raises(IdentityInUse), transaction.atomic():
        state_identity(customer=world.alice, name="王爱丽", number=make.id_number(8), now=make.NOW)
    state_identity(
        customer=world.alice, name="王爱莉", number=make.id_number(7), now=make.NOW
    )  # the name may


def test_one_number_in_two_storefronts_is_one_person():
    maison, swift = make.storefront(), make.storefront("swift")
    here, there = make.buyer(maison), make.buyer(swift)
    assert here.identity.person_id == there.identity.person_id

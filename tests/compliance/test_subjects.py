"""Each customer is a subject with a key of its own; one human being is one person everywhere."""

import base64
from datetime import UTC, datetime

import pytest

from compliance import vault
from compliance.models import DataKey, Person, Subject
from compliance.services import create_subject, link_person

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NUMBER = "11010519491231002X"
pytestmark = pytest.mark.django_db


def test_a_subject_has_a_key_of_its_own():
    one, key = create_subject(storefront_id=7, now=NOW)
    other, _ = create_subject(storefront_id=7, now=NOW)
    assert one.key_id != other.key_id
    stored = Subject.objects.select_related("key").get(pk=one.pk)
    assert (stored.key.kind, stored.key.storefront_id, stored.person_id) == ("subject", 7, None)
    assert vault.unwrap(stored.key).open("t.f", one.id, key.seal("t.f", one.id, "a")) == "a"


def test_two_storefronts_share_the_person_and_nothing_else():
    here, _ = create_subject(storefront_id=7, now=NOW)
    there, _ = create_subject(storefront_id=8, now=NOW)
    first = link_person(subject=here, id_number=NUMBER, now=NOW)
    assert link_person(subject=there, id_number=NUMBER.lower(), now=NOW) == first
    assert Person.objects.count() == 1
    assert DataKey.objects.count() == 2
    assert {s.person_id for s in Subject.objects.all()} == {first.id}


def test_the_number_is_not_in_the_row():
    subject, _ = create_subject(storefront_id=7, now=NOW)
    person = link_person(subject=subject, id_number=NUMBER, now=NOW)
    stored = bytes(Person.objects.get(pk=person.pk).number_index)
    assert len(stored) == 33
    assert NUMBER.encode() not in stored


def test_a_person_is_found_while_index_keys_change(settings):
    subject, _ = create_subject(storefront_id=7, now=NOW)
    person = link_person(subject=subject, id_number=NUMBER, now=NOW)
    settings.VAULT_INDEX_KEYS = f"next:{base64.b64encode(b'n' * 32).decode()},{settings.VAULT_INDEX_KEYS}"
    other, _ = create_subject(storefront_id=8, now=NOW)
    assert link_person(subject=other, id_number=NUMBER, now=NOW) == person

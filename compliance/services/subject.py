"""A subject owns the key of one customer's data; a person is one human being across all storefronts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from compliance.models import Person, Subject
from compliance.vault import Key, blind, blinds, insert_key, new_key
from kernel.ids import uuid7


def create_subject(*, storefront_id: int, now: datetime) -> tuple[Subject, Key]:
    """A new subject with a key of its own, for a customer at the first log-in; also the plain key."""
    data_key, key = new_key("subject", storefront_id)
    subject = Subject(storefront_id=storefront_id, key=data_key, created_at=now)
    with transaction.atomic():
        insert_key(data_key)
        subject.save(force_insert=True)
    return subject, key


def begin_erasure(*, subject: Subject, now: datetime) -> None:
    """From here on the person's account is closed: only now may what leads to them be cut (orders_untie)."""
    Subject.objects.filter(pk=subject.pk).update(erased_at=now)


def link_person(*, subject: Subject, id_number: str, now: datetime) -> Person:
    """Link a subject to the person with this identity number, who is made when not yet known.

    The number itself is not kept here, only its blind index. Two at once get the same person. The person's
    row is locked until the link stands: retention lets go of persons to whom nothing points.
    """
    with transaction.atomic():
        person = person_of(id_number=id_number, now=now)
        Subject.objects.filter(pk=subject.pk).update(person=person)
    subject.person = person
    return person


def person_of(*, id_number: str, now: datetime) -> Person:
    """The person with this identity number, who has no account here; in the caller's transaction.

    Made when not yet known, and locked as `link_person` does: the caller lets a row point to them.
    """
    known = Person.objects.filter(number_index__in=blinds("id_number", id_number))
    return known.select_for_update(no_key=True).first() or _new_person(id_number, now)


def _new_person(id_number: str, now: datetime) -> Person:
    """The person of this number, made here or by another at the same moment; locked."""
    (person,) = Person.objects.raw(
        "INSERT INTO compliance_person AS p (id, number_index, created_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (number_index) DO UPDATE SET number_index = p.number_index"
        " RETURNING id, number_index, created_at",
        [uuid7(), blind("id_number", id_number), now],
    )
    return person

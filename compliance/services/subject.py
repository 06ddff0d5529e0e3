"""A subject owns the key of one customer's data; a person is one human being across all storefronts."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

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


def link_person(*, subject: Subject, id_number: str, now: datetime) -> Person:
    """Link a subject to the person with this identity number, who is made when not yet known.

    The number itself is not kept here, only its blind index. Two at once get the same person.
    """
    person = Person.objects.filter(number_index__in=blinds("id_number", id_number)).first()
    if person is None:
        index = blind("id_number", id_number)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO compliance_person (id, number_index, created_at) VALUES (%s, %s, %s)"
                " ON CONFLICT (number_index) DO NOTHING",
                [uuid7(), index, now],
            )
        person = Person.objects.get(number_index=index)
    Subject.objects.filter(pk=subject.pk).update(person=person)
    subject.person = person
    return person

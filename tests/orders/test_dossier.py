"""The dossier's columns and fields stand in one order."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from orders.services import dossier

pytestmark = pytest.mark.django_db


def test_each_field_is_read_from_the_column_of_its_name():
    with connection.cursor() as cursor:
        cursor.execute(dossier._READ, {"token": uuid.uuid4(), "customer": 1, "year": 2026})
        assert [column.name for column in cursor.description] == dossier.NAMES


def test_of_someone_elses_quote_there_is_no_dossier():
    assert dossier.read(customer_id=1, token=uuid.uuid4(), year=2026) is None

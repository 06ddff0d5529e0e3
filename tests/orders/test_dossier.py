"""The dossier's columns and fields stand in one order."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from orders.services import dossier
from tests import make

pytestmark = pytest.mark.django_db


def test_each_field_is_read_from_the_column_of_its_name():
    with connection.cursor() as cursor:
        asked = {"consents": [], "texts": []}
        cursor.execute(dossier.READ, {"token": uuid.uuid4(), "customer": 1, "year": 2026} | asked)
        assert [column.name for column in cursor.description] == dossier.NAMES


def test_of_someone_elses_quote_there_is_no_dossier():
    names = {"handler": "欧贝兰公司", "contact": "privacy@example.com"}
    assert dossier.read(customer_id=1, token=uuid.uuid4(), year=2026, names=names, now=make.NOW) is None

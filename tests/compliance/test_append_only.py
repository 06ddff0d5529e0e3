"""The roles that serve add to the logs and the evidence, and can neither change nor remove a row of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import IntegrityError

from compliance.models import Access

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
APPEND_ONLY = (
    "compliance_access",
    "compliance_allowanceentry",
    "compliance_chainlink",
    "compliance_judgement",
    "kernel_event",
)
pytestmark = pytest.mark.django_db


@pytest.fixture(params=["web", "worker"])
def role(request):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {request.param}")
    yield request.param
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {0} SET id = id", "DELETE FROM {0}", "TRUNCATE {0} CASCADE", "SELECT 1 FROM {0} FOR UPDATE"],
)
def test_what_was_written_cannot_be_changed(role, table, statement):
    with (
        pytest.raises(ProgrammingError, match=f"permission denied for table {table}"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_it_is_read_all_the_same(role, table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)


def test_only_a_worker_chains():
    privileges = "SELECT has_table_privilege(%s, 'compliance_chainlink', 'INSERT')"
    with connection.cursor() as cursor:
        found = {}
        for role in ("web", "worker"):
            cursor.execute(privileges, [role])
            found[role] = cursor.fetchone()[0]
    assert found == {"web": False, "worker": True}


def access(at: datetime) -> None:
    Access.objects.create(storefront_id=7, who="op:3", what="t.f", ref="1", purpose="case", at=at)


def test_a_worker_may_remove_what_is_older_than_the_floor_and_nothing_younger():
    for year in (2020, 2021, 2026):
        access(datetime(year, 6, 1, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute("SELECT compliance_access_forget('2021-01-01')")
        assert cursor.fetchone() == (1,)
        with pytest.raises(IntegrityError, match="kept for 3 years"), transaction.atomic():
            cursor.execute("SELECT compliance_access_forget(now() - interval '2 years')")
        cursor.execute("RESET ROLE")
    assert sorted(row.at.year for row in Access.objects.all()) == [2021, 2026]


def test_the_web_may_remove_nothing_at_all():
    access(datetime(2020, 6, 1, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE web")
        with (
            pytest.raises(ProgrammingError, match="permission denied for function compliance_access_forget"),
            transaction.atomic(),
        ):
            cursor.execute("SELECT compliance_access_forget('2021-01-01')")
        cursor.execute("RESET ROLE")
    assert Access.objects.count() == 1

"""A case holds what it holds until it is settled: SQL of who serves removes none and rewrites none."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from kernel.cases import open_case, settle_case, settle_open
from kernel.models import Case
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["web", "worker"])
def role(request):
    return request.param


def opened() -> Case:
    return open_case(
        storefront_id=None, kind="bill.failing", key="bill:1", title="A bill", facts={"bill": 1}, now=make.NOW
    )


def as_role(role: str, act) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        try:
            act()
        finally:
            if not connection.needs_rollback:
                cursor.execute("RESET ROLE")


def refused(role: str, statement: str) -> str:
    before = list(Case.objects.values())

    def act() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    with pytest.raises(Error) as told:
        as_role(role, act)
    assert list(Case.objects.values()) == before
    return str(told.value).splitlines()[0]


@pytest.mark.parametrize(
    "act",
    [
        "DELETE FROM kernel_case",
        "TRUNCATE kernel_case",
        "UPDATE kernel_case SET facts = '{}'",
        "UPDATE kernel_case SET kind = 'x'",
        "UPDATE kernel_case SET key = 'x'",
        "UPDATE kernel_case SET title = 'x'",
        "UPDATE kernel_case SET storefront_id = 1",
        "UPDATE kernel_case SET opened_at = now()",
    ],
)
def test_a_case_is_neither_removed_nor_rewritten(role, act):
    opened()
    assert refused(role, act) == "permission denied for table kernel_case"


@pytest.mark.parametrize(
    "change", ["state = 'open'", "settled_at = now()", "settled_by = 'another'", "note = 'another'"]
)
def test_a_case_is_settled_once(role, change):
    settle_case(case=opened(), by="fritz", note="done", now=make.NOW)
    assert refused(role, f"UPDATE kernel_case SET {change}") == "a case is settled once"


def test_who_serves_opens_counts_and_settles_cases(role):
    def act() -> None:
        settle_case(case=opened(), by="fritz", note="done", now=make.NOW)
        opened()
        opened()
        assert settle_open(kinds=["bill.failing"], key="bill:1", by="system", note="read", now=make.NOW) == 1

    as_role(role, act)
    rows = Case.objects.order_by("id").values_list("state", "seen", "settled_by", "note")
    assert list(rows) == [("settled", 1, "fritz", "done"), ("settled", 2, "system", "read")]


def test_a_sighting_that_is_late_is_still_counted(role):
    case = opened()
    settle_case(case=case, by="fritz", note="done", now=make.NOW)

    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_case SET seen = seen + 1")

    as_role(role, act)
    case.refresh_from_db()
    assert (case.state, case.seen) == ("settled", 2)

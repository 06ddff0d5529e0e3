"""Each kind of record goes at its day and not a second before it; a second run has nothing left to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from backend.personal import KEEPINGS
from compliance.holdings import Keeping
from compliance.models import (
    VALUE,
    AllowanceAccount,
    AllowanceEntry,
    DataKey,
    Incident,
    IncidentAffected,
    IncidentNotice,
    Person,
    Subject,
)
from compliance.services import allowance_carry, allowance_reserve, allowance_use
from compliance.services.retention import GRACE, ended_before, retain
from kernel.clock import shanghai_day
from kernel.ids import uuid7
from orders.models import Order
from tests import make
from tests.compliance.ended import MAKERS, SECOND, incident, new_year, traces

pytestmark = pytest.mark.django_db
THIS_YEAR = shanghai_day(make.present()).year
KINDS = {keeping.kind: keeping for keeping in KEEPINGS}


OTHERWISE = {
    "compliance.persons",
    "customs.data_given",
    "customs.filings",
    "customs.receipts",
    "orders.traces",
    "payments.complaints",
    "payments.originals",
    "returns.unused_pictures",
    "reviews.unused_pictures",
    "returns.words",
}  # they end with something else, not at an instant


def period(keeping: Keeping) -> tuple[datetime, datetime]:
    """When a record of the kind ended, and when its day begins: at the New Year of a past year."""
    day = new_year(THIS_YEAR - 1)
    ended = day
    if keeping.figure:
        ended = ended_before(figure=keeping.figure, now=day)
    return ended, day + (GRACE if keeping.append_only else timedelta())


def test_every_kind_is_looked_at_here():
    assert {*MAKERS, *OTHERWISE} == set(KINDS)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_record_goes_at_its_day_and_not_a_second_before(kind, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    keeping = KINDS[kind]
    ended, day = period(keeping)
    there = MAKERS[kind](ended)
    rows = there.count()
    assert rows == (2 if kind == "compliance.allowances" else 1)

    def told(now: datetime, **how: bool) -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE worker")
            try:
                (one,) = retain(keepings=[keeping], now=now, **how)
            finally:
                cursor.execute("RESET ROLE")
        return one.found, one.let_go

    assert told(day - SECOND, dry_run=True) == (0, 0)
    assert told(day - SECOND) == (0, 0)
    assert there.count() == rows
    assert told(day + SECOND, dry_run=True) == (rows, 0)
    assert there.count() == rows
    assert told(day + SECOND) == (rows, rows)
    assert there.count() == 0
    assert told(day + SECOND) == (0, 0)
    assert told(day + SECOND, dry_run=True) == (0, 0)


def test_the_traces_of_an_order_go_when_its_key_has():
    there = traces(new_year(THIS_YEAR - 1))
    (told,) = retain(keepings=[KINDS["orders.traces"]], now=make.NOW)
    assert (told.let_go, there.count()) == (0, 1)
    retain(keepings=[KINDS["compliance.keys"]], now=make.NOW)
    (told,) = retain(keepings=[KINDS["orders.traces"]], now=make.NOW)
    assert (told.let_go, there.count()) == (1, 0)


def forget_years(year: int) -> int:
    """The run in the night after the day of the years up to `year`."""
    (told,) = retain(keepings=[KINDS["compliance.allowances"]], now=new_year(year + 6) + GRACE)
    return told.let_go


def test_a_year_goes_with_all_of_its_movements_and_the_books_are_right_before_and_after(capsys):
    past = THIS_YEAR - 7
    person = Person.objects.create(number_index=uuid7().bytes, created_at=make.NOW)
    for number, year in (("A", past), ("B", past), ("C", past + 1)):
        at = new_year(year + 1) - timedelta(hours=1)
        wanted = {VALUE: (100_000, 2_600_000)}
        allowance_reserve(person_id=person.id, order_number=number, wanted=wanted, year=year, now=at)
    allowance_use(order_number="A", year=past, now=new_year(past + 1) - timedelta(minutes=1))
    allowance_carry(order_number="B", year=past + 1, now=new_year(past + 1))
    call_command("allowance", "verify")
    assert forget_years(past) == 1
    call_command("allowance", "verify")
    assert capsys.readouterr().out == "2 accounts, no difference\n1 accounts, no difference\n"
    account = AllowanceAccount.objects.get()
    assert (account.year, account.reserved, account.used) == (past + 1, 200_000, 0)
    moved = AllowanceEntry.objects.order_by("order_number").values_list("order_number", "kind")
    assert list(moved) == [("B", "carry_in"), ("C", "reserve")]


def test_what_an_order_still_holds_reserved_keeps_its_year():
    past = THIS_YEAR - 7
    person = Person.objects.create(number_index=uuid7().bytes, created_at=make.NOW)
    wanted = {VALUE: (100_000, 2_600_000)}
    at = new_year(past + 1) - timedelta(hours=1)
    allowance_reserve(person_id=person.id, order_number="A", wanted=wanted, year=past, now=at)
    assert forget_years(past) == 0
    allowance_carry(order_number="A", year=past + 1, now=new_year(past + 1))
    assert forget_years(past) == 1


def test_more_years_than_a_step_holds_all_go():
    people = Person.objects.bulk_create(
        Person(number_index=uuid7().bytes, created_at=make.NOW) for _ in range(501)
    )
    AllowanceAccount.objects.bulk_create(
        AllowanceAccount(person=person, year=THIS_YEAR - 7) for person in people
    )
    assert forget_years(THIS_YEAR - 7) == 501
    assert not AllowanceAccount.objects.exists()


def test_the_list_goes_with_its_key_and_the_register_with_its_notices_when_its_own_day_has_come():
    closed = new_year(THIS_YEAR - 6)
    incident(closed, listed=True)
    list_key = IncidentAffected.objects.get().key_id
    both = [KINDS["compliance.affected"], KINDS["compliance.incidents"]]

    def left(years: int) -> list[int]:
        retain(keepings=both, now=new_year(THIS_YEAR - 6 + years) + GRACE + SECOND)
        return [model.objects.count() for model in (IncidentAffected, Incident, IncidentNotice)]

    assert left(2) == [1, 1, 1]
    assert DataKey.objects.get(pk=list_key).destroyed_at is None
    assert left(3) == [0, 1, 1]
    assert DataKey.objects.get(pk=list_key).destroyed_at is not None
    assert left(4) == [0, 1, 1]
    assert left(5) == [0, 0, 0]


def test_an_open_incident_is_kept_however_long_it_is_open():
    incident(new_year(THIS_YEAR - 7), listed=True)
    Incident.objects.update(closed_at=None, state="detected")
    both = [KINDS["compliance.affected"], KINDS["compliance.incidents"]]
    retain(keepings=both, now=make.present())
    assert (IncidentAffected.objects.count(), Incident.objects.count()) == (1, 1)


def test_a_person_goes_when_nothing_of_any_app_points_to_them_any_more():
    order = make.order(make.world().alice, ("HD-1", 1))
    person = order.person
    stranger = Person.objects.create(number_index=b"s", created_at=make.NOW)
    steps: list[Callable[[], object]] = [
        order.customer.identity.delete,
        lambda: Subject.objects.update(person=None),
        lambda: Order.objects.update(person=None, buyer_index=b""),
        lambda: (AllowanceEntry.objects.all().delete(), AllowanceAccount.objects.all().delete()),
    ]
    persons = [KINDS["compliance.persons"]]
    for step in steps:
        retain(keepings=persons, now=make.NOW)
        assert list(Person.objects.all()) == [person]
        assert not Person.objects.filter(pk=stranger.pk).exists()
        step()
    (counted,) = retain(keepings=persons, now=make.NOW, dry_run=True)
    (told,) = retain(keepings=persons, now=make.NOW)
    assert (counted.found, counted.let_go, told.let_go) == (1, 0, 1)
    assert not Person.objects.exists()

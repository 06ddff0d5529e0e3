"""`manage.py allowance verify` recomputes every balance from its entries and names what differs."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from compliance.models import VALUE, AllowanceAccount, AllowanceEntry, Person
from compliance.services import allowance_reserve, allowance_use
from kernel.ids import uuid7

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> AllowanceAccount:
    person = Person.objects.create(number_index=uuid7().bytes, created_at=NOW)
    for order in ("A", "B"):
        wanted = {VALUE: (100_000, 2_600_000)}
        allowance_reserve(person_id=person.id, order_number=order, wanted=wanted, year=2026, now=NOW)
    allowance_use(order_number="A", year=2026, now=NOW)
    return AllowanceAccount.objects.get()


def verify() -> str:
    out = StringIO()
    try:
        call_command("allowance", "verify", stdout=out)
    except CommandError as found:
        return out.getvalue() + str(found)
    return out.getvalue()


def test_untouched_books_have_no_difference(account):
    assert verify() == "1 accounts, no difference\n"


def test_a_balance_changed_by_hand_is_named(account):
    AllowanceAccount.objects.filter(pk=account.pk).update(used=99_999)
    assert verify() == (
        f"account {account.pk} ({account.person_id}, 2026, value): used is 99999, its entries say 100000\n"
        "1 differences in 1 accounts"
    )


def test_an_entry_that_was_taken_away_is_missed_in_both_balances(account):
    AllowanceEntry.objects.filter(kind="use").delete()
    assert verify() == (
        f"account {account.pk} ({account.person_id}, 2026, value): reserved is 100000,"
        " its entries say 200000\n"
        f"account {account.pk} ({account.person_id}, 2026, value): used is 100000, its entries say 0\n"
        "2 differences in 1 accounts"
    )


def test_an_entry_changed_in_spite_of_the_trigger_is_found(account):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE compliance_allowanceentry DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE compliance_allowanceentry SET amount = 1 WHERE kind = 'reserve' AND order_number = 'B'"
        )
        cursor.execute("ALTER TABLE compliance_allowanceentry ENABLE TRIGGER USER")
    assert "reserved is 100000, its entries say 1\n" in verify()


@pytest.mark.parametrize(
    ("kind", "source", "target", "amount"),
    [
        ("use", "left", "used", 1),
        ("free", "used", "left", 1),
        ("reserve", "left", "reserved", 0),
        ("gift", "left", "reserved", 1),
    ],
)
def test_the_database_takes_no_movement_of_another_shape(account, kind, source, target, amount):
    with pytest.raises(IntegrityError), transaction.atomic():
        AllowanceEntry.objects.create(
            account=account, order_number="C", kind=kind, source=source, target=target, amount=amount, at=NOW
        )


@pytest.mark.parametrize("bucket", ["reserved", "used"])
def test_no_balance_falls_below_nothing(account, bucket):
    with pytest.raises(IntegrityError), transaction.atomic():
        AllowanceAccount.objects.filter(pk=account.pk).update(**{bucket: -1})

"""The annual allowance: reserved, used, freed; twice is once; what does not fit leaves no trace."""

from datetime import UTC, datetime

import pytest

from compliance.models import AllowanceAccount, AllowanceEntry, Person
from compliance.queries import allowance
from compliance.services import allowance_free, allowance_reserve, allowance_use
from kernel.ids import uuid7

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LIMIT = 2_600_000
pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return Person.objects.create(number_index=uuid7().bytes, created_at=NOW)


def reserve(person: Person, order: str, amount_fen: int, year: int = 2026) -> bool:
    return allowance_reserve(
        person_id=person.id, order_number=order, amount_fen=amount_fen, limit_fen=LIMIT, year=year, now=NOW
    )


def state(person: Person, year: int = 2026) -> tuple[int, int, int]:
    a = allowance(person_id=person.id, year=year, limit_fen=LIMIT)
    return a.reserved_fen, a.used_fen, a.left_fen


def entries(order: str) -> list[tuple[str, int, int]]:
    return list(
        AllowanceEntry.objects.filter(order_number=order)
        .order_by("id")
        .values_list("kind", "amount_fen", "account__year")
    )


def test_reserving_is_one_statement_and_leaves_entry_and_account(person, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert reserve(person, "A", 500_000) is True
    assert state(person) == (500_000, 0, 2_100_000)
    assert entries("A") == [("reserve", 500_000, 2026)]


def test_the_last_fen_fits_and_one_more_does_not(person):
    assert reserve(person, "A", 2_000_000)
    assert reserve(person, "B", 600_001) is False
    assert entries("B") == []
    assert state(person) == (2_000_000, 0, 600_000)
    assert reserve(person, "C", 600_000) is True
    assert state(person) == (2_600_000, 0, 0)
    assert reserve(person, "D", 1) is False


def test_too_much_at_once_makes_not_even_an_account(person):
    assert reserve(person, "A", LIMIT + 1) is False
    assert not AllowanceAccount.objects.exists()


def test_what_is_used_counts_too(person):
    reserve(person, "A", 2_000_000)
    allowance_use(order_number="A", year=2026, now=NOW)
    assert reserve(person, "B", 600_001) is False
    assert reserve(person, "B", 600_000) is True
    assert state(person) == (600_000, 2_000_000, 0)


def test_reserving_the_same_order_twice_is_once(person):
    assert reserve(person, "A", 500_000)
    assert reserve(person, "A", 500_000) is True
    assert state(person) == (500_000, 0, 2_100_000)
    assert len(entries("A")) == 1


def test_freeing_gives_back_once(person, django_assert_num_queries):
    reserve(person, "A", 500_000)
    with django_assert_num_queries(1):
        assert allowance_free(order_number="A", now=NOW) == 500_000
    assert allowance_free(order_number="A", now=NOW) == 0
    assert state(person) == (0, 0, LIMIT)
    assert entries("A") == [("reserve", 500_000, 2026), ("free", 500_000, 2026)]


def test_using_moves_reserved_to_used_once(person, django_assert_num_queries):
    reserve(person, "A", 500_000)
    with django_assert_num_queries(1):
        assert allowance_use(order_number="A", year=2026, now=NOW) == 500_000
    assert allowance_use(order_number="A", year=2026, now=NOW) == 0
    assert state(person) == (0, 500_000, 2_100_000)
    assert entries("A") == [("reserve", 500_000, 2026), ("use", 500_000, 2026)]


def test_what_was_used_cannot_be_freed_and_what_was_freed_cannot_be_used(person):
    reserve(person, "A", 500_000)
    reserve(person, "B", 300_000)
    allowance_use(order_number="A", year=2026, now=NOW)
    allowance_free(order_number="B", now=NOW)
    assert allowance_free(order_number="A", now=NOW) == 0
    assert allowance_use(order_number="B", year=2026, now=NOW) == 0
    assert state(person) == (0, 500_000, 2_100_000)


def test_an_order_accepted_in_the_new_year_is_used_in_that_year(person, django_assert_num_queries):
    reserve(person, "A", 500_000)
    with django_assert_num_queries(1):
        assert allowance_use(order_number="A", year=2027, now=NOW) == 500_000
    assert state(person, 2026) == (0, 0, LIMIT)
    assert state(person, 2027) == (0, 500_000, 2_100_000)
    assert entries("A") == [("reserve", 500_000, 2026), ("free", 500_000, 2026), ("use", 500_000, 2027)]
    assert allowance_use(order_number="A", year=2027, now=NOW) == 0
    assert allowance_free(order_number="A", now=NOW) == 0
    assert state(person, 2027) == (0, 500_000, 2_100_000)


def test_an_unknown_order_frees_and_uses_nothing(person):
    assert allowance_free(order_number="X", now=NOW) == 0
    assert allowance_use(order_number="X", year=2026, now=NOW) == 0
    assert not AllowanceEntry.objects.exists()


def test_persons_and_years_are_apart(person):
    other = Person.objects.create(number_index=uuid7().bytes, created_at=NOW)
    assert reserve(person, "A", LIMIT)
    assert reserve(other, "B", LIMIT)
    assert reserve(person, "C", LIMIT, year=2027)
    assert state(person, 2027) == (LIMIT, 0, 0)


def test_an_unknown_person_has_the_whole_year_left(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert allowance(person_id=None, year=2026, limit_fen=LIMIT).left_fen == LIMIT


@pytest.mark.parametrize("amount_fen", [0, -1])
def test_nothing_is_not_reserved(person, amount_fen):
    with pytest.raises(ValueError, match="positive"):
        reserve(person, "A", amount_fen)

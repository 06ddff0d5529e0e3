"""What open orders hold reserved moves into the new year at midnight in Shanghai, once."""

from datetime import UTC, datetime

import pytest

from compliance.models import VALUE, AllowanceAccount, AllowanceEntry, Person
from compliance.queries import Taken, allowance_differences, taken
from compliance.services import allowance_free, allowance_reserve, allowance_use
from compliance.services.new_year import carry_over
from kernel.ids import uuid7

EVE = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
MIDNIGHT = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return Person.objects.create(number_index=uuid7().bytes, created_at=EVE)


def reserve(
    person: Person, order: str, fen: int, year: int = 2026, now: datetime = EVE, **grams: int
) -> bool:
    wanted = {VALUE: (fen, 2_600_000)} | {group: (n, 20_000) for group, n in grams.items()}
    return allowance_reserve(person_id=person.id, order_number=order, wanted=wanted, year=year, now=now)


def year(person: Person, year: int) -> dict[str, tuple[int, int]]:
    rows = AllowanceAccount.objects.filter(person=person, year=year)
    return {
        measure: (used, reserved)
        for measure, used, reserved in rows.values_list("measure", "used", "reserved")
    }


def test_open_orders_move_with_all_their_measures_and_closed_ones_stay(person):
    reserve(person, "OPEN", 500_000, rice=7_000)
    reserve(person, "USED", 300_000)
    reserve(person, "FREED", 200_000)
    allowance_use(order_number="USED", year=2026, now=EVE)
    allowance_free(order_number="FREED", now=EVE)
    assert carry_over(now=EVE) == 0
    assert carry_over(now=MIDNIGHT) == 1
    assert year(person, 2026) == {VALUE: (300_000, 0), "rice": (0, 0)}
    assert year(person, 2027) == {VALUE: (0, 500_000), "rice": (0, 7_000)}
    assert allowance_differences() == (4, [])


def test_moving_twice_is_moving_once(person):
    reserve(person, "OPEN", 500_000)
    assert [carry_over(now=MIDNIGHT), carry_over(now=MIDNIGHT)] == [1, 0]
    assert AllowanceEntry.objects.filter(kind="carry_in").count() == 1


def test_an_order_placed_in_the_last_second_is_found_by_the_next_run(person):
    carry_over(now=MIDNIGHT)
    reserve(person, "LATE", 500_000)
    assert carry_over(now=MIDNIGHT) == 1
    assert year(person, 2027) == {VALUE: (0, 500_000)}


def test_what_has_moved_is_used_and_freed_in_the_new_year(person):
    reserve(person, "A", 500_000)
    reserve(person, "B", 300_000)
    carry_over(now=MIDNIGHT)
    assert allowance_use(order_number="A", year=2027, now=MIDNIGHT) == {VALUE: 500_000}
    assert allowance_free(order_number="B", now=MIDNIGHT) == {VALUE: 300_000}
    assert taken(person_id=person.id, year=2027) == {VALUE: Taken(500_000, 0)}
    assert year(person, 2026) == {VALUE: (0, 0)}


def test_a_list_accepted_on_new_years_eve_that_is_told_of_later_is_used_in_the_old_year(person):
    reserve(person, "A", 500_000)
    carry_over(now=MIDNIGHT)
    assert allowance_use(order_number="A", year=2026, now=MIDNIGHT) == {VALUE: 500_000}
    assert (year(person, 2026), year(person, 2027)) == ({VALUE: (500_000, 0)}, {VALUE: (0, 0)})
    assert allowance_differences() == (2, [])


def test_in_the_hour_of_new_year_reserving_takes_the_person_first(person, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert reserve(person, "A", 500_000)
    with django_assert_num_queries(1):
        assert reserve(person, "B", 500_000, now=datetime(2026, 12, 31, 14, 0, tzinfo=UTC))


def test_a_clock_that_is_late_counts_what_the_new_year_holds_already(person):
    assert reserve(person, "NEW", 2_000_000, year=2027, now=MIDNIGHT)
    assert reserve(person, "LATE", 600_001) is False
    assert reserve(person, "LATE", 600_000) is True
    carry_over(now=MIDNIGHT)
    assert year(person, 2027) == {VALUE: (0, 2_600_000)}

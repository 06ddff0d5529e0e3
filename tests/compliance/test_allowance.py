"""The annual allowance: reserved, used, freed; twice is once; what does not fit leaves no trace."""

from datetime import UTC, datetime

import pytest

from compliance.models import VALUE, AllowanceAccount, AllowanceEntry, Person
from compliance.queries import Taken, allowance, taken
from compliance.services import (
    MoreThanUsed,
    allowance_free,
    allowance_reserve,
    allowance_restore,
    allowance_use,
)
from kernel.ids import uuid7

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LIMIT = 2_600_000
pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return Person.objects.create(number_index=uuid7().bytes, created_at=NOW)


def reserve(person: Person, order: str, amount_fen: int, year: int = 2026) -> bool:
    return allowance_reserve(
        person_id=person.id, order_number=order, wanted={VALUE: (amount_fen, LIMIT)}, year=year, now=NOW
    )


def reserve_sugar(person: Person, order: str, amount_fen: int, grams: int, reference: str = "") -> bool:
    wanted = {"sugar": (grams, 2_000), VALUE: (amount_fen, LIMIT)}
    return allowance_reserve(
        person_id=person.id, order_number=order, wanted=wanted, year=2026, now=NOW, reference=reference
    )


def state(person: Person, year: int = 2026) -> tuple[int, int, int]:
    a = allowance(person_id=person.id, year=year, limit_fen=LIMIT)
    return a.reserved_fen, a.used_fen, a.left_fen


def entries(order: str) -> list[tuple[str, int, int]]:
    return list(
        AllowanceEntry.objects.filter(order_number=order)
        .order_by("id")
        .values_list("kind", "amount", "account__year")
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
    with django_assert_num_queries(3):
        assert allowance_free(order_number="A", now=NOW) == {VALUE: 500_000}
    assert allowance_free(order_number="A", now=NOW) == {}
    assert state(person) == (0, 0, LIMIT)
    assert entries("A") == [("reserve", 500_000, 2026), ("free", 500_000, 2026)]


def test_using_moves_reserved_to_used_once(person):
    reserve(person, "A", 500_000)
    assert allowance_use(order_number="A", year=2026, now=NOW) == {VALUE: 500_000}
    assert allowance_use(order_number="A", year=2026, now=NOW) == {}
    assert state(person) == (0, 500_000, 2_100_000)
    assert entries("A") == [("reserve", 500_000, 2026), ("use", 500_000, 2026)]


def test_what_was_freed_cannot_be_used(person):
    reserve(person, "A", 300_000)
    allowance_free(order_number="A", now=NOW)
    assert allowance_use(order_number="A", year=2026, now=NOW) == {}
    assert state(person) == (0, 0, LIMIT)


def test_a_list_that_was_accepted_and_then_cancelled_gives_back_what_it_used(person):
    reserve(person, "A", 500_000)
    allowance_use(order_number="A", year=2026, now=NOW)
    assert allowance_free(order_number="A", now=NOW, reference="624-1") == {VALUE: 500_000}
    assert allowance_free(order_number="A", now=NOW, reference="624-1") == {}
    assert state(person) == (0, 0, LIMIT)
    assert entries("A")[-1] == ("restore", 500_000, 2026)


def test_an_order_that_was_freed_reserves_again_under_another_reference(person):
    assert reserve_sugar(person, "A", 500_000, 1_500)
    allowance_free(order_number="A", now=NOW)
    assert (
        reserve_sugar(person, "A", 400_000, 500) is True
    )  # the reference of the first time: nothing happens
    assert state(person) == (0, 0, LIMIT)
    assert reserve_sugar(person, "A", 400_000, 500, reference="judged-2") is True
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(0, 400_000), "sugar": Taken(0, 500)}
    assert allowance_use(order_number="A", year=2026, now=NOW, reference="621-2") == {
        VALUE: 400_000,
        "sugar": 500,
    }


def test_an_order_accepted_in_the_new_year_is_used_in_that_year(person):
    reserve(person, "A", 500_000)
    assert allowance_use(order_number="A", year=2027, now=NOW) == {VALUE: 500_000}
    assert state(person, 2026) == (0, 0, LIMIT)
    assert state(person, 2027) == (0, 500_000, 2_100_000)
    assert entries("A") == [
        ("reserve", 500_000, 2026),
        ("carry_out", 500_000, 2026),
        ("carry_in", 500_000, 2027),
        ("use", 500_000, 2027),
    ]
    assert allowance_use(order_number="A", year=2027, now=NOW) == {}
    assert state(person, 2027) == (0, 500_000, 2_100_000)


def test_what_is_still_reserved_in_the_old_year_counts_for_the_new_one(person):
    assert reserve(person, "A", 2_000_000)
    assert state(person, 2027) == (2_000_000, 0, 600_000)
    assert reserve(person, "B", 600_001, year=2027) is False
    assert reserve(person, "B", 600_000, year=2027) is True


def test_what_is_used_in_the_old_year_does_not_count_for_the_new_one(person):
    reserve(person, "A", LIMIT)
    allowance_use(order_number="A", year=2026, now=NOW)
    assert reserve(person, "B", LIMIT, year=2027) is True


def test_all_measures_fit_or_none_is_reserved(person, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert reserve_sugar(person, "A", 500_000, 1_500) is True
    assert reserve_sugar(person, "B", 100_000, 501) is False
    assert reserve_sugar(person, "C", 2_100_001, 500) is False
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(0, 500_000), "sugar": Taken(0, 1_500)}
    assert entries("B") == entries("C") == []
    assert reserve_sugar(person, "D", 2_100_000, 500) is True
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(0, LIMIT), "sugar": Taken(0, 2_000)}


def test_a_measure_that_never_fits_leaves_the_others_alone(person):
    assert reserve_sugar(person, "A", 500_000, 2_001) is False
    assert not AllowanceAccount.objects.exists()


def test_a_return_gives_back_parts_to_the_year_of_use_and_never_more_than_was_used(person):
    reserve_sugar(person, "A", 500_000, 1_500)
    allowance_use(order_number="A", year=2027, now=NOW)

    def back(reference: str, fen: int, grams: int) -> dict[str, int]:
        return allowance_restore(
            order_number="A", reference=reference, amounts={VALUE: fen, "sugar": grams}, now=NOW
        )

    assert back("R1", 200_000, 1_000) == {VALUE: 200_000, "sugar": 1_000}
    assert back("R1", 200_000, 1_000) == {}
    with pytest.raises(MoreThanUsed):
        back("R2", 300_000, 501)
    assert taken(person_id=person.id, year=2027) == {VALUE: Taken(300_000, 0), "sugar": Taken(500, 0)}
    assert back("R2", 300_000, 500) == {VALUE: 300_000, "sugar": 500}
    assert taken(person_id=person.id, year=2027) == {VALUE: Taken(), "sugar": Taken()}
    assert {year for kind, _, year in entries("A") if kind == "restore"} == {2027}


def test_what_is_only_reserved_cannot_be_returned(person):
    reserve(person, "A", 500_000)
    with pytest.raises(MoreThanUsed):
        allowance_restore(order_number="A", reference="R1", amounts={VALUE: 1}, now=NOW)
    assert state(person) == (500_000, 0, 2_100_000)


def test_an_unknown_order_frees_uses_and_restores_nothing(person):
    assert allowance_free(order_number="X", now=NOW) == {}
    assert allowance_use(order_number="X", year=2026, now=NOW) == {}
    with pytest.raises(MoreThanUsed):
        allowance_restore(order_number="X", reference="R1", amounts={VALUE: 1}, now=NOW)
    assert not AllowanceEntry.objects.exists()


def test_persons_and_years_are_apart(person):
    other = Person.objects.create(number_index=uuid7().bytes, created_at=NOW)
    assert reserve(person, "A", LIMIT)
    assert reserve(other, "B", LIMIT)
    assert reserve(person, "C", 1, year=2027) is False
    allowance_use(order_number="A", year=2026, now=NOW)
    assert reserve(person, "C", LIMIT, year=2027)
    assert state(person, 2027) == (LIMIT, 0, 0)


def test_an_unknown_person_has_the_whole_year_left(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert allowance(person_id=None, year=2026, limit_fen=LIMIT).left_fen == LIMIT


@pytest.mark.parametrize("amount_fen", [0, -1])
def test_nothing_is_not_reserved(person, amount_fen):
    with pytest.raises(ValueError, match="positive"):
        reserve(person, "A", amount_fen)

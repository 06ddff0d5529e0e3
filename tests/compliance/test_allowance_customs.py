"""What customs says a person has used is right; the difference is an entry, and a large one a case."""

from datetime import UTC, datetime

import pytest

from compliance.models import VALUE, AllowanceEntry, Person
from compliance.queries import Taken, allowance_differences, taken
from compliance.services import (
    allowance_free,
    allowance_reconcile,
    allowance_reserve,
    allowance_restore,
    allowance_use,
    used_according_to,
)
from kernel.ids import uuid7
from kernel.models import Case

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def person(db) -> Person:
    made = Person.objects.create(number_index=uuid7().bytes, created_at=NOW)
    for order, fen in (("A", 500_000), ("B", 100_000)):
        allowance_reserve(
            person_id=made.id, order_number=order, wanted={VALUE: (fen, 2_600_000)}, year=2026, now=NOW
        )
    allowance_use(order_number="A", year=2026, now=NOW)
    return made


def customs_says(person: Person, used: int, reference: str = "621-1") -> int:
    return allowance_reconcile(person_id=person.id, year=2026, used=used, reference=reference, now=NOW)


def adjusting() -> list[tuple[str, str, int]]:
    entries = AllowanceEntry.objects.filter(order_number="").order_by("id")
    return list(entries.values_list("reference", "kind", "amount"))


def test_more_at_customs_is_used_here_too_and_what_is_reserved_stays(person):
    assert customs_says(person, 540_000) == 40_000
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(540_000, 100_000)}
    assert adjusting() == [("621-1", "customs_more", 40_000)]
    assert not Case.objects.exists()


def test_less_at_customs_comes_off(person):
    assert customs_says(person, 470_000) == -30_000
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(470_000, 100_000)}
    assert adjusting() == [("621-1", "customs_less", 30_000)]


def test_the_same_message_again_and_the_same_figure_change_nothing(person):
    customs_says(person, 540_000)
    allowance_use(order_number="B", year=2026, now=NOW)
    assert customs_says(person, 540_000) == 0
    assert customs_says(person, 640_000, "621-2") == 0
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(640_000, 0)}
    assert len(adjusting()) == 1


@pytest.mark.parametrize(("used", "cases"), [(549_999, 0), (550_000, 1), (450_000, 1), (450_001, 0)])
def test_a_difference_of_500_yuan_opens_a_case_of_the_platform(person, used, cases):
    customs_says(person, used)
    found = Case.objects.filter(kind="allowance.differs", storefront_id=None)
    assert found.count() == Case.objects.count() == cases
    if cases:
        assert found.get().facts == {
            "year": 2026,
            "counted_fen": 500_000,
            "customs_fen": used,
            "reference": "621-1",
        }


def test_customs_may_have_counted_more_than_the_limit(person):
    assert customs_says(person, 3_000_000) == 2_500_000
    wanted = {VALUE: (1, 2_600_000)}
    assert not allowance_reserve(person_id=person.id, order_number="C", wanted=wanted, year=2026, now=NOW)


def test_a_person_unknown_to_the_year_gets_an_account(person):
    other = Person.objects.create(number_index=uuid7().bytes, created_at=NOW)
    assert customs_says(other, 12_345) == 12_345
    assert taken(person_id=other.id, year=2026) == {VALUE: Taken(12_345, 0)}


def test_a_return_that_customs_has_counted_before_us_is_not_given_back_twice(person):
    customs_says(person, 100_000)  # customs has accepted the return of 400,000 already
    back = allowance_restore(order_number="A", reference="R1", amounts={VALUE: 400_000}, now=NOW)
    assert back == {VALUE: 100_000}
    assert allowance_free(order_number="A", now=NOW, reference="624-1") == {}
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(0, 100_000)}
    assert allowance_differences() == (1, [])


@pytest.mark.parametrize(("used", "reference"), [(-1, "621-1"), (1, "")])
def test_a_figure_below_nothing_or_without_a_reference_is_a_mistake(person, used, reference):
    with pytest.raises(ValueError, match="customs' figure"):
        customs_says(person, used, reference)
    assert adjusting() == []


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        (
            "-621018  清单[B2026]中购买人[11010519491231002X]已用购买额度为[25800.5]，本次购买将超过"
            "年度限额[26000]",
            2_580_050,
        ),
        (
            "[Code:-621018;Desc:-621018 清单[B1]中购买人[张三]已用购买额度为[0]，本次购买将超过\n"
            "年度限额[26000.00]]",
            0,
        ),
        ("-621018 清单[B1]中购买人[x]已用购买额度为[25,999.99]，本次", 2_599_999),
        ("清单[B1]中购买人[x]已用购买额度为[25900]，本次购买将超过年度限额[26000]", 2_590_000),
        ("[Code:-621018;Desc:清单[B1]中购买人[x]已用购买额度为[25900]，本次", 2_590_000),
        ("-621005  清单[B1]的购买金额超过单笔限额[[5000]]", None),
        ("-621018 清单[B1]中购买人[x]已用购买额度为[?]", None),
        ("", None),
    ],
)
def test_the_sum_is_read_from_customs_own_words(text, fen):
    assert used_according_to(text) == fen

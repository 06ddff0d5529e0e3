"""Fifty orders of one person at once: the year's limit holds, and nothing is lost or counted twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from compliance.models import VALUE, AllowanceAccount, AllowanceEntry, Person
from compliance.queries import Taken, allowance_differences, taken
from compliance.services import (
    AllowanceBusy,
    MoreThanUsed,
    allowance_free,
    allowance_reserve,
    allowance_restore,
    allowance_use,
    create_subject,
    link_person,
)
from compliance.services import allowance as verbs
from compliance.services.new_year import carry_over
from kernel.clock import shanghai_day
from kernel.ids import uuid7

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
EVE = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
MIDNIGHT = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
LIMIT = 2_600_000
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Person:
    return Person.objects.create(number_index=uuid7().bytes, created_at=NOW)


def at_once(calls: list[Callable[[], Any]], threads: int = 10) -> list[Any]:
    """Run the calls on connections of their own, as many at a time as there are threads."""
    start = threading.Barrier(min(threads, len(calls)))
    waited = threading.local()

    def run(call: Callable[[], Any]) -> Any:
        if not getattr(waited, "done", False):
            connection.ensure_connection()
            waited.done = True
            start.wait(timeout=20)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, calls))


def reserve(person: Person, order: str, amount_fen: int, *, now: datetime = NOW, **grams: int) -> bool:
    wanted = {VALUE: (amount_fen, LIMIT)} | {group: (n, 2_000) for group, n in grams.items()}
    return allowance_reserve(
        person_id=person.id, order_number=order, wanted=wanted, year=shanghai_day(now).year, now=now
    )


def test_without_the_guard_reading_and_then_writing_passes_the_limit(person):
    AllowanceAccount.objects.create(person=person, year=2026)
    both_have_read = threading.Barrier(2)

    def unguarded() -> None:
        with transaction.atomic():
            account = AllowanceAccount.objects.get(person=person, year=2026)
            both_have_read.wait(timeout=20)
            if account.reserved + 2_000_000 <= LIMIT:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE compliance_allowanceaccount SET reserved = reserved + 2000000 WHERE id = %s",
                        [account.id],
                    )

    at_once([unguarded, unguarded], threads=2)
    assert AllowanceAccount.objects.get().reserved == 4_000_000


def test_fifty_orders_of_one_person_take_exactly_what_the_year_allows(person):
    done = at_once([lambda n=n: reserve(person, f"O{n}", 100_000) for n in range(50)])
    assert done.count(True) == 26
    assert done.count(False) == 24
    account = AllowanceAccount.objects.get()
    assert (account.reserved, account.used) == (LIMIT, 0)
    assert AllowanceEntry.objects.filter(kind="reserve").count() == 26


def test_one_order_reserved_ten_times_at_once_is_reserved_once(person):
    def once() -> Any:
        try:
            return reserve(person, "SAME", 100_000)
        except AllowanceBusy:
            return "busy"

    done = at_once([once] * 10)
    assert True in done and False not in done
    assert AllowanceAccount.objects.get().reserved == 100_000
    assert AllowanceEntry.objects.count() == 1


def test_freeing_and_using_one_order_at_once_ends_it_once(person):
    for round_ in range(10):
        reserve(person, f"R{round_}", 100_000)
        reserve(person, f"OTHER{round_}", 100_000)
        freed, used = at_once(
            [
                lambda r=round_: allowance_free(order_number=f"R{r}", now=NOW),
                lambda r=round_: allowance_use(order_number=f"R{r}", year=2026, now=NOW),
            ],
            threads=2,
        )
        assert freed == {VALUE: 100_000}  # reserved or, where the use came first, used
        assert used in ({}, {VALUE: 100_000})
    account = AllowanceAccount.objects.get()
    assert (account.reserved, account.used) == (1_000_000, 0)
    assert AllowanceEntry.objects.filter(target="left").count() == 10


def test_reserving_freeing_and_using_at_once_keeps_entries_and_account_equal(person):
    for n in range(20):
        reserve(person, f"OLD{n}", 50_000)
    calls: list[Callable[[], Any]] = []
    for n in range(20):
        calls.append(lambda n=n: reserve(person, f"NEW{n}", 100_000))
        if n % 2:
            calls.append(lambda n=n: allowance_free(order_number=f"OLD{n}", now=NOW))
        else:
            calls.append(lambda n=n: allowance_use(order_number=f"OLD{n}", year=2026, now=NOW))
    at_once(calls)
    account = AllowanceAccount.objects.get()
    sums = dict.fromkeys(("reserve", "free", "use"), 0)
    for kind, amount_fen in AllowanceEntry.objects.values_list("kind", "amount"):
        sums[kind] += amount_fen
    assert (sums["free"], sums["use"]) == (500_000, 500_000)
    assert account.reserved == sums["reserve"] - sums["free"] - sums["use"]
    assert account.used == sums["use"]
    assert account.reserved + account.used <= LIMIT


def test_fifty_orders_take_exactly_what_the_scarcest_measure_allows(person):
    def asked(order: str) -> bool:
        while True:  # the last of the sugar may go between a look and the taking: who is told so asks again
            try:
                return reserve(person, order, 50_000, sugar=100)
            except AllowanceBusy:
                assert not AllowanceEntry.objects.filter(order_number=order).exists()

    done = at_once([lambda n=n: asked(f"O{n}") for n in range(50)])
    assert (done.count(True), done.count(False)) == (20, 30)
    assert taken(person_id=person.id, year=2026) == {VALUE: Taken(0, 1_000_000), "sugar": Taken(0, 2_000)}
    assert allowance_differences() == (2, [])


def test_orders_of_different_measures_wait_in_one_order_and_never_for_each_other(person):
    for n in range(10):
        reserve(person, f"OLD{n}", 10_000, sugar=100, rice=100)
    wishes = [{"rice": 50}, {"sugar": 50}, {"sugar": 50, "rice": 50}, {}]
    calls: list[Callable[[], Any]] = []
    for n in range(40):
        calls.append(lambda n=n: reserve(person, f"NEW{n}", 10_000, **wishes[n % 4]))
        if n % 4 == 0:
            calls.append(lambda n=n: allowance_use(order_number=f"OLD{n // 4}", year=2026, now=NOW))
            calls.append(lambda n=n: allowance_free(order_number=f"OLD{n // 4}", now=NOW))
    assert None not in at_once(calls)
    assert taken(person_id=person.id, year=2026) == {
        VALUE: Taken(0, 400_000),
        "rice": Taken(0, 1_000),
        "sugar": Taken(0, 1_000),
    }
    assert allowance_differences() == (3, [])


def test_two_returns_at_once_give_back_no_more_than_was_used(person):
    reserve(person, "A", 500_000)
    allowance_use(order_number="A", year=2026, now=NOW)

    def back(reference: str) -> Any:
        try:
            return allowance_restore(order_number="A", reference=reference, amounts={VALUE: 300_000}, now=NOW)
        except MoreThanUsed:
            return "more"

    done = at_once([lambda: back("R1"), lambda: back("R2")], threads=2)
    assert {VALUE: 300_000} in done and "more" in done
    assert AllowanceAccount.objects.get().used == 200_000


def test_without_the_guard_the_first_orders_of_two_years_pass_the_limit_together(person, monkeypatch):
    monkeypatch.setattr(verbs, "queue_at_new_year", lambda **whom: None)
    both_have_reserved = threading.Barrier(2)

    def first(order: str, now: datetime) -> bool:
        with transaction.atomic():
            fits = reserve(person, order, 2_000_000, now=now)
            both_have_reserved.wait(timeout=20)
        return fits

    done = at_once([lambda: first("OLD", EVE), lambda: first("NEW", MIDNIGHT)], threads=2)
    assert done == [True, True]
    carry_over(now=MIDNIGHT)
    assert AllowanceAccount.objects.get(year=2027).reserved == 4_000_000


def test_fifty_orders_round_midnight_take_exactly_what_one_year_allows(person):
    done = at_once(
        [lambda n=n: reserve(person, f"O{n}", 100_000, now=MIDNIGHT if n % 2 else EVE) for n in range(50)]
    )
    assert (done.count(True), done.count(False)) == (26, 24)
    carry_over(now=MIDNIGHT)
    assert AllowanceAccount.objects.get(year=2027).reserved == LIMIT
    assert allowance_differences() == (2, [])


def test_moving_into_the_new_year_while_orders_come_end_and_are_accepted_loses_nothing(person):
    for n in range(20):
        reserve(person, f"OLD{n}", 50_000)
    calls: list[Callable[[], Any]] = []
    for n in range(20):
        if n % 2:
            calls.append(lambda n=n: allowance_free(order_number=f"OLD{n}", now=MIDNIGHT))
        else:
            calls.append(lambda n=n: allowance_use(order_number=f"OLD{n}", year=2027, now=MIDNIGHT))
        calls.append(lambda n=n: reserve(person, f"NEW{n}", 50_000, now=MIDNIGHT))
        if n % 5 == 0:
            calls.append(lambda: carry_over(now=MIDNIGHT))
    at_once(calls)
    carry_over(now=MIDNIGHT)
    assert allowance_differences() == (2, [])
    old, new = AllowanceAccount.objects.order_by("year")
    assert (old.reserved, old.used, new.used) == (0, 0, 500_000)
    assert new.reserved + new.used <= LIMIT


def test_an_identity_seen_for_the_first_time_twenty_times_at_once_is_one_person():
    subjects = [create_subject(storefront_id=n, now=NOW)[0] for n in range(20)]
    linked = at_once(
        [lambda s=s: link_person(subject=s, id_number="11010519491231002X", now=NOW) for s in subjects]
    )
    assert len({p.id for p in linked}) == 1
    assert Person.objects.count() == 1

"""Retention beside those who move, link and retain at the same moment: nothing is lost, and nothing twice."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import QuerySet

from backend import retention
from backend.personal import KEEPINGS
from compliance import vault
from compliance.holdings import Keeping, alone
from compliance.models import VALUE, AllowanceAccount, AllowanceEntry, Person, Subject
from compliance.services import allowance_free, allowance_reserve, allowance_use, create_subject, link_person
from compliance.services.allowance_books import one_at_a_time
from compliance.services.retention import GRACE, LetGo, retain
from kernel.clock import SHANGHAI, shanghai_day
from kernel.ids import uuid7
from kernel.models import Job, Receipt
from tests import make
from tests.races.crowd import at_once
from tests.waiting import somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = {keeping.kind: keeping for keeping in KEEPINGS}
YEAR = shanghai_day(make.present()).year - 7
IN_IT = datetime(YEAR, 6, 1, 4, 0, tzinfo=SHANGHAI)
ITS_DAY = datetime(YEAR + 6, 1, 1, tzinfo=SHANGHAI) + GRACE


def years(count: int) -> None:
    """The years of so many persons, one order each, all of it used."""
    for n in range(count):
        person = Person.objects.create(number_index=uuid7().bytes, created_at=IN_IT)
        wanted = {VALUE: (100_000, 2_600_000)}
        allowance_reserve(person_id=person.id, order_number=f"O-{n}", wanted=wanted, year=YEAR, now=IN_IT)
        allowance_use(order_number=f"O-{n}", year=YEAR, now=IN_IT)


def forget(kind: str) -> LetGo:
    (told,) = retain(keepings=[KINDS[kind]], now=ITS_DAY)
    return told


def verified() -> str:
    out = StringIO()
    call_command("allowance", "verify", stdout=out)
    return out.getvalue()


def test_two_runs_at_once_let_go_of_each_year_once() -> None:
    years(8)
    told = at_once([lambda: forget("compliance.allowances").let_go for _ in range(4)])
    assert sum(told) == 8  # type: ignore[arg-type]
    assert (AllowanceAccount.objects.count(), AllowanceEntry.objects.count()) == (0, 0)


def test_two_runs_at_once_let_go_of_each_person_once() -> None:
    for n in range(8):
        Person.objects.create(number_index=bytes([n]), created_at=IN_IT)
    told = at_once([lambda: forget("compliance.persons").let_go for _ in range(4)])
    assert sum(told) == 8  # type: ignore[arg-type]
    assert not Person.objects.exists()


def test_a_year_in_which_something_is_being_moved_is_passed_and_goes_the_next_time() -> None:
    years(2)
    held, done = threading.Event(), threading.Event()

    def restores() -> dict[str, int]:
        with one_at_a_time("O-0"):
            held.set()
            done.wait(timeout=20)
            return allowance_free(order_number="O-0", now=IN_IT)

    def forgets() -> int:
        held.wait(timeout=20)
        try:
            return forget("compliance.allowances").let_go
        finally:
            done.set()

    assert at_once([restores, forgets]) == [{VALUE: 100_000}, 1]
    assert verified() == "1 accounts, no difference\n"
    assert forget("compliance.allowances").let_go == 1
    assert (AllowanceAccount.objects.count(), AllowanceEntry.objects.count()) == (0, 0)


NUMBER = make.NUMBERS[make.ALICE]


def unlocked_link(subject: Subject, seen: threading.Barrier, gone: threading.Barrier) -> None:
    """Linking as it would be without the lock: the person is found, goes, and is then pointed to."""
    with transaction.atomic():
        person = Person.objects.get()
        seen.wait(timeout=20)
        gone.wait(timeout=20)
        Subject.objects.filter(pk=subject.pk).update(person=person)


def strangers() -> Subject:
    """A person to whom nothing points, and a customer who is about to be linked to them."""
    Person.objects.create(number_index=vault.blind("id_number", NUMBER), created_at=IN_IT)
    return create_subject(storefront_id=7, now=make.NOW)[0]


def test_without_the_lock_a_customer_is_linked_to_a_person_who_has_gone() -> None:
    subject = strangers()
    seen, gone = threading.Barrier(2), threading.Barrier(2)

    def forgets() -> int:
        seen.wait(timeout=20)
        try:
            return forget("compliance.persons").let_go
        finally:
            gone.wait(timeout=20)

    failed, let_go = at_once([lambda: unlocked_link(subject, seen, gone), forgets])
    assert let_go == 1
    assert "is not present in table" in str(failed)


def test_a_customer_is_linked_while_the_persons_are_let_go_of() -> None:
    subject = strangers()
    linked, looked = threading.Event(), threading.Event()

    def links() -> Person:
        with transaction.atomic():
            person = link_person(subject=subject, id_number=NUMBER, now=make.NOW)
            linked.set()
            looked.wait(timeout=20)
            return person

    def forgets() -> int:
        linked.wait(timeout=20)
        try:
            return forget("compliance.persons").let_go
        finally:
            looked.set()

    person, let_go = at_once([links, forgets])
    assert let_go == 0
    assert list(Person.objects.all()) == [person]
    assert Subject.objects.get().person == person


def test_whoever_waits_for_a_person_who_goes_makes_them_anew() -> None:
    subject = strangers()
    (before,) = Person.objects.all()
    locked = threading.Event()

    def goes(rows: list[Any], now: datetime) -> None:
        locked.set()
        for _ in range(200):  # until the other one waits for the row that is going
            if somebody_waits():
                break
            threading.Event().wait(0.02)
        else:
            raise AssertionError("nobody waited")
        KINDS["compliance.persons"].let_go(rows, now)

    slow = Keeping("x", {"zh": "", "en": ""}, KINDS["compliance.persons"].due, let_go=goes)

    def links() -> Person:
        locked.wait(timeout=20)
        return link_person(subject=subject, id_number=NUMBER, now=make.NOW)

    person, told = at_once([links, lambda: retain(keepings=[slow], now=ITS_DAY)])
    assert [one.let_go for one in told] == [1]  # type: ignore[attr-defined]
    assert person != before
    assert Subject.objects.get().person == Person.objects.get() == person


def test_a_person_who_was_linked_between_the_look_and_the_lock_stays() -> None:
    subject = strangers()

    def looks_then_waits(before: datetime) -> QuerySet[Any]:
        return Person.objects.all()  # as the look was, before the link stood

    link_person(subject=subject, id_number=NUMBER, now=make.NOW)
    persons = KINDS["compliance.persons"]
    stale = Keeping("x", persons.names, looks_then_waits, let_go=persons.let_go)
    retain(keepings=[stale], now=ITS_DAY)
    assert Person.objects.count() == 1
    assert alone(Person).count() == 0


def a_receipt() -> None:
    at = make.NOW - timedelta(days=90)
    Receipt.objects.create(source="s", key="k", fingerprint=b"f" * 32, status=200, body=b"{}", at=at)


def breaking(monkeypatch: pytest.MonkeyPatch, kind: str, failure: BaseException) -> None:
    """The run meets a failure in the middle of this kind."""

    def breaks(before: datetime) -> Any:
        raise failure

    broken = Keeping(kind, KINDS[kind].names, breaks)
    changed = tuple(broken if keeping.kind == kind else keeping for keeping in KEEPINGS)
    monkeypatch.setattr(retention, "KEEPINGS", changed)


def test_a_run_that_is_killed_has_done_the_kinds_before_and_the_next_run_does_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    years(2)
    a_receipt()
    with monkeypatch.context() as patched:
        breaking(patched, "compliance.persons", SystemExit())
        with pytest.raises(SystemExit):
            retention.run(by="beat", dry_run=False, now=make.present())
    assert (AllowanceAccount.objects.count(), AllowanceEntry.objects.count()) == (0, 0)
    assert (Person.objects.count(), Receipt.objects.count()) == (2, 1)
    retention.run(by="beat", dry_run=False, now=make.present())
    assert (Person.objects.count(), Receipt.objects.count()) == (0, 0)


def test_a_kind_that_fails_keeps_no_other_from_going_and_the_report_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    years(1)
    a_receipt()
    breaking(monkeypatch, "compliance.judgements", ValueError("no such day"))
    with pytest.raises(retention.NotAll, match=r"^compliance\.judgements: ValueError: no such day$"):
        retention.run(by="beat", dry_run=False, now=make.present())
    assert (AllowanceAccount.objects.count(), Person.objects.count(), Receipt.objects.count()) == (0, 0, 0)
    job = Job.objects.get(kind="retention")
    assert (job.state, job.error) == ("failed", "NotAll: compliance.judgements: ValueError: no such day")
    with pytest.raises(CommandError, match=r"^not let go: compliance\.judgements: "):
        call_command("retention")

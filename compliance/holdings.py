"""What each app holds about a person: how it is shown to them, what must end first, how it is let go.

Every app declares one `Holding` in its `personal.py`; `backend` lists them, the uppermost app first, so that
rows are let go before what they point to. Compliance knows no app by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, cast

from django.db.models import Exists, ForeignObjectRel, Model, OuterRef, Q, QuerySet

from compliance.law import Figure, Law
from compliance.models import Subject
from compliance.personal_fields import Passing, PersonalField
from kernel.clock import shanghai_day
from kernel.models import Case, Event

Names = Mapping[str, str]  # {"zh": …, "en": …}


@dataclass(frozen=True, slots=True)
class Category:
    """Rows of one kind as the person reads them: `columns` by code with names in both languages.

    `masks` are for the columns that only the copy shows in plain, for which a fresh proof is asked.
    """

    code: str
    names: Names
    columns: Mapping[str, Names]
    rows: Sequence[Mapping[str, Any]]
    masks: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    def masked(self) -> Category:
        """As a screen may show it to whoever holds the session: what could be misused is masked."""
        rows = [
            {
                code: self.masks[code](value) if value and code in self.masks else value
                for code, value in row.items()
            }
            for row in self.rows
        ]
        return replace(self, rows=rows)


@dataclass(frozen=True, slots=True)
class Waits:
    """Why an account cannot be closed yet: which matter (by public number) must end first."""

    what: str
    number: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays after erasure, why, and until when (None: no day is set; it carries numbers alone).

    `models` are those whose rows these are ("app.Model").
    """

    what: str
    names: Names
    rows: int
    law: str
    until: date | None
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long one kind of record is kept, and how it is let go.

    `figure` is the law's (retention/…_years or …_days); None where `ends` says when. `due` gives the rows
    that ended before an instant; `let_go` removes some of them in the caller's transaction, and by default
    deletes them. Rows of an `append_only` table go through its own narrow door (kernel.append_only). `along`
    names the models ("app.Model") whose rows go in the same transaction. Which rows `follows` finds depends
    on what the run has let go of before: a dry run can only tell how many at least.
    """

    kind: str
    names: Names
    due: Callable[[datetime], QuerySet[Any]]
    figure: str | None = None
    let_go: Callable[[list[Any], datetime], None] = lambda rows, now: delete(rows)
    append_only: bool = False
    along: tuple[str, ...] = ()
    follows: bool = False
    ends: Names = field(
        default_factory=lambda: {"zh": "至该记录载明之日", "en": "until the day that the row carries"}
    )


@dataclass(frozen=True, slots=True)
class Staying:
    """A model ("app.Model") whose rows outlive what they were made for, and why they have to.

    `recipients` says to whom something of them is given (kinds of data/disclosures.yaml).
    """

    model: str
    names: Names
    why: Names
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """What one app holds about people; `gives` are the codes of the categories of `see`, as promised."""

    app: str
    fields: tuple[PersonalField, ...] = ()
    gives: tuple[str, ...] = ()
    see: Callable[[Subject, datetime], list[Category]] = lambda subject, now: []
    waits: Callable[[Subject, datetime], list[Waits]] = lambda subject, now: []
    erase: Callable[[Subject, datetime], list[Kept]] = lambda subject, now: []
    keeping: tuple[Keeping, ...] = ()
    staying: tuple[Staying, ...] = ()
    passing: tuple[Passing, ...] = ()


@dataclass
class Wiring:
    """The holdings of the house, the uppermost app first; `backend` installs them at start."""

    holdings: tuple[Holding, ...] = field(default=())


wiring = Wiring()


def delete(rows: list[Model]) -> None:
    """Delete the rows, by key."""
    if rows:
        type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).delete()


def stays(
    what: str, names: Names, figure: str, rows: Sequence[datetime], now: datetime, *models: str
) -> list[Kept]:
    """Rows that stay for the years or days of a figure of law; nothing where there are none.

    `rows` are the instants from which their `Keeping` counts, one a row: the last of them decides.
    """
    if not rows:
        return []
    found = source(figure, shanghai_day(now))
    return [Kept(what, names, len(rows), found.citation, ends(figure, found.value, max(rows)), models)]


def numbers(what: str, names: Names, figure: str, rows: int, now: datetime, *models: str) -> list[Kept]:
    """Rows of the books: amounts and numbers that name no one, kept without a day; nothing where none are."""
    found = source(figure, shanghai_day(now))
    return [Kept(what, names, rows, found.citation, None, models)] if rows else []


def history(what: str, names: Names, figure: str, keys: Sequence[str], now: datetime) -> list[Kept]:
    """What happened to rows of these keys ("order:2611…") and the cases that name them: no day is set.

    They carry numbers alone, and tell of no one once these lead to nobody.
    """
    told = [key.partition(":")[2] for key in keys]
    named_in = [Q(facts__order__in=told), Q(facts__out_trade_no__in=told)]
    named_in += [Q(facts__orders__has_any_keys=told), Q(facts__customers__has_any_keys=told)]
    cases = Case.objects.filter(reduce(or_, named_in, Q(key__in=keys)))
    rows = Event.objects.filter(key__in=keys).count() + cases.count()
    return numbers(what, names, figure, rows, now, "kernel.Case", "kernel.Delivery", "kernel.Event")


def ends(figure: str, count: int, begun: datetime) -> date:
    """The day on which so many years or days are over, in Shanghai; of a 29 February, the 1 March."""
    day = shanghai_day(begun)
    if figure.endswith("_days"):
        return day + timedelta(days=count)
    if (day.month, day.day) == (2, 29):
        return date(day.year + count, 3, 1)
    return day.replace(year=day.year + count)


def alone(model: type[Model]) -> QuerySet[Any]:
    """The rows of a model to which no row of any table points, whichever app it belongs to."""
    rows = model._default_manager.all()
    for pointer in model._meta.get_fields(include_hidden=True):
        if isinstance(pointer, ForeignObjectRel) and pointer.field.concrete:
            table = cast(type[Model], pointer.related_model)
            there = table._base_manager.filter(**{pointer.field.name: OuterRef("pk")})
            rows = rows.filter(~Exists(there))
    return rows


def source(name: str, day: date) -> Figure:
    """The figure of the law on which keeping rests."""
    return Law(day).source(f"retention/{name}")

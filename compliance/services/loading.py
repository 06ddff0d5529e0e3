"""Tables of the law enter strictly: one bad row and nothing is changed; every fault has line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import InvalidOperation
from typing import Any, TypeVar

from django.db import models, transaction

Rows = Iterable[Mapping[str, str | None]]
# What such a table has: one line per code (of goods, unless `key` names another) and first day.
Line = TypeVar("Line", bound=models.Model)
CONFIDENCE = ("C", "P", "M")


@dataclass(frozen=True, slots=True)
class Bad:
    """One thing that is wrong: line of the file (the heading is line 1), column, and what."""

    line: int
    column: str
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, or would do on a dry run; with anything bad, nothing was written."""

    added: int
    changed: int
    same: int
    bad: tuple[Bad, ...]


class Row:
    """One row being read; faults are gathered, not raised."""

    def __init__(self, number: int, row: Mapping[str, str | None], columns: Sequence[str]) -> None:
        self.number = number
        self.cells = {str(k): (v or "").strip() for k, v in row.items() if k is not None}
        self.bad: list[Bad] = []
        if None in row or set(self.cells) != set(columns):
            self.fault("row", f"the columns are {', '.join(columns)}")

    def fault(self, column: str, problem: str) -> None:
        self.bad.append(Bad(self.number, column, problem))

    def get(self, column: str, convert: Callable[[str], Any], *, needed: bool = True) -> Any:
        text = self.cells.get(column, "")
        if not text:
            if needed:
                self.fault(column, "is empty")
            return None
        try:
            return convert(text)
        except (ValueError, InvalidOperation):
            self.fault(column, f"{text!r} is not valid")
            return None

    def source(self) -> dict[str, Any]:
        """What every line tells of where it comes from."""
        return {
            "source": self.get("source", text(200)),
            "link": self.get("link", text(300), needed=False) or "",
            "confidence": self.get("confidence", one_of(CONFIDENCE)),
            "checked_on": self.get("checked_on", date.fromisoformat),
        }


def load(
    model: type[Line],
    *,
    rows: Rows,
    columns: Sequence[str],
    read: Callable[[Row], Line],
    dry_run: bool,
    key: str = "hs_code",
) -> Loaded:
    """Load rows with exactly `columns`; `read` makes a line of a row and notes its faults there.

    A row with a known code and first day replaces that line. All rows are read before any is written.
    """
    lines: list[Line] = []
    bad: list[Bad] = []
    seen: dict[tuple[str, date], int] = {}
    for number, raw in enumerate(rows, start=2):
        row = Row(number, raw, columns)
        line = None if row.bad else read(row)
        bad += row.bad
        if line is None or row.bad:
            continue
        first = seen.setdefault(_key(line, key), number)
        if first != number:
            bad.append(Bad(number, key, f"the same code and first day as line {first}"))
        lines.append(line)
    if bad:
        return Loaded(0, 0, 0, tuple(bad))
    known = {_key(line, key): line for line in model._default_manager.all()}
    fields = [f.name for f in model._meta.concrete_fields if f.name != "id"]
    added, changed = [], []
    for line in lines:
        old = known.get(_key(line, key))
        if old is None:
            added.append(line)
        elif any(getattr(old, f) != getattr(line, f) for f in fields):
            line.pk = old.pk
            changed.append(line)
    if not dry_run:
        with transaction.atomic():
            model._default_manager.bulk_create(added)
            model._default_manager.bulk_update(changed, fields)
    return Loaded(len(added), len(changed), len(lines) - len(added) - len(changed), ())


def _key(line: Any, key: str) -> tuple[str, date]:
    return getattr(line, key), line.first_day


def code_of(*lengths: int) -> Callable[[str], str]:
    """A commodity code of one of these lengths."""

    def check(cell: str) -> str:
        if len(cell) not in lengths or not (cell.isascii() and cell.isdigit()):
            raise ValueError(cell)
        return cell

    return check


def text(length: int) -> Callable[[str], str]:
    """Text of at most `length` characters."""

    def check(cell: str) -> str:
        if len(cell) > length:
            raise ValueError(cell)
        return cell

    return check


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """One of a few words."""

    def check(cell: str) -> str:
        if cell not in choices:
            raise ValueError(cell)
        return cell

    return check

"""Rates enter strictly: one bad row and nothing is changed; every bad row is named by line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from compliance.law import Law, NoFigure
from compliance.models import TariffLine
from compliance.tax import unit_of

COLUMNS = (
    "hs_code", "first_day", "name_zh", "mfn_pct", "provisional_pct", "vat_pct", "excise_kind", "excise_pct",
    "excise_per_unit_fen", "excise_unit", "threshold_fen_per_ml_or_g", "threshold_fen_per_piece", "source",
    "link", "confidence", "checked_on",
)  # fmt: skip
_NEEDS = {
    "none": (),
    "ad_valorem": ("excise_pct",),
    "specific": ("excise_per_unit_fen", "excise_unit"),
    "compound": ("excise_pct", "excise_per_unit_fen", "excise_unit"),
}
_EXCISE = ("excise_pct", "excise_per_unit_fen", "excise_unit")
_THRESHOLDS = ("threshold_fen_per_ml_or_g", "threshold_fen_per_piece")


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


def load_tariff(*, rows: Iterable[Mapping[str, str | None]], dry_run: bool = False) -> Loaded:
    """Load rows with the columns COLUMNS; percentages are written as the tariff prints them ("6.5").

    A row with a known code and first day replaces that line. All rows are read before any is written.
    """
    lines: list[TariffLine] = []
    bad: list[Bad] = []
    seen: dict[tuple[str, date], int] = {}
    for number, row in enumerate(rows, start=2):
        line, problems = _read(number, row)
        bad += problems
        if line is None:
            continue
        first = seen.setdefault((line.hs_code, line.first_day), number)
        if first != number:
            bad.append(Bad(number, "hs_code", f"the same code and first day as line {first}"))
        lines.append(line)
    if bad:
        return Loaded(0, 0, 0, tuple(bad))
    known = {(k.hs_code, k.first_day): k for k in TariffLine.objects.all()}
    fields = [f.name for f in TariffLine._meta.concrete_fields if f.name != "id"]
    added, changed = [], []
    for line in lines:
        old = known.get((line.hs_code, line.first_day))
        if old is None:
            added.append(line)
        elif any(getattr(old, f) != getattr(line, f) for f in fields):
            line.pk = old.pk
            changed.append(line)
    if not dry_run:
        with transaction.atomic():
            TariffLine.objects.bulk_create(added)
            TariffLine.objects.bulk_update(changed, fields)
    return Loaded(len(added), len(changed), len(lines) - len(added) - len(changed), ())


class _Row:
    """One row being read; faults are gathered, not raised."""

    def __init__(self, number: int, row: Mapping[str, str | None]) -> None:
        self.number = number
        self.cells = {str(k): (v or "").strip() for k, v in row.items() if k is not None}
        self.bad: list[Bad] = []
        if None in row or set(self.cells) != set(COLUMNS):
            self.fault("row", f"the columns are {', '.join(COLUMNS)}")

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


def _read(number: int, raw: Mapping[str, str | None]) -> tuple[TariffLine | None, list[Bad]]:
    row = _Row(number, raw)
    if row.bad:
        return None, row.bad
    line = TariffLine(
        hs_code=row.get("hs_code", _code),
        first_day=row.get("first_day", date.fromisoformat),
        name_zh=row.get("name_zh", _text(200)),
        mfn_rate=row.get("mfn_pct", _percent),
        provisional_rate=row.get("provisional_pct", _percent, needed=False),
        vat_rate=row.get("vat_pct", _percent),
        excise_kind=row.get("excise_kind", _one_of(tuple(_NEEDS))),
        excise_rate=row.get("excise_pct", _percent, needed=False),
        excise_per_unit_fen=row.get("excise_per_unit_fen", _fen, needed=False),
        excise_unit=row.get("excise_unit", _unit, needed=False) or "",
        threshold_fen_per_ml_or_g=row.get("threshold_fen_per_ml_or_g", _fen, needed=False),
        threshold_fen_per_piece=row.get("threshold_fen_per_piece", _fen, needed=False),
        source=row.get("source", _text(200)),
        link=row.get("link", _text(300), needed=False) or "",
        confidence=row.get("confidence", _one_of(("C", "P", "M"))),
        checked_on=row.get("checked_on", date.fromisoformat),
    )
    _check_whole(row, line)
    return (None, row.bad) if row.bad else (line, [])


def _check_whole(row: _Row, line: TariffLine) -> None:
    kind = line.excise_kind
    if kind is not None:
        for column in _EXCISE:
            if (column in _NEEDS[kind]) != bool(row.cells[column]):
                row.fault(column, f"{'is needed' if column in _NEEDS[kind] else 'must be empty'} with {kind}")
        if kind == "none" and any(row.cells[column] for column in _THRESHOLDS):
            row.fault("excise_kind", "a threshold without excise")
    if line.first_day is not None and line.vat_rate is not None:
        try:
            allowed = Law(line.first_day).figure("import/vat_rates")
        except NoFigure:
            row.fault("first_day", "before the first rates of value-added tax on file")
        else:
            if line.vat_rate not in allowed:
                row.fault("vat_pct", "is not a rate of value-added tax on that day")


def _code(text: str) -> str:
    if len(text) not in (8, 10) or not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return text


def _percent(text: str) -> Decimal:
    rate = Decimal(text) / 100
    if not 0 <= rate < 9 or rate != round(rate, 6):
        raise ValueError(text)
    return rate


def _fen(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise ValueError(text)
    return int(text)


def _unit(text: str) -> str:
    unit_of(text)
    return text


def _text(length: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > length:
            raise ValueError(text)
        return text

    return check


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return check

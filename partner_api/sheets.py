"""The sheets of partners without developers, a row of SHEETS for each kind.

A kind has the columns of its serializer, and does with its lines what the address of the same name does: all
of a file or nothing, or each row by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.utils import translation
from rest_framework import serializers

from catalog.importing.faults import Fault
from catalog.importing.read import Row, read
from kernel import jobs
from kernel.clock import now as present
from kernel.errors import Problem, Refused
from kernel.models import Job
from logistics.services.weighing import WeightDiffers
from partner_api.lines import MOST_LINES, LineRefused
from partner_api.moves import Line, Served, adjust, count, take_in
from partner_api.parcel_sheets import (
    DAYS,
    DepartureRow,
    ReturnRow,
    TrackingRow,
    WeightRow,
    departure,
    returned,
    tracking,
    weight,
)
from partner_api.parcels import TELL
from partner_api.results import Kind, Result, result
from partner_api.returns import WRITE as RECEIVE
from partner_api.shipments import WRITE as FULFIL
from partner_api.stock import WRITE, AdjustmentLine, CountLine, ReceiptLine
from partners.models import Connection
from partners.services.jobs import given


class ReceiptRow(ReceiptLine):
    """One line of a receipt."""

    warehouse = serializers.SlugField(max_length=40)
    reference = serializers.CharField(max_length=40)
    produced_on = serializers.DateField(required=False, default=None, input_formats=DAYS)
    expires_on = serializers.DateField(required=False, default=None, input_formats=DAYS)


class AdjustmentRow(AdjustmentLine):
    """One line of what differs."""

    warehouse = serializers.SlugField(max_length=40)


class CountRow(CountLine):
    """One line of a count."""

    warehouse = serializers.SlugField(max_length=40)
    note = serializers.CharField(required=False, default="", max_length=100)


@dataclass(frozen=True)
class Sheet:
    """One kind of sheet: the scope it needs, its columns, and what does all of it, or `each` line by itself,
    telling whether that changed anything. What is held while all of it is done sets how long it may be."""

    scope: str
    row: type[serializers.Serializer[Any]]
    all: Callable[[Served, Sequence[Line]], object] | None = None
    each: Callable[[Served, Line], bool] | None = None
    most: int = MOST_LINES


@dataclass(frozen=True)
class Read:
    """A row as it was read: its line, or what stands against it."""

    row: int
    sku: str
    line: Line
    faults: list[Fault]


# What of a line that is refused stays for the brand to look at.
LASTING: Final = (Refused, WeightDiffers)
SHEETS: Final[dict[str, Sheet]] = {
    "receipts": Sheet(WRITE, ReceiptRow, take_in),
    "adjustments": Sheet(WRITE, AdjustmentRow, adjust),
    "counts": Sheet(WRITE, CountRow, count),
    "weights": Sheet(FULFIL, WeightRow, each=weight, most=5_000),
    "departures": Sheet(FULFIL, DepartureRow, each=departure, most=5_000),
    "returns": Sheet(RECEIVE, ReturnRow, each=returned, most=5_000),
    "tracking": Sheet(TELL, TrackingRow, each=tracking, most=5_000),
}


def kinds() -> dict[str, Kind]:
    """Each kind as a job: a file of which all is done is taken once."""
    return {
        name: Kind(sheet.scope, partial(_do, sheet), once=sheet.each is None, whole=sheet.each is None)
        for name, sheet in SHEETS.items()
    }


def _do(sheet: Sheet, job: Job, connection: Connection, report: jobs.Progress) -> list[Result]:
    table = read(job.arguments["name"], given(job))
    rows = {row.number for row in table.rows}
    broken = [fault for fault in table.faults if fault.row not in rows]
    broken += _header(sheet, table.header)
    if len(rows) > sheet.most:
        broken.append(Fault(0, "", f"more than {sheet.most:,} rows", f"超过 {sheet.most:,} 行"))
    if broken:
        return [result(0, "", "refused", broken)]
    bad: dict[int, list[Fault]] = defaultdict(list)
    for fault in table.faults:
        bad[fault.row].append(fault)
    told = [_read(sheet, row, bad.get(row.number, [])) for row in table.rows]

    def served() -> Served:
        return Served.of(connection, job.asked_by, present())

    if sheet.each is None:
        return _together(sheet, told, served())
    found = []
    for done, one in enumerate(told, start=1):
        found.append(_alone(sheet.each, one, served()))
        report(done, len(told))
    return found


def _together(sheet: Sheet, told: Sequence[Read], served: Served) -> list[Result]:
    """All of it, or nothing."""
    against = {one.row: one.faults for one in told if one.faults}
    if not against and sheet.all is not None:
        try:
            with transaction.atomic():
                sheet.all(served, [one.line for one in told])
        except LineRefused as refused:
            row = told[refused.line - 1].row
            against[row] = [Fault(row, "", refused.because, refused.because_zh)]
    if not against:
        return [result(one.row, one.sku, "taken") for one in told]
    first = min(against)
    goes = Fault(0, "", f"goes with row {first}, which is refused", f"第 {first} 行被拒绝，整个文件未执行")
    return [result(one.row, one.sku, "refused", against.get(one.row) or [goes]) for one in told]


def _alone(act: Callable[[Served, Line], bool], one: Read, served: Served) -> Result:
    """One row, in a transaction of its own; what was judged of it stays on record."""
    if one.faults:
        return result(one.row, one.sku, "refused", one.faults)
    try:
        with transaction.atomic():
            try:
                outcome = "taken" if act(served, one.line) else "unchanged"
            except LASTING as kept:
                return _refused(one, kept)
    except Problem as refused:
        return _refused(one, refused)
    return result(one.row, one.sku, outcome)


def _refused(one: Read, why: Problem) -> Result:
    return result(one.row, one.sku, "refused", [Fault(one.row, "", why.text("en"), why.text("zh"))])


def _header(sheet: Sheet, header: Sequence[str]) -> Iterator[Fault]:
    fields = sheet.row().fields
    for name in header:
        if name not in fields:
            yield Fault(1, name or "(unnamed)", "there is no such column", "没有该列")
    for name, field in fields.items():
        if field.required and name not in header:
            yield Fault(1, name, "this column is missing", "缺少该列")


def _read(sheet: Sheet, row: Row, against: list[Fault]) -> Read:
    """A row as its line, or what stands against its cells; an empty one says nothing."""
    told = {name: cell for name, cell in row.cells.items() if cell}
    sku = told.get("sku", "")
    made = sheet.row(data=told)
    if against or made.is_valid():
        return Read(row.number, sku, {} if against else dict(made.validated_data), against)
    said = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            again = sheet.row(data=told)
            again.is_valid()
            said.append({name: " ".join(map(str, texts)) for name, texts in again.errors.items()})
    return Read(
        row.number, sku, {}, [Fault(row.number, name, said[0][name], said[1][name]) for name in said[0]]
    )

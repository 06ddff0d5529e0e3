"""The sheets of partners without developers, a row of SHEETS for each kind: all of a file is done, or none.

A kind has the columns of its serializer, and does with its lines what the address of the same name does.
"""

from __future__ import annotations

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
from kernel.models import Job
from partner_api.lines import LineRefused
from partner_api.moves import Line, Served, adjust, count, take_in
from partner_api.results import Kind, Result, result
from partner_api.stock import WRITE, AdjustmentLine, CountLine, ReceiptLine
from partners.models import Connection
from partners.services.jobs import given

MOST: Final = 5_000  # rows
_DAYS = ["iso-8601", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S"]  # as spreadsheets write them


class ReceiptRow(ReceiptLine):
    """One line of a receipt."""

    warehouse = serializers.SlugField(max_length=40)
    reference = serializers.CharField(max_length=40)
    produced_on = serializers.DateField(required=False, default=None, input_formats=_DAYS)
    expires_on = serializers.DateField(required=False, default=None, input_formats=_DAYS)


class AdjustmentRow(AdjustmentLine):
    """One line of what differs."""

    warehouse = serializers.SlugField(max_length=40)


class CountRow(CountLine):
    """One line of a count."""

    warehouse = serializers.SlugField(max_length=40)
    note = serializers.CharField(required=False, default="", max_length=100)


@dataclass(frozen=True)
class Sheet:
    """One kind of sheet: the scope it needs, its columns, and what does it."""

    scope: str
    row: type[serializers.Serializer[Any]]
    do: Callable[[Served, Sequence[Line]], object]


SHEETS: Final[dict[str, Sheet]] = {
    "receipts": Sheet(WRITE, ReceiptRow, take_in),
    "adjustments": Sheet(WRITE, AdjustmentRow, adjust),
    "counts": Sheet(WRITE, CountRow, count),
}


def kinds() -> dict[str, Kind]:
    """Each kind as a job: a file of it is taken once."""
    return {name: Kind(sheet.scope, partial(_do, sheet), once=True) for name, sheet in SHEETS.items()}


def _do(sheet: Sheet, job: Job, connection: Connection, report: jobs.Progress) -> list[Result]:
    table = read(job.arguments["name"], given(job))
    rows = {row.number: row for row in table.rows}
    broken = [fault for fault in table.faults if fault.row not in rows]
    broken += _header(sheet, table.header)
    if len(rows) > MOST:
        broken.append(Fault(0, "", f"more than {MOST:,} rows", f"超过 {MOST:,} 行"))
    if broken:
        return [result(0, "", "refused", broken)]
    against: dict[int, list[Fault]] = {}
    lines = []
    for fault in table.faults:
        against.setdefault(fault.row, []).append(fault)
    for row in table.rows:
        line, faults = _line(sheet, row)
        lines.append(line)
        if faults:
            against.setdefault(row.number, []).extend(faults)
    if not against:
        served = Served.of(connection, job.asked_by, present())
        try:
            with transaction.atomic():
                sheet.do(served, lines)
        except LineRefused as refused:
            number = table.rows[refused.line - 1].number
            against[number] = [Fault(number, "", refused.because, refused.because_zh)]
    return [_result(row, against) for row in table.rows]


def _result(row: Row, against: dict[int, list[Fault]]) -> Result:
    sku = row.cells.get("sku", "")
    if not against:
        return result(row.number, sku, "taken")
    first = min(against)
    goes = Fault(
        row.number, "", f"goes with row {first}, which is refused", f"第 {first} 行被拒绝，整个文件未执行"
    )
    return result(row.number, sku, "refused", against.get(row.number) or [goes])


def _header(sheet: Sheet, header: Sequence[str]) -> Iterator[Fault]:
    fields = sheet.row().fields
    for name in header:
        if name not in fields:
            yield Fault(1, name or "(unnamed)", "there is no such column", "没有该列")
    for name, field in fields.items():
        if field.required and name not in header:
            yield Fault(1, name, "this column is missing", "缺少该列")


def _line(sheet: Sheet, row: Row) -> tuple[Line, list[Fault]]:
    """A row as its line, or what stands against its cells; an empty one says nothing."""
    told = {name: cell for name, cell in row.cells.items() if cell}
    made = sheet.row(data=told)
    if made.is_valid():
        return dict(made.validated_data), []
    said = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            again = sheet.row(data=told)
            again.is_valid()
            said.append({name: " ".join(map(str, texts)) for name, texts in again.errors.items()})
    return {}, [Fault(row.number, name, said[0][name], said[1][name]) for name in said[0]]

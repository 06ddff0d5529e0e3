"""Rows of goods that a partner sent, as fields or as the sheet of an import, for the catalogue's upsert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import orjson

from catalog.importing.columns import BY_NAME
from catalog.importing.faults import Fault
from catalog.importing.read import read
from catalog.importing.upsert import Told, cells_of, field_of
from catalog.services.upserts import MOST, Outcome, Wish, upsert
from kernel import jobs
from kernel.clock import now as present
from kernel.models import Job
from partner_api.results import Result, result
from partners.models import Connection
from partners.services.jobs import given

CLASSIFY = "catalogue:classify"


def upsert_fields(job: Job, connection: Connection, report: jobs.Progress) -> list[Result]:
    """Rows of fields."""
    told, faults, broken = [], list[Fault](), []
    for number, row in enumerate(orjson.loads(given(job))["rows"], start=1):
        if isinstance(row, dict):
            told.append((number, cells_of(number, row, faults)))
        else:
            broken.append(Fault(number, "", "not an object of fields", "须为字段对象"))
    return _upsert(job, connection, report, (told, faults, broken), field_of)


def upsert_sheet(job: Job, connection: Connection, report: jobs.Progress) -> list[Result]:
    """A sheet with the columns of an import, or some of them; what an empty cell names is emptied."""
    table = read(job.arguments["name"], given(job))
    rows = {row.number for row in table.rows}
    broken = [fault for fault in table.faults if fault.row not in rows]
    broken += [Fault(1, n, "there is no such column", "没有该列") for n in table.header if n not in BY_NAME]
    if len(rows) > MOST:
        broken.append(Fault(0, "", f"more than {MOST:,} rows", f"超过 {MOST:,} 行"))
    if broken:
        return [result(0, "", "refused", broken)]
    told = [(row.number, row.cells) for row in table.rows]
    return _upsert(job, connection, report, (told, table.faults, ()), str)


def _upsert(
    job: Job,
    connection: Connection,
    report: jobs.Progress,
    rows: tuple[Told, Sequence[Fault], Sequence[Fault]],
    name: Callable[[str], str],
) -> list[Result]:
    told, faults, broken = rows
    wish = Wish(
        name=job.arguments["name"],
        content=given(job),
        told=told,
        faults=faults,
        broken=broken,
        whole=job.arguments["mode"] == "whole",
        dry_run=job.arguments["dry_run"],
        may_classify=job.arguments["classify"] and CLASSIFY in connection.scopes,
    )
    outcomes = upsert(
        storefront_id=connection.storefront_id, wish=wish, by=job.asked_by, now=present(), report=report
    )
    return [_told(one, name) for one in outcomes]


def _told(one: Outcome, name: Callable[[str], str]) -> Result:
    faults, warnings = (
        [replace(fault, column=name(fault.column)) for fault in some] for some in (one.faults, one.warnings)
    )
    return result(one.row, one.sku, one.outcome, faults, warnings)

"""What partners' jobs do, one row of KINDS for each, and what came of it, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from catalog.importing.faults import Fault
from catalog.importing.upsert import cells_of, field_of
from catalog.services.editing import UPSERT, ImportRuns
from catalog.services.upserts import Outcome, Wish, upsert
from kernel import jobs
from kernel.clock import now as present
from kernel.errors import Conflict, Problem
from kernel.models import Event, Job
from partners.models import Connection
from partners.queries import standing
from partners.services.jobs import given, keep_results

OUTCOMES: Final = ("created", "changed", "unchanged", "refused")
CLASSIFY: Final = "catalogue:classify"
MOST_FAULTS: Final = 8  # that are told of one row

Result = dict[str, Any]


class JobFailed(Problem):
    """The fault is ours, and came again when the work was tried again."""

    code = "job_failed"
    title = "The system failed twice at this job. Send it again; if that fails too, tell the brand."
    title_zh = "系统两次执行该任务均出错。请重新提交；如仍失败，请联系品牌方。"


class NoMore(Conflict):
    """What the partner might do when it asked, it may not do any more."""

    code = "connection_over"
    title = "The storefront has taken back what this job needs; nothing was done."
    title_zh = "店铺已收回该任务所需的权限，未执行任何操作。"


@dataclass(frozen=True)
class Kind:
    """One kind of job: what it needs, and what does it; it tells what came of each row."""

    scope: str
    do: Callable[[Job, Connection, jobs.Progress], list[Result]]


def prepare(event: Event) -> None:
    """Do what `partner.job_asked` asks for; safe to repeat. While a file is imported it waits."""
    job = Job.objects.get(public_id=event.facts["job"])
    jobs.answer(job=job, work=_work, gave_up=JobFailed(), later=(ImportRuns,))


def _work(job: Job, report: jobs.Progress) -> dict[str, Any]:
    assert job.storefront_id is not None
    kind = KINDS[job.kind]
    connection = standing(job.storefront_id, job.arguments["partner"])
    if connection is None or kind.scope not in connection.scopes:
        raise NoMore()
    rows = kind.do(job, connection, report)
    found = {name: sum(1 for row in rows if row["outcome"] == name) for name in OUTCOMES}
    report(len(rows), len(rows))
    return {
        "summary": {"rows": len(rows), **found},
        "results": keep_results(job=job, rows=rows, now=present()),
    }


def _upsert(job: Job, connection: Connection, report: jobs.Progress) -> list[Result]:
    assert job.storefront_id is not None
    content = given(job)
    told, faults, broken = [], list[Fault](), []
    for number, row in enumerate(orjson.loads(content)["rows"], start=1):
        if isinstance(row, dict):
            told.append((number, cells_of(number, row, faults)))
        else:
            broken.append(Fault(number, "", "not an object of fields", "须为字段对象"))
    wish = Wish(
        name=job.arguments["name"],
        content=content,
        told=told,
        faults=faults,
        broken=broken,
        whole=job.arguments["mode"] == "whole",
        dry_run=job.arguments["dry_run"],
        may_classify=job.arguments["classify"] and CLASSIFY in connection.scopes,
    )
    outcomes = upsert(
        storefront_id=job.storefront_id, wish=wish, by=job.asked_by, now=present(), report=report
    )
    return [told_of(one, field_of) for one in outcomes]


def told_of(one: Outcome, name: Callable[[str], str]) -> Result:
    """An outcome as it is told."""
    return {
        "row": one.row,
        "sku": one.sku or None,
        "outcome": one.outcome,
        "faults": _faults(one.faults, name),
        "warnings": _faults(one.warnings, name),
    }


def _faults(faults: Sequence[Fault], name: Callable[[str], str]) -> list[dict[str, str]]:
    return [
        {"column": name(fault.column), "message": fault.message, "message_zh": fault.message_zh}
        for fault in faults[:MOST_FAULTS]
    ]


KINDS: Final = {UPSERT: Kind("catalogue:write", _upsert)}

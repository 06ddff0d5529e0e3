"""What partners' jobs do: one row of KINDS for each, done by a worker."""

from __future__ import annotations

from typing import Any, Final

from catalog.services.editing import UPSERT, ImportRuns
from kernel import jobs
from kernel.clock import now as present
from kernel.errors import Conflict, Problem
from kernel.models import Event, Job
from partner_api.results import OUTCOMES, Kind
from partner_api.sheets import kinds
from partner_api.upserting import upsert_fields, upsert_sheet
from partners.queries import standing
from partners.services.jobs import keep_results

# What comes as a file, by the name of its kind.
FILES: Final[dict[str, Kind]] = {"catalogue": Kind("catalogue:write", upsert_sheet), **kinds()}
KINDS: Final[dict[str, Kind]] = {
    UPSERT: Kind("catalogue:write", upsert_fields),
    **{f"file.{name}": kind for name, kind in FILES.items()},
}


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


def prepare(event: Event) -> None:
    """Do what `partner.job_asked` asks for; safe to repeat. While a file is imported it waits."""
    job = Job.objects.get(public_id=event.facts["job"])
    whole = KINDS[job.kind].whole
    jobs.answer(job=job, work=_work, gave_up=JobFailed(), later=(ImportRuns,), whole=whole)


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

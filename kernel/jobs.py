"""Long work has a row: who asked, how far it is, how it ended; a job is run by one worker at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from kernel.clock import now as present
from kernel.errors import Conflict
from kernel.models import Job

Progress = Callable[[int, int], None]


class NotQueued(Conflict):
    """Another worker has the job, or it has ended."""

    code = "job_not_queued"
    title = "This job is already running or has ended."
    title_zh = "任务已在执行或已结束。"


def queue(*, storefront_id: int | None, kind: str, arguments: dict[str, Any], by: str, now: datetime) -> Job:
    """Write the job down; the caller wakes a worker after the commit."""
    return Job.objects.create(
        storefront_id=storefront_id, kind=kind, arguments=arguments, asked_by=by, queued_at=now
    )


def run(*, job: Job, work: Callable[[Job, Progress], dict[str, Any]], now: datetime) -> None:
    """Claim the job, do `work`, keep its result or its error. Raises NotQueued when it is taken.

    `work` is given the job and a function to report progress (done, total); it returns the result. Its
    writes and the end of the job are one transaction: a job that dies half-way has written nothing and
    stays "running" for an operator to queue again.
    """
    claimed = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, started_at=now
    )
    if claimed != 1:
        raise NotQueued()

    def report(done: int, total: int) -> None:
        Job.objects.filter(pk=job.pk).update(done=done, total=total)

    try:
        with transaction.atomic():
            result = work(job, report)
            Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, result=result, ended_at=present())
    except Exception as failure:
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.FAILED, error=f"{type(failure).__name__}: {failure}"[:2000], ended_at=present()
        )
        raise
    finally:
        job.refresh_from_db()

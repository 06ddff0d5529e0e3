"""Long work has a row: who asked, how far it is, how it ended; a job is run by one worker at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from kernel.clock import now as present
from kernel.errors import Conflict, Problem
from kernel.models import Job

Progress = Callable[[int, int], None]

log = structlog.get_logger(__name__)


class NotQueued(Conflict):
    """Another worker has the job, or it has ended."""

    code = "job_not_queued"
    title = "This job is already running or has ended."
    title_zh = "任务已在执行或已结束。"


class NotStopped(Conflict):
    """The job still waits for a worker, one is at work on it, or all of it is done."""

    code = "job_not_stopped"
    title = "Only a job that died or failed can be queued again."
    title_zh = "仅中断或失败的任务可重新排队。"


def queue(*, storefront_id: int | None, kind: str, arguments: dict[str, Any], by: str, now: datetime) -> Job:
    """Write the job down; the caller wakes a worker after the commit."""
    return Job.objects.create(
        storefront_id=storefront_id, kind=kind, arguments=arguments, asked_by=by, queued_at=now
    )


def requeue(*, job: Job, now: datetime) -> None:
    """Queue a failed job again, or a running one whose worker died. Raises NotStopped.

    A worker that lives holds the row. Where it does not (between its claim and its work, or in steps),
    nothing is done twice either: it finds that the job was taken from it, and what it wrote is rolled back.
    """
    stopped = Job.objects.filter(pk=job.pk, state__in=[Job.State.RUNNING, Job.State.FAILED])
    with transaction.atomic():
        if stopped.select_for_update(skip_locked=True).first() is None:
            raise NotStopped()
        stopped.update(
            state=Job.State.QUEUED, queued_at=now, started_at=None, ended_at=None, done=0, total=0, error=""
        )
    job.refresh_from_db()


def run(
    *, job: Job, work: Callable[[Job, Progress], dict[str, Any]], now: datetime, whole: bool = True
) -> None:
    """Claim the job, do `work`, keep its result or its error. Raises NotQueued when it is taken.

    `work` is given the job and a function to report progress (done, total); it returns the result. Its
    writes and the end of the job are one transaction: a job that dies half-way has written nothing and
    stays "running" until it is queued again. Progress goes over a connection of its own and is seen at
    once; `run` is therefore not called inside a transaction. Not `whole`: the work commits in steps of its
    own, each safe to repeat; what a job that dies has done stays done.
    """
    with transaction.atomic(durable=True):
        claimed = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
            state=Job.State.RUNNING, started_at=now
        )
    if claimed != 1:
        raise NotQueued()
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, started_at=now)
    try:
        around = transaction.atomic(durable=True) if whole else nullcontext()
        with _progress(job, now) as report, around:
            if whole:
                _hold(job, now)
            result = work(job, report)
            if mine.update(state=Job.State.DONE, result=result, ended_at=present()) != 1:
                raise NotQueued()
    except Exception as failure:
        mine.update(
            state=Job.State.FAILED, error=f"{type(failure).__name__}: {failure}"[:2000], ended_at=present()
        )
        raise
    finally:
        job.refresh_from_db()


def answer(
    *,
    job: Job,
    work: Callable[[Job, Progress], dict[str, Any]],
    gave_up: Problem,
    later: tuple[type[Problem], ...] = (),
    whole: bool = True,
) -> None:
    """Do what an event asks for; safe to repeat, also after a worker died in the middle.

    A problem is an answer too and is told by the job, but for those that are tried again `later`. What fails
    for no reason that can be told is tried once more, then `gave_up`: the same work fails again.
    """
    if job.state == Job.State.DONE or "refused" in job.result:
        return
    again = job.state == Job.State.FAILED and not job.error.startswith(tuple(one.__name__ for one in later))
    if job.state != Job.State.QUEUED:
        requeue(job=job, now=present())
    try:
        run(job=job, work=work, now=present(), whole=whole)
    except Problem as refused:
        if isinstance(refused, (NotQueued, *later)):
            raise
        _refuse(job, refused)
    except Exception as failure:
        if not again:
            raise
        error = f"{type(failure).__name__}: {failure}"[:1000]
        log.error("job_gave_up", kind=job.kind, job=str(job.public_id), error=error)
        _refuse(job, gave_up)


def _refuse(job: Job, why: Problem) -> None:
    told = {"refused": why.text("en"), "refused_zh": why.text("zh"), "code": why.code}
    Job.objects.filter(pk=job.pk, state=Job.State.FAILED).update(result=told)


def _hold(job: Job, started_at: datetime) -> None:
    """Keep the row until the end of the transaction, from `requeue` and not from progress."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM kernel_job WHERE id = %s AND state = 'running' AND started_at = %s FOR KEY SHARE",
            [job.pk, started_at],
        )
        if cursor.fetchone() is None:
            raise NotQueued()


@contextmanager
def _progress(job: Job, started_at: datetime) -> Iterator[Progress]:
    """A report that commits at once, whatever transaction the work is in; its connection is closed after."""
    aside = connection.copy()
    table = connection.ops.quote_name(Job._meta.db_table)

    def report(done: int, total: int) -> None:
        with aside.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET done = %s, total = %s"  # noqa: S608  (our own table)
                " WHERE id = %s AND state = 'running' AND started_at = %s",
                [done, total, job.pk, started_at],
            )

    try:
        yield report
    finally:
        aside.close()

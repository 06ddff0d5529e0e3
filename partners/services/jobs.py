"""What a partner asks for that takes time is a job: those of one storefront are done one after another.

What was given and what came of each row are files of the house, which it lets go of after some days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from kernel import events, files, jobs
from kernel.errors import Conflict, Invalid
from kernel.models import File, Job
from kernel.receipts import take
from partners.models import Connection, Partner

ASKED: Final = "partner.job_asked"
GOOD_FOR: Final = timedelta(days=7)
MOST_WAITING: Final = 20
ONCE_IN: Final = timedelta(days=30)


class TooManyJobs(Conflict):
    """As many as a partner may have waiting."""

    code = "too_many_jobs"
    title = f"{MOST_WAITING} of your jobs wait or run: send this again once one of them has ended."
    title_zh = f"您已有 {MOST_WAITING} 个任务在排队或执行，请待其中一个结束后重新提交。"


class NothingGiven(Invalid):
    """An empty body."""

    code = "file_empty"
    title = "The file is empty."
    title_zh = "文件为空。"


@dataclass(eq=False)
class TakenBefore(Conflict):
    """The very same file moved stock before."""

    code = "file_taken_before"
    title = "This very file was taken before (job {job}); nothing was done again."
    title_zh = "该文件此前已处理（任务 {job}），未重复执行。"
    job: str


class ResultsGone(Conflict):
    """They were kept for some days."""

    status = 410
    code = "job_results_gone"
    title = f"The results of a job are kept for {GOOD_FOR.days} days, which are over."
    title_zh = f"任务结果保留 {GOOD_FOR.days} 天，现已过期。"


class NoResults(Conflict):
    """The job has not ended, or ended without any."""

    code = "job_has_no_results"
    title = "This job has no results: it has not ended yet, or it failed as a whole."
    title_zh = "该任务没有结果：尚未结束，或已整体失败。"


def ask(
    *,
    connection: Connection,
    kind: str,
    name: str,
    content: bytes,
    arguments: Mapping[str, Any],
    by: str,
    now: datetime,
    once: bool = False,
) -> Job:
    """Keep what was given and queue the work, in the caller's transaction.

    Raises TooManyJobs, NothingGiven, and where it is taken `once` TakenBefore.
    """
    if not content:
        raise NothingGiven()
    digest = hashlib.sha256(content).hexdigest()
    storefront_id, partner = connection.storefront_id, str(connection.partner.public_id)
    waiting = Job.objects.filter(storefront_id=storefront_id, arguments__partner=partner)
    if waiting.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).count() >= MOST_WAITING:
        raise TooManyJobs()
    if once:
        _refuse_twice(storefront_id, partner, kind, digest, now)
    kept = _store(storefront_id, name, content, now)
    told = {**arguments, "partner": partner, "file": str(kept.public_id), "name": name}
    told["sha256"] = digest
    job = jobs.queue(storefront_id=storefront_id, kind=kind, arguments=told, by=by, now=now)
    key, facts = f"partner jobs:{storefront_id}", {"job": str(job.public_id), "by": by}
    events.record(storefront_id=storefront_id, name=ASKED, key=key, facts=facts, now=now)
    return job


def _refuse_twice(storefront_id: int, partner: str, kind: str, digest: str, now: datetime) -> None:
    """Where the same was taken before, or is about to be; what was refused may come again."""
    take(source=f"partner files:{storefront_id}:{partner}", key=digest, fingerprint=b"")  # one at a time
    same = Job.objects.filter(
        storefront_id=storefront_id,
        kind=kind,
        queued_at__gt=now - ONCE_IN,
        arguments__partner=partner,
        arguments__sha256=digest,
    )
    for job in same:
        if "refused" not in job.result and not job.result.get("summary", {}).get("refused"):
            raise TakenBefore(job=str(job.public_id))


def mine(*, storefront_id: int, partner: Partner, number: UUID) -> Job | None:
    """A job that this partner asked for in this storefront."""
    job = Job.objects.filter(storefront_id=storefront_id, public_id=number).first()
    return job if job is not None and job.arguments.get("partner") == str(partner.public_id) else None


def given(job: Job) -> bytes:
    """What the job is about."""
    return files.read(File.objects.get(public_id=job.arguments["file"], storefront_id=job.storefront_id))


def keep_results(*, job: Job, rows: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """What came of each row, under a number that stands in the job's result."""
    assert job.storefront_id is not None
    content = orjson.dumps([*rows])
    return str(_store(job.storefront_id, f"{job.public_id}.json", content, now).public_id)


def results(job: Job, now: datetime) -> list[dict[str, Any]]:
    """What came of each row. Raises NoResults and ResultsGone."""
    if "results" not in job.result:
        raise NoResults()
    kept = File.objects.filter(public_id=job.result["results"], storefront_id=job.storefront_id).first()
    if kept is None or (kept.expires_at and kept.expires_at <= now):
        raise ResultsGone()
    found: list[dict[str, Any]] = orjson.loads(files.read(kept))
    return found


def _store(storefront_id: int, name: str, content: bytes, now: datetime) -> File:
    return files.store(
        storefront_id=storefront_id,
        name=name[-200:],
        media_type="application/octet-stream",
        content=content,
        now=now,
        expires_at=now + GOOD_FOR,
    )

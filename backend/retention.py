"""One run over every kind of record of the house, with a report that stays: a job of the kind `retention`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog

from backend.personal import KEEPINGS
from compliance.services.retention import retain
from kernel import jobs
from kernel.models import Job

logger = structlog.get_logger()


class NotAll(Exception):
    """Some kinds of record could not be let go of; the others were."""


def run(*, by: str, dry_run: bool, now: datetime) -> Job:
    """Let go of what has had its day, or with `dry_run` only count it; the ended job holds the report.

    A kind that fails keeps no other from going: the job fails in the end, naming each. Raises NotAll.
    """

    def work(job: Job, report: jobs.Progress) -> dict[str, Any]:
        told: list[dict[str, Any]] = []
        failed: list[str] = []
        for done, keeping in enumerate(KEEPINGS, start=1):
            try:
                told += [asdict(one) for one in retain(keepings=[keeping], now=now, dry_run=dry_run)]
            except Exception as failure:
                logger.exception("retention", kind=keeping.kind)
                failed.append(f"{keeping.kind}: {type(failure).__name__}: {failure}")
            report(done, len(KEEPINGS))
        if failed:
            raise NotAll("; ".join(failed))
        return {"kinds": [one | {"before": one["before"].isoformat()} for one in told]}

    job = jobs.queue(storefront_id=None, kind="retention", arguments={"dry_run": dry_run}, by=by, now=now)
    jobs.run(job=job, work=work, now=now, whole=False)
    return job

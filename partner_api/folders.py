"""The folders of partners who have no developers: a file in `in` is a job, its answer lies in `out`.

What was taken is known by its job, so that whoever dies half-way is followed by another: a file is queued
once, stays in `in` until its job has ended, is answered, and only then moved to `done` or `refused`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from catalog.importing.faults import Fault
from kernel.cases import open_failing, settle_open
from kernel.errors import Problem
from kernel.models import Job
from kernel.problems import Forbidden
from kernel.receipts import InFlight, take
from kernel.tenancy import among
from partner_api.results import Result, as_sheet, result
from partner_api.upserting import CLASSIFY
from partner_api.work import FILES
from partners.gateways.folder import Box, Came, box
from partners.models import Connection
from partners.queries import standing_all
from partners.services import jobs

FAILING = "partner.folder_failing"
_NAME = re.compile(rf"({'|'.join(FILES)})-[A-Za-z0-9._-]{{1,100}}\.(csv|xlsx)", re.IGNORECASE)
_PLAIN_NAME = Fault(
    0,
    "",
    f"not a plain file called like receipts-2026-05-01.csv; it begins with {', '.join(FILES)}, and ends with"
    " .csv or .xlsx",
    f"须为普通文件，文件名如 receipts-2026-05-01.csv：以 {'、'.join(FILES)} 开头，以 .csv 或 .xlsx 结尾",
)
_LARGE = Fault(0, "", "larger than 16 MB", "超过 16 MB")


class NotAllowed(Forbidden):
    """The storefront does not grant what this kind of file does."""

    code = "file_not_allowed"
    title = "Such a file needs the scope {scope}, which the storefront has not granted."
    title_zh = "此类文件需要权限范围 {scope}，店铺未授予。"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def facts(self) -> dict[str, Any]:
        return {"scope": self.scope}


def look(*, now: datetime) -> None:
    """Look into every partner's folder. One that cannot be read keeps no other waiting."""
    if not settings.PARTNER_FOLDERS:
        return
    for connection in standing_all():
        key = f"partner:{connection.partner_id}"
        with among(connection.storefront_id):
            try:
                _look(connection, now)
            except OSError as failure:
                open_failing(
                    storefront_id=connection.storefront_id,
                    kind=FAILING,
                    key=key,
                    title=f"The folder of {connection.name} cannot be used",
                    facts={"partner": connection.name},
                    failure=failure,
                    now=now,
                )
            else:
                settle_open(kinds=[FAILING], key=key, by="system", note="it can be used", now=now)


def _look(connection: Connection, now: datetime) -> None:
    below = (connection.storefront.code, str(connection.partner.public_id))
    with box(settings.PARTNER_FOLDERS, *below) as here:
        for came in here.waiting() if here else ():
            try:
                _one(here, connection, came, now)  # type: ignore[arg-type]
            except (jobs.TooManyJobs, InFlight):
                return  # the others wait, too: they are done in their order


def _one(here: Box, connection: Connection, came: Came, now: datetime) -> None:
    kind = _NAME.fullmatch(came.name)
    if kind is None or came.odd or came.large:
        _answer(here, came, [result(0, "", "refused", [_LARGE if came.large else _PLAIN_NAME])])
        return
    job = _known(connection, came)
    if job is None:
        _ask(here, connection, came, kind[1].lower(), now)
    elif job.state == Job.State.DONE or "refused" in job.result:
        _answer(here, came, _rows(job, now))


def _known(connection: Connection, came: Came) -> Job | None:
    return Job.objects.filter(
        storefront_id=connection.storefront_id,
        arguments__partner=str(connection.partner.public_id),
        arguments__lay=f"{came.name} {came.mark}",
    ).first()


def _ask(here: Box, connection: Connection, came: Came, name: str, now: datetime) -> None:
    """Queue it, once however many look; what is not taken at all is refused."""
    content = here.read(came)
    if content is None:
        return
    lay, kind = f"{came.name} {came.mark}", FILES[name]
    arguments = {"mode": "rows", "dry_run": False, "classify": CLASSIFY in connection.scopes, "lay": lay}
    try:
        with transaction.atomic():
            take(source=f"partner folder:{connection.pk}", key=lay, fingerprint=b"")
            if kind.scope not in connection.scopes:
                raise NotAllowed(scope=kind.scope)
            if _known(connection, came) is None:
                jobs.ask(
                    connection=connection,
                    kind=f"file.{name}",
                    name=came.name,
                    content=content,
                    arguments=arguments,
                    once=kind.once,
                    by=connection.partner.actor,
                    now=now,
                )
    except (jobs.TooManyJobs, InFlight):
        raise
    except Problem as refused:
        _answer(here, came, [_refusal(refused.text("en"), refused.text("zh"))])


def _rows(job: Job, now: datetime) -> list[Result]:
    if "refused" in job.result:
        return [_refusal(job.result["refused"], job.result["refused_zh"])]
    try:
        return jobs.results(job, now)
    except jobs.ResultsGone as gone:
        return [_refusal(gone.text("en"), gone.text("zh"))]


def _refusal(message: str, message_zh: str) -> Result:
    return result(0, "", "refused", [Fault(0, "", message, message_zh)])


def _answer(here: Box, came: Came, rows: Iterable[Result]) -> None:
    told = list(rows)
    here.answer(f"{came.safe}.result.csv", as_sheet(told))
    here.move(came, "refused" if any(row["outcome"] == "refused" for row in told) else "done")

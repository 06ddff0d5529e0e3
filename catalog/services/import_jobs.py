"""An import that a worker does: first it is shown, then what was shown is written, or nothing.

A worker that dies half-way has written nothing; its event brings the work back, and the same file a second
time changes nothing. A confirmation that is sent twice is one import.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from catalog.importing.read import MAX_BYTES
from catalog.services.editing import IMPORT
from catalog.services.import_products import ImportReport, check_products, import_products
from kernel import events, files, jobs
from kernel.clock import now as present
from kernel.errors import Conflict, Invalid, Problem
from kernel.models import Event, File, Job
from kernel.tenancy import tenant

CHECK, WRITE, ASKED = "catalogue.check", IMPORT, "catalogue.import_asked"
GOOD_FOR = timedelta(days=2)
MOST_CELLS, MOST_FAULTS = 300, 1_000


class TooBig(Invalid):
    """More than a file of an import may have."""

    code = "import_too_big"
    title = "The file is empty or larger than 20 MB."
    title_zh = "文件为空或超过 20 MB。"


class NotShown(Conflict):
    """There is no preview without faults, or its day is over."""

    code = "import_not_shown"
    title = "Only a preview without faults, not older than two days, can be imported."
    title_zh = "仅可导入两天内且没有错误的预览。"


class ImportFailed(Problem):
    """The fault is ours, and came again when the work was tried again."""

    code = "import_failed"
    title = "The system failed twice at this file. Upload it again; if that fails too, tell the platform."
    title_zh = "系统两次处理该文件均出错。请重新上传；如仍失败，请联系平台。"


def ask_check(*, storefront_id: int, file_name: str, content: bytes, by: str, now: datetime) -> Job:
    """Keep the file for two days and queue its preview. Raises TooBig."""
    if not 0 < len(content) <= MAX_BYTES:
        raise TooBig()
    with tenant(storefront_id):
        kept = files.store(
            storefront_id=storefront_id,
            name=file_name[-200:],
            media_type="application/octet-stream",
            content=content,
            now=now,
            expires_at=now + GOOD_FOR,
        )
        return _queue(storefront_id, CHECK, {"file": str(kept.public_id), "name": kept.name}, by, now)


def ask_write(*, check: Job, by: str, now: datetime) -> Job:
    """Queue the import of what a preview showed; asked for again it is the same import. Raises NotShown."""
    assert check.storefront_id is not None
    with tenant(check.storefront_id):
        shown = Job.objects.select_for_update(no_key=True).get(pk=check.pk, kind=CHECK)
        if written := shown.result.get("write"):
            return Job.objects.get(public_id=written)
        if shown.state != Job.State.DONE or shown.result["fault_count"] or now > shown.queued_at + GOOD_FOR:
            raise NotShown()
        arguments = {**shown.arguments, "seen": shown.result["digest"], "check": str(shown.public_id)}
        job = _queue(check.storefront_id, WRITE, arguments, by, now)
        shown.result["write"] = str(job.public_id)
        shown.save(update_fields=["result"])
    return job


def prepare(event: Event) -> None:
    """Do what `catalogue.import_asked` asks for; safe to repeat, also after a worker died in the middle."""
    jobs.answer(job=Job.objects.get(public_id=event.facts["job"]), work=_work, gave_up=ImportFailed())


def _queue(storefront_id: int, kind: str, arguments: dict[str, Any], by: str, now: datetime) -> Job:
    job = jobs.queue(storefront_id=storefront_id, kind=kind, arguments=arguments, by=by, now=now)
    facts = {"job": str(job.public_id), "by": by, "file": arguments["name"]}
    events.record(storefront_id=storefront_id, name=ASKED, key=f"job:{job.public_id}", facts=facts, now=now)
    return job


def _work(job: Job, report: jobs.Progress) -> dict[str, Any]:
    assert job.storefront_id is not None
    with tenant(job.storefront_id):
        kept = File.objects.get(public_id=job.arguments["file"], storefront_id=job.storefront_id)
        asked: dict[str, Any] = {
            "storefront_id": job.storefront_id,
            "file_name": job.arguments["name"],
            "content": files.read(kept),
            "now": present(),
            "report": report,
        }
        if job.kind == CHECK:
            return _told(check_products(**asked))
        return _told(import_products(**asked, by=job.asked_by, seen=job.arguments["seen"]))


def _told(found: ImportReport) -> dict[str, Any]:
    """A report as a page shows it, bounded."""
    kept = asdict(found)
    return {
        **{name: value for name, value in kept.items() if isinstance(value, int | str)},
        "cells": [list(asdict(cell).values()) for cell in found.cells[:MOST_CELLS]],
        "cell_count": len(found.cells),
        "faults": [asdict(fault) for fault in found.faults[:MOST_FAULTS]],
        "fault_count": len(found.faults),
        "warnings": [asdict(warning) for warning in found.warnings[:MOST_FAULTS]],
        "warning_count": len(found.warnings),
    }

"""A copy of everything that is held: prepared by a worker, sealed at rest, handed over once, then gone.

The link is given to the one who proved with a fresh code that WeChat knows them, before the copy exists; it
is kept as a hash. The event `export.asked` brings the work to a worker, and again when that worker dies.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from compliance import holdings, vault
from compliance.law import Law
from compliance.models import Subject
from customers import labels
from customers.models import Customer, Export
from customers.services import account, copy
from customers.services.login import token_hash
from kernel import events, files, ids, jobs
from kernel.clock import now as present
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Missing, Problem
from kernel.models import Event, Job
from kernel.tenancy import everything, tenant

KIND = "rights.export"


class NotReady(Conflict):
    """A worker is still preparing the copy."""

    code = "export_not_ready"
    title = "Your copy is being prepared; try again in a moment."
    title_zh = "数据副本正在准备中，请稍后再试。"


class Gone(Problem):
    """The link was used, or its time is over."""

    status = 410
    code = "export_gone"
    title = "This link was used or has expired; ask for a new copy."
    title_zh = "该链接已使用或已过期，请重新申请。"


@dataclass(frozen=True)
class Asked:
    """The new export and the plain secret of its link, shown once."""

    export: Export
    secret: str


def ask_export(*, customer: Customer, js_code: str, now: datetime) -> Asked:
    """Queue a copy of the customer's data; an earlier one that was not fetched is dropped with its link.

    Raises AccountClosed, and as `account.prove`.
    """
    account.prove(customer=customer, js_code=js_code)
    days: int = Law(shanghai_day(now)).figure("retention/export_days")
    secret = ids.token()
    with tenant(customer.storefront_id):
        account.lock(customer)
        drop_exports(list(Export.objects.filter(customer=customer, fetched_at=None)), now)
        job = jobs.queue(
            storefront_id=customer.storefront_id,
            kind=KIND,
            arguments={},
            by=f"customer:{customer.public_id}",
            now=now,
        )
        export = Export.objects.create(
            storefront_id=customer.storefront_id,
            customer=customer,
            job=job,
            secret_hash=token_hash(secret),
            asked_at=now,
            expires_at=now + timedelta(days=days),
        )
        events.record(
            storefront_id=customer.storefront_id,
            name="export.asked",
            key=f"export:{export.public_id}",
            facts={"job": str(job.public_id)},
            now=now,
        )
    return Asked(export, secret)


def prepare(event: Event) -> None:
    """Make the copy that `export.asked` asks for; safe to repeat, also after a worker died in the middle."""
    job = Job.objects.get(public_id=event.facts["job"])
    if job.state == Job.State.DONE or not Export.objects.filter(job=job).exists():
        return  # made already, or dropped meanwhile
    if job.state != Job.State.QUEUED:
        jobs.requeue(job=job, now=present())
    jobs.run(job=job, work=_make, now=present())


@dataclass(frozen=True)
class Behind:
    """What lies behind a link, told without handing it over; `size` in bytes once the copy is made."""

    state: str
    asked_at: datetime
    expires_at: datetime
    size: int | None


def peek(*, secret: str, now: datetime) -> Behind:
    """What a link will give, as often as one asks: it is not used up by it. Raises Missing, Gone."""
    with everything():  # the link tells whose it is
        export = Export.objects.select_related("job").filter(secret_hash=token_hash(secret)).first()
    if export is None:
        raise Missing()
    if export.fetched_at is not None or export.expires_at <= now:
        raise Gone()
    size = export.job.result.get("bytes")
    return Behind(export.job.state, export.asked_at, export.expires_at, size)


def fetch(*, secret: str, now: datetime) -> bytes:
    """The ZIP behind a link, once. Raises Missing, NotReady, Gone."""
    with everything():
        found = Export.objects.filter(secret_hash=token_hash(secret)).first()
    if found is None:
        raise Missing()
    with tenant(found.storefront_id):
        export = (
            Export.objects.select_for_update(of=("self",))
            .select_related("job", "file", "customer__subject__key")
            .filter(pk=found.pk)
            .first()
        )
        if export is None:
            raise Missing()
        if export.fetched_at is not None or export.expires_at <= now:
            raise Gone()
        if export.file is None:
            raise NotReady()
        key = vault.unwrap(export.customer.subject.key)
        sealed = files.read(export.file)
        content = base64.b64decode(key.open(labels.EXPORT, export.public_id, sealed))
        gone, export.file, export.fetched_at = export.file, None, now
        export.save(update_fields=["file", "fetched_at"])
        files.remove([gone])
    return content


def drop_exports(exports: list[Export], now: datetime) -> None:
    """Forget exports with their files, in the caller's transaction."""
    gone = [export.file for export in exports if export.file is not None]
    Export.objects.filter(pk__in=[export.pk for export in exports]).delete()
    files.remove(gone)


def _make(job: Job, report: jobs.Progress) -> dict[str, Any]:
    """Read every holding, write the ZIP, seal it under the person's key."""
    export = Export.objects.select_related("customer").get(job=job)
    subject = Subject.objects.select_related("key").get(pk=export.customer.subject_id)
    now = present()
    parts = holdings.wiring.holdings
    categories = []
    for done, holding in enumerate(reversed(parts), start=1):
        categories += holding.see(subject, now)
        report(done, len(parts))
    content = copy.as_zip(categories, now)
    sealed = vault.unwrap(subject.key).seal(
        labels.EXPORT, export.public_id, base64.b64encode(content).decode()
    )
    export.file = files.store(
        storefront_id=export.storefront_id,
        name="personal-data.zip",
        media_type="application/zip",
        content=sealed,
        now=now,
        expires_at=export.expires_at,
        sealed=True,
    )
    export.save(update_fields=["file"])
    return {"bytes": len(content), "rows": sum(len(category.rows) for category in categories)}

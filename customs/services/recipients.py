"""A list of consignees leaves the house as a sealed file alone: made by a worker, for a purpose, with an end.

Who asks is an owner or a compliance officer of the storefront; beyond its limit a colleague agrees first, to
each of several lists that come to more than the limit within a day.
Every field that is opened leaves its row of access, the making and each fetching an event. The password is
told to who asked, and to nobody else is the file given; after its day the file is gone.
"""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from compliance import vault
from customers import divisions
from customs.dossier.sealed import seal
from customs.services.dossier import grouped
from kernel import events, files, jobs
from kernel.clock import SHANGHAI
from kernel.clock import now as present
from kernel.errors import Conflict, Missing
from kernel.models import Event, File, Job
from kernel.sheets import Sheet
from kernel.tenancy import tenant
from orders import labels
from orders.models import Order
from storefronts.models import Storefront
from storefronts.services.four_eyes import Verb, mind

KIND, ASKED = "recipients.export", "recipients.asked"
GOOD_FOR = timedelta(hours=24)
_FIELDS = (
    (labels.CONSIGNEE_NAME, "consignee_name_sealed"),
    (labels.CONSIGNEE_PHONE, "consignee_phone_sealed"),
    (labels.CONSIGNEE_STREET, "consignee_street_sealed"),
)


class NobodyToList(Conflict):
    """No order of these days has a consignee that can be read."""

    code = "nobody_to_list"
    title = "No order was paid in these days."
    title_zh = "该时段没有已支付的订单。"


class ListNotThere(Missing):
    """It is another one's, is not made yet, or its day has come."""

    code = "list_not_there"
    title = "There is no such file for you: another one asked for it, it is not made yet, or it has expired."
    title_zh = "没有可供您下载的文件：由他人申请、尚未生成或已到期。"


def orders_of(storefront_id: int, first: date, last: date) -> QuerySet[Order]:
    """The orders that were paid on these days of China."""
    start = datetime.combine(first, datetime.min.time(), SHANGHAI)
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), SHANGHAI)
    return Order.objects.filter(storefront_id=storefront_id, paid_at__gte=start, paid_at__lt=end)


@transaction.atomic
def ask_list(*, storefront_id: int, first: date, last: date, purpose: str, by: str, now: datetime) -> Job:
    """Queue the list. Raises NobodyToList, and NeedsColleague where it is long with those of the last day."""
    with tenant(storefront_id):
        Storefront.objects.select_for_update(of=("self",), no_key=True).get(pk=storefront_id)  # one by one
        asked = orders_of(storefront_id, first, last)
        count = asked.count()
        if not count:
            raise NobodyToList()
        days = {"first": first.isoformat(), "last": last.isoformat(), "purpose": purpose}
        key = f"recipients:{storefront_id}:{first:%Y%m%d}-{last:%Y%m%d}"
        mind(
            storefront_id=storefront_id,
            verb=Verb.EXPORT,
            size=(asked | _asked_lately(storefront_id, now)).count(),
            key=key,
            facts={**days, "rows": count},
            by=by,
            now=now,
        )
        job = jobs.queue(storefront_id=storefront_id, kind=KIND, arguments=days, by=by, now=now)
        facts = {"job": str(job.public_id), "by": by, **days}
        key = f"job:{job.public_id}"
        events.record(storefront_id=storefront_id, name=ASKED, key=key, facts=facts, now=now)
    return job


def _asked_lately(storefront_id: int, now: datetime) -> QuerySet[Order]:
    """The orders on lists of the last day, whoever asked: a long list is not split."""
    lately = Job.objects.filter(storefront_id=storefront_id, kind=KIND, queued_at__gt=now - GOOD_FOR)
    found = Order.objects.none()
    for told in lately.values_list("arguments", flat=True):
        first, last = date.fromisoformat(told["first"]), date.fromisoformat(told["last"])
        found = found | orders_of(storefront_id, first, last)
    return found


def prepare(event: Event) -> None:
    """Make the file that was asked for; safe to repeat, also after a worker died in the middle."""
    job = Job.objects.get(public_id=event.facts["job"])
    if job.state == Job.State.DONE:
        return
    if job.state != Job.State.QUEUED:
        jobs.requeue(job=job, now=present())
    jobs.run(job=job, work=_make, now=present())


def password(job: Job) -> str:
    """What only this house can tell of a job; it is kept nowhere."""
    return grouped(salted_hmac(KIND, str(job.public_id), algorithm="sha256").digest())


def fetch(*, job: Job, by: str, now: datetime) -> bytes:
    """The sealed file, for who asked. Raises ListNotThere."""
    file = File.objects.filter(
        public_id=job.result.get("file"), storefront_id=job.storefront_id, expires_at__gt=now
    ).first()
    if file is None or job.kind != KIND or job.asked_by != by:
        raise ListNotThere()
    events.record(
        storefront_id=job.storefront_id,
        name="recipients.fetched",
        key=f"job:{job.public_id}",
        facts={"by": by},
        now=now,
    )
    return files.read(file)


def _make(job: Job, report: jobs.Progress) -> dict[str, Any]:
    now, told = present(), job.arguments
    assert job.storefront_id is not None  # it was asked for in a storefront
    with tenant(job.storefront_id):
        found = orders_of(
            job.storefront_id, date.fromisoformat(told["first"]), date.fromisoformat(told["last"])
        )
        rows = list(found.select_related("key").order_by("number"))
        out = io.StringIO()
        sheet = Sheet(out, ending="\r\n")
        sheet.row(["订单号 number", "收件人 consignee", "电话 phone", "地区 region", "地址 address"])
        for done, order in enumerate(rows, start=1):
            sheet.row(_line(order, job, now))
            if done % 50 == 0:
                report(done, len(rows))
        content = seal({"recipients.csv": out.getvalue().encode("utf-8-sig")}, password(job), now)
        file = files.store(
            storefront_id=job.storefront_id,
            name=f"recipients-{told['first']}-{told['last']}.zip",
            media_type="application/zip",
            content=content,
            now=now,
            expires_at=now + GOOD_FOR,
            sealed=True,
        )
    return {"file": str(file.public_id), "rows": len(rows)}


def _line(order: Order, job: Job, now: datetime) -> list[str]:
    """An order whose key was destroyed on its day has nobody to name."""
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed:
        return [order.number, "", "", "", ""]
    name, phone, street = vault.open_many_as(
        who=job.asked_by,
        purpose=job.arguments["purpose"],
        storefront_id=job.storefront_id,
        key=key,
        sealed=[(label, order.number, bytes(getattr(order, field))) for label, field in _FIELDS],
        now=now,
    )
    return [order.number, name, phone, " ".join(divisions.path(order.division_code)), street]

"""Notices of an incident: drafted from its facts as often as they change, told once, never changed after."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from compliance.incident_texts import draft
from compliance.incidents import Duty
from compliance.models.incident import Incident, IncidentNotice
from compliance.services.incident import record_step
from compliance.services.incident_watch import case_kinds
from kernel.cases import settle_case
from kernel.errors import Conflict
from kernel.models import Case


class AlreadyTold(Conflict):
    """This duty is done, or its notice was changed meanwhile."""

    code = "incident_already_told"
    title = "This was told already, or another version was."
    title_zh = "该项已告知，或已以其他版本告知。"


def draft_notice(
    *, incident: Incident, duty: Duty, by: str, now: datetime, zh: str = "", en: str = ""
) -> IncidentNotice:
    """The next version of the notice of this duty, drafted from the facts as they stand.

    `zh` and `en` are the officer's own wording, where there is one. Raises AlreadyTold.
    """
    with transaction.atomic():
        # The incident's row is the lock: two drafts at once are two versions.
        incident = Incident.objects.select_for_update().get(pk=incident.pk)
        if getattr(incident, f"{duty}_told_at"):
            raise AlreadyTold()
        known = incident.notices.filter(duty=duty).aggregate(last=Max("version"))["last"] or 0
        drafted_zh, drafted_en = draft(incident=incident, duty=duty)
        zh, en = zh or drafted_zh, en or drafted_en
        notice = IncidentNotice.objects.create(
            incident=incident,
            storefront_id=incident.storefront_id,
            duty=duty,
            version=known + 1,
            zh=zh,
            en=en,
            sha256=hashlib.sha256(f"{zh}\n{en}".encode()).hexdigest(),
            drafted_at=now,
            drafted_by=by,
        )
        record_step(incident, "drafted", by=by, now=now, notice=duty, version=notice.version)
    return notice


def tell(*, notice: IncidentNotice, channel: str, by: str, now: datetime) -> None:
    """Record that this version was sent, to whom and how (`channel`); the duty is done and its case ends.

    Raises AlreadyTold when a colleague was faster.
    """
    duty = notice.duty
    with transaction.atomic():
        first = Incident.objects.filter(pk=notice.incident_id, **{f"{duty}_told_at": None}).update(
            **{f"{duty}_told_at": now}
        )
        if first != 1:
            raise AlreadyTold()
        IncidentNotice.objects.filter(pk=notice.pk).update(sent_at=now, sent_by=by, channel=channel)
        incident = Incident.objects.get(pk=notice.incident_id)
        waiting = Case.objects.filter(
            kind__in=case_kinds(duty), key=incident.event_key, state=Case.State.OPEN
        )
        for case in waiting.select_for_update():
            settle_case(case=case, by=by, note=channel, now=now)
        record_step(incident, "told", by=by, now=now, notice=duty, version=notice.version, channel=channel)
    notice.sent_at, notice.sent_by, notice.channel = now, by, channel

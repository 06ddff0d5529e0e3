"""A notice tells what is done by contract and law: that a person has seen it is recorded, nothing asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from compliance.consent_texts import NOTICES, ConsentText, current_text
from compliance.models import NoticeSeen, Subject
from compliance.services.consent import NotCurrent
from kernel.clock import shanghai_day
from kernel.errors import Missing


@dataclass(eq=False)
class UnknownNotice(Missing):
    """There is no notice of this kind."""

    code = "notice_unknown"
    title = "There is no notice of the kind “{kind}”."
    title_zh = "不存在该告知书。"
    kind: str


def current_notice(*, kind: str, now: datetime) -> ConsentText:
    """The notice of this kind in force today; raises UnknownNotice."""
    text = current_text(kind, shanghai_day(now), folder=NOTICES)
    if text is None:
        raise UnknownNotice(kind=kind)
    return text


def see_notice(*, subject: Subject, kind: str, version: str, now: datetime) -> NoticeSeen:
    """Record that the subject has seen this version, once; raises UnknownNotice, NotCurrent."""
    text = current_notice(kind=kind, now=now)
    if text.version != version:
        raise NotCurrent(kind=kind, version=text.version)
    seen, _ = NoticeSeen.objects.get_or_create(
        subject=subject,
        kind=kind,
        text_hash=text.sha256,
        defaults={"storefront_id": subject.storefront_id, "version": version, "at": now},
    )
    return seen

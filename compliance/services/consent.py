"""A consent is given to one text in its current version, never bundled, and withdrawn as easily as given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from compliance.consent_texts import NO_NAMES, current_text
from compliance.models import Consent, Subject
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Missing


@dataclass(eq=False)
class UnknownConsent(Missing):
    """No consent of this kind is ever asked for."""

    code = "consent_unknown"
    title = "There is no consent of the kind “{kind}”."
    title_zh = "不存在该授权类型。"
    kind: str


@dataclass(eq=False)
class NotCurrent(Conflict):
    """The text has changed since it was shown; show the new one and ask again."""

    code = "consent_not_current"
    title = "The text has changed; please read version {version}."
    title_zh = "文本已更新，请阅读最新版本（{version}）。"
    kind: str
    version: str


@dataclass(eq=False)
class ConsentNeeded(Conflict):
    """This rests on a separate consent that was not given, or was withdrawn."""

    code = "consent_needed"
    title = "This needs your separate consent “{consent}”, which you have not given or have withdrawn."
    title_zh = "此操作需要您单独同意《{consent}》，您尚未同意或已撤回。"
    consent: str


def give_consent(
    *, subject: Subject, kind: str, version: str, names: Mapping[str, str] = NO_NAMES, now: datetime
) -> Consent:
    """Record that the subject agreed to the text of `kind` in `version`, which must be the current one.

    A consent to an older version ends with it; the same version twice is one consent. `names` are those that
    the text leaves room for. Raises UnknownConsent and NotCurrent.
    """
    text = current_text(kind, shanghai_day(now), names)
    if text is None:
        raise UnknownConsent(kind=kind)
    if text.version != version:
        raise NotCurrent(kind=kind, version=text.version)
    with transaction.atomic():
        # The subject's row is the lock: two taps of one button are one consent.
        Subject.objects.select_for_update().only("id").get(pk=subject.pk)
        active = Consent.objects.filter(subject_id=subject.pk, kind=kind, withdrawn_at=None).first()
        if active is not None and active.text_hash == text.sha256:
            return active
        if active is not None:
            Consent.objects.filter(pk=active.pk).update(withdrawn_at=now)
        return Consent.objects.create(
            subject_id=subject.pk,
            storefront_id=subject.storefront_id,
            kind=kind,
            version=version,
            text_hash=text.sha256,
            given_at=now,
        )


def withdraw_consent(*, subject_id: UUID, kind: str, now: datetime) -> bool:
    """End the subject's consent of this kind at once; False when there was none."""
    return bool(
        Consent.objects.filter(subject_id=subject_id, kind=kind, withdrawn_at=None).update(withdrawn_at=now)
    )

"""Where the person limits the processing, their data is only stored until they lift it (PIPL Art. 44)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from compliance.models import Subject
from kernel.errors import Conflict


class ProcessingLimited(Conflict):
    """The person limited the processing of their data; only they can lift it."""

    code = "processing_limited"
    title = "You have limited the processing of your data: it is only stored. Lift the limit first."
    title_zh = "您已限制处理个人信息，目前仅作保存。请先解除限制。"


def limit_processing(*, subject_id: UUID, now: datetime) -> None:
    """From now on the data is only stored; a second time changes nothing."""
    Subject.objects.filter(pk=subject_id, limited_at=None).update(limited_at=now)


def lift_limit(*, subject_id: UUID) -> None:
    """Processing goes on as before; a second time changes nothing."""
    Subject.objects.filter(pk=subject_id).update(limited_at=None)


def refuse_limited(subject: Subject) -> None:
    """Raises ProcessingLimited where the person has limited the processing."""
    if subject.limited_at is not None:
        raise ProcessingLimited()

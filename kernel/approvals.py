"""Four eyes: what one operator asks for, another one grants or declines, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from kernel.errors import Conflict
from kernel.models import Approval


class AlreadyAsked(Conflict):
    """The same thing already waits for a decision."""

    code = "approval_pending"
    title = "This already waits for a colleague's decision."
    title_zh = "该申请正在等待审批。"


class NotYours(Conflict):
    """It was decided meanwhile, or the one who decides is the one who asked."""

    code = "approval_not_decidable"
    title = "Already decided, or asked by yourself: a colleague must decide."
    title_zh = "已有审批结果，或申请人不能审批自己的申请。"


def ask(
    *, storefront_id: int | None, verb: str, key: str, facts: dict[str, Any], by: str, now: datetime
) -> Approval:
    """Ask for approval of `verb` on `key`; raises AlreadyAsked while the same is pending."""
    try:
        with transaction.atomic():
            return Approval.objects.create(
                storefront_id=storefront_id, verb=verb, key=key, facts=facts, asked_by=by, asked_at=now
            )
    except IntegrityError as clash:
        raise AlreadyAsked() from clash


def decide(*, approval: Approval, by: str, granted: bool, reason: str, now: datetime) -> None:
    """Grant or decline; raises NotYours when it is decided already or was asked by the same operator."""
    changed = (
        Approval.objects.filter(pk=approval.pk, granted=None)
        .exclude(asked_by=by)
        .update(granted=granted, decided_by=by, decided_at=now, reason=reason)
    )
    if changed != 1:
        raise NotYours()
    approval.refresh_from_db()


def granted(*, verb: str, key: str) -> bool:
    """Whether the last decision about `verb` on `key` was yes."""
    last = Approval.objects.filter(verb=verb, key=key, granted__isnull=False).order_by("-decided_at").first()
    return bool(last and last.granted)


def granted_keys(*, storefront_id: int, verbs: Sequence[str]) -> set[tuple[str, str]]:
    """(verb, key) of everything in the storefront about which the last decision was yes, in one statement."""
    last = (
        Approval.objects.filter(storefront_id=storefront_id, verb__in=verbs, granted__isnull=False)
        .order_by("verb", "key", "-decided_at")
        .distinct("verb", "key")
    )
    return {(row.verb, row.key) for row in last if row.granted}

"""Four eyes: what one operator asks for, another one grants or declines, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from kernel.errors import Conflict
from kernel.models import Approval, Receipt

GOOD_FOR = timedelta(days=7)  # so long may be decided, and done, what is asked for once
USED = "approval"  # source of the receipt by which a granted approval is used once
CLOCK = "clock"  # declines what nobody decided


class AlreadyAsked(Conflict):
    """The same thing already waits for a decision."""

    code = "approval_pending"
    title = "This already waits for a colleague's decision."
    title_zh = "该申请正在等待审批。"


class NotYours(Conflict):
    """It was decided meanwhile or has expired, or the one who decides is the one who asked."""

    code = "approval_not_decidable"
    title = "Already decided, expired, or asked by yourself: a colleague must decide."
    title_zh = "已有审批结果或已过期，或申请人不能审批自己的申请。"


@dataclass(eq=False)
class NeedsColleague(Conflict):
    """Nothing was done: a colleague has to agree to this very thing first. The door that catches it asks."""

    code = "needs_colleague"
    title = "A colleague has to agree first ({verb}, {key})."
    title_zh = "须先由同事批准（{verb}，{key}）。"
    storefront_id: int | None
    verb: str
    key: str
    asked: dict[str, Any]


def ask(
    *,
    storefront_id: int | None,
    verb: str,
    key: str,
    facts: dict[str, Any],
    by: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> Approval:
    """Ask for approval of `verb` on `key`; raises AlreadyAsked while the same is pending.

    What nobody decided until it expired is declined by the clock, and may be asked again.
    """
    Approval.objects.filter(verb=verb, key=key, granted=None, expires_at__lte=now).update(
        granted=False, decided_by=CLOCK, decided_at=now
    )
    try:
        with transaction.atomic():
            return Approval.objects.create(
                storefront_id=storefront_id,
                verb=verb,
                key=key,
                facts=facts,
                asked_by=by,
                asked_at=now,
                expires_at=expires_at,
            )
    except IntegrityError as clash:
        raise AlreadyAsked() from clash


def require(
    *, storefront_id: int | None, verb: str, key: str, facts: dict[str, Any], by: str, now: datetime
) -> None:
    """Go on where a colleague agreed that `by` does this very thing, once; else raises NeedsColleague.

    Called in the transaction of what is done: what is rolled back used up nothing.
    """
    for one in Approval.objects.filter(
        storefront_id=storefront_id, verb=verb, key=key, granted=True, asked_by=by, expires_at__gt=now
    ).order_by("pk"):
        unused = {"fingerprint": b"", "status": 204, "body": b"", "at": now}
        if (
            one.facts == facts
            and Receipt.objects.get_or_create(source=USED, key=str(one.pk), defaults=unused)[1]
        ):
            return
    raise NeedsColleague(storefront_id, verb, key, facts)


def used(approval: Approval) -> bool:
    """Whether what was granted once was done."""
    return Receipt.objects.filter(source=USED, key=str(approval.pk)).exists()


def open_to(approval: Approval, now: datetime) -> bool:
    """Whether it waits for a decision, and still may have one."""
    return approval.granted is None and (approval.expires_at is None or approval.expires_at > now)


def decide(*, approval: Approval, by: str, granted: bool, reason: str, now: datetime) -> None:
    """Grant or decline; raises NotYours when it is decided, has expired or was asked by the same operator."""
    changed = (
        Approval.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), pk=approval.pk, granted=None)
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

"""What software must not decide alone is put before an operator, once, and stays there until settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import F

from kernel.errors import Conflict
from kernel.models import Case
from kernel.tenancy import everything

log = structlog.get_logger(__name__)

FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=6)


class AlreadySettled(Conflict):
    """Someone settled the case first."""

    code = "case_settled"
    title = "This case is already settled."
    title_zh = "该事项已处理。"


class AlreadyTaken(Conflict):
    """Someone took the case over since the page was read, or it is settled."""

    code = "case_taken"
    title = "A colleague works on this case, or it is settled: look again."
    title_zh = "该事项已由他人接手或已处理，请刷新后再看。"


def open_case(
    *, storefront_id: int | None, kind: str, key: str, title: str, facts: dict[str, Any], now: datetime
) -> Case:
    """Open a case, or count one more sighting of the one that is open. `facts` hold no personal data."""
    with everything() if storefront_id is None else nullcontext():  # the platform's, whoever is at work
        case, new = Case.objects.get_or_create(
            kind=kind,
            key=key,
            state=Case.State.OPEN,
            defaults={"storefront_id": storefront_id, "title": title, "facts": facts, "opened_at": now},
        )
        if not new:
            Case.objects.filter(pk=case.pk).update(seen=F("seen") + 1)
    return case


def open_anew(
    *, storefront_id: int | None, kind: str, key: str, title: str, facts: dict[str, Any], now: datetime
) -> Case:
    """Open a case with these facts; an open one of other facts, which it was before, is over."""
    before = Case.objects.filter(kind=kind, key=key, state=Case.State.OPEN).exclude(facts=facts)
    before.update(state=Case.State.SETTLED, settled_at=now, settled_by="system", note="it is another now")
    return open_case(storefront_id=storefront_id, kind=kind, key=key, title=title, facts=facts, now=now)


def open_failing(
    *,
    storefront_id: int | None,
    kind: str,
    key: str,
    title: str,
    facts: dict[str, Any],
    failure: Exception,
    now: datetime,
) -> Case:
    """One row of a sweep failed as nobody foresaw: it stops no other, and an operator sees it, once.

    The case names the error's class alone: its text may hold personal data. Who makes the row succeed later
    settles the case.
    """
    log.exception("failing", case=kind, key=key, exc_info=failure)
    facts = {**facts, "error": type(failure).__name__}
    return open_case(storefront_id=storefront_id, kind=kind, key=key, title=title, facts=facts, now=now)


def resting(
    *, kind: str, now: datetime, first: timedelta = FIRST_REST, longest: timedelta = LONGEST_REST
) -> list[str]:
    """The keys of this kind that failed and are not tried again yet, so that they stand in no other's way.

    From one failure to the next it is twice as long, `longest` at most. Who settles the case by hand lets the
    key be tried at once.
    """
    told = Case.objects.filter(kind=kind, state=Case.State.OPEN)
    return [
        key
        for key, seen, opened_at in told.values_list("key", "seen", "opened_at")
        if opened_at + _rests(seen, first, longest) > now
    ]


def _rests(times: int, first: timedelta, longest: timedelta) -> timedelta:
    """How long so many rests are, one after the other."""
    doubled = min(times, (longest // first).bit_length())
    return first * ((1 << doubled) - 1) + longest * (times - doubled)


def settle_open(*, kinds: Iterable[str], key: str, by: str, note: str, now: datetime) -> int:
    """Settle the open cases of these kinds about `key`, if any, because what they told of has come right."""
    return Case.objects.filter(kind__in=list(kinds), key=key, state=Case.State.OPEN).update(
        state=Case.State.SETTLED, settled_at=now, settled_by=by, note=note
    )


def settle_over(*, kind: str, waits: Callable[[str], bool], now: datetime) -> None:
    """Settle the open cases of a kind about a key of which nothing `waits` any more, however it ended."""
    told = Case.objects.filter(kind=kind, state=Case.State.OPEN)
    for key in list(told.values_list("key", flat=True)):
        if not waits(key):
            settle_open(kinds=[kind], key=key, by="system", note="it is over", now=now)


def settle_case(*, case: Case, by: str, note: str, now: datetime) -> None:
    """Close the case with a note of what was done; raises AlreadySettled when another one was faster."""
    changed = Case.objects.filter(pk=case.pk, state=Case.State.OPEN).update(
        state=Case.State.SETTLED, settled_at=now, settled_by=by, note=note
    )
    if changed != 1:
        raise AlreadySettled()


def take_case(*, case: Case, by: str, held_by: str, now: datetime) -> None:
    """Say that `by` works on an open case, so that nobody else does; "" lets go of it.

    `held_by` is who the caller believes to hold it ("" for nobody); raises AlreadyTaken where it is another
    one by now, or where the case is settled.
    """
    changed = Case.objects.filter(pk=case.pk, state=Case.State.OPEN, taken_by=held_by).update(
        taken_by=by, taken_at=now if by else None
    )
    if changed != 1:
        raise AlreadyTaken()

"""What has had its day is let go in small steps: a run that dies half-way has lost nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from compliance.holdings import Keeping
from compliance.law import Law
from kernel.clock import shanghai_day

BATCH = 500
GRACE = timedelta(days=1)  # the narrow door of a log looks at the database's clock, which may be behind ours


@dataclass(frozen=True, slots=True)
class LetGo:
    """What a run found of one kind of record: rows that ended before `before`, and how many were let go.

    `at_least`: a dry run cannot tell how many more will have their day once others have gone.
    """

    kind: str
    before: datetime
    found: int
    let_go: int
    at_least: bool = False


def ended_before(*, figure: str | None, now: datetime) -> datetime:
    """Rows that ended before this instant have had their day; `figure` is retention/<name>_years or _days."""
    if figure is None:
        return now
    count: int = Law(shanghai_day(now)).figure(f"retention/{figure}")
    if figure.endswith("_days"):
        return now - timedelta(days=count)
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - count, day=day)


def retain(
    *, keepings: Iterable[Keeping], now: datetime, dry_run: bool = False, batch: int = BATCH
) -> list[LetGo]:
    """Let go of every record whose day has come, `batch` rows a transaction; with `dry_run` only count them.

    Two runs at once share the rows; a second run finds nothing.
    """
    return [_retain(keeping, now, dry_run, batch) for keeping in keepings]


def _retain(keeping: Keeping, now: datetime, dry_run: bool, batch: int) -> LetGo:
    before = ended_before(figure=keeping.figure, now=now)
    if keeping.append_only:
        before -= GRACE
    if dry_run:
        return LetGo(keeping.kind, before, keeping.due(before).count(), 0, keeping.follows)
    if keeping.append_only:
        gone = _forget(keeping.due(before).model._meta.db_table, before)
        return LetGo(keeping.kind, before, gone, gone)
    let_go = 0
    last: Any = None
    while True:
        with transaction.atomic():
            rows = keeping.due(before).order_by("pk")
            if last is not None:
                rows = rows.filter(pk__gt=last)
            found = list(rows.select_for_update(skip_locked=True, of=("self",))[:batch])
            if not found:
                return LetGo(keeping.kind, before, let_go, let_go)
            keeping.let_go(found, now)
        let_go += len(found)
        last = found[-1].pk


def _forget(table: str, before: datetime) -> int:
    """Through the function of the owner, which keeps what is younger than its own floor.

    A door may let go of a part at a time: it is asked again, a transaction each, while there may be more.
    """
    gone = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT {table}_forget(%s::timestamptz)", [before])
            part: int = cursor.fetchone()[0]
        gone += part
        if part < BATCH:
            return gone

"""A declaration that waits: when it is looked at again, and when that it waits so long is a case."""

from __future__ import annotations

from datetime import datetime, timedelta

from customs.models import Declaration, Filing
from customs.services.sending import tell_once_more
from kernel.cases import open_case

LOOK_AGAIN, SILENT_AFTER, LATE_AFTER = timedelta(minutes=2), timedelta(minutes=30), timedelta(hours=12)
# Customs' own steps, and after how long without a word a colleague should ask what the port shows.
WATCHED = {
    "accepted": timedelta(hours=24),
    "review": timedelta(hours=24),
    "inspection": timedelta(hours=72),
    "detained": timedelta(hours=72),
}
MOST_RESENDS = 3
LATE, SILENT = "customs.late", "customs.silent"


def later(row: Declaration, at: datetime | None, **changes: object) -> None:
    for name, value in {"next_try_at": at, **changes}.items():
        setattr(row, name, value)
    row.save(update_fields=["next_try_at", "account", *changes])


def silent(row: Declaration, filing: Filing | None, now: datetime) -> None:
    """Nothing was heard for long: the same bytes go out once more, and after some times it is a case."""
    if filing is None or filing.sent_at is None or now - filing.sent_at < SILENT_AFTER:
        later(row, now + SILENT_AFTER)
        return
    if row.resends < MOST_RESENDS and filing.message is not None:
        tell_once_more(filing, at=now, now=now)
        later(row, now + SILENT_AFTER, resends=row.resends + 1)
        return
    later(row, now + LATE_AFTER)
    open_case(
        storefront_id=row.storefront_id,
        kind=SILENT,
        key=row.event_key,
        title="Nothing was heard of a document that customs was told",
        facts={"order": row.number, "document": filing.kind},
        now=now,
    )


def open_late(row: Declaration, awaits: str, now: datetime) -> None:
    open_case(
        storefront_id=row.storefront_id,
        kind=LATE,
        key=row.event_key,
        title="The declaration of an order does not go on",
        facts={"order": row.number, "awaits": awaits},
        now=now,
    )

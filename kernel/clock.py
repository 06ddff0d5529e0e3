"""Days of the law are days in Shanghai; instants are stored in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant. Only doors, tasks and commands ask; services are told."""
    return datetime.now(UTC)


def shanghai_day(instant: datetime) -> date:
    """The calendar day in China of an instant; raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(SHANGHAI).date()

"""The ways in which a step can go wrong: every failure of a call, the deaths of a process, notices astray."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backend.chaos.faults import COMMITS, IMPATIENT, Fault, Killed, KilledAfter, Point, Spoilt
from backend.chaos.stage import Stage
from orders.models import Order

LATE = IMPATIENT + 0.4  # the client has given up, and WeChat acts all the same
UNANSWERED = ("timeout_before", "timeout_after", "timeout_late", "500_before", "500_after")
UNBELIEVED = ("wrong_signature", "stale_timestamp", "signtest", "unsigned")
UNTOLD = ("lost_notification", "wrong_signature", "stale_timestamp", "signtest", "duplicate", "security_echo")
POINTS = tuple(Point)
BUSY, WRONG, NOBODY = ("FREQUENCY_LIMITED", 429), ("SIGN_ERROR", 401), ("NO_AUTH", 403)

Story = Callable[[Stage, Fault], Order]
Step = tuple[str, Story, Callable[[], Iterable[Fault]]]


def spoilt(call: str, *refusals: tuple[str, int]) -> list[Fault]:
    """Every way in which WeChat can fail to answer `call`, and its refusals."""
    late = {"seconds": LATE}
    silent = [Spoilt(call, mode, late if "timeout" in mode else {}) for mode in (*UNANSWERED, *UNBELIEVED)]
    said = [Spoilt(call, "error", {"code": code, "status": status}) for code, status in refusals]
    return [*silent, *said]


def killed(nth: int = 1) -> list[Fault]:
    """The four deaths of a process that calls WeChat, at its call of this number."""
    return [Killed(point, nth=nth) for point in POINTS]


def notices() -> list[Fault]:
    """What can become of a notification on its way."""
    facts = {"duplicate": {"copies": 16, "new_id": True}, "wrong_signature": {"deliveries": 2}}
    return [Spoilt("notify", mode, facts.get(mode, {})) for mode in UNTOLD]


def killed_writing(**tables: str) -> list[Fault]:
    """The deaths of a process that calls nobody: around its commit, and while it writes what is named."""
    inside = [
        KilledAfter(f'INSERT INTO "?{table}"?', words.replace("_", " ")) for words, table in tables.items()
    ]
    return [*(Killed(point, calls=False) for point in COMMITS), *inside]

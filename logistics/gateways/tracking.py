"""What a tracker can be asked, and what it tells: events in one vocabulary, whoever told them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from kernel.errors import Upstream
from logistics.vocabulary import Code


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was told of a parcel."""

    at: datetime
    code: Code
    raw_code: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a provider tells of one waybill at once; `over` says that it watches it no more, and `why`."""

    provider: str
    carrier: str
    waybill: str
    told: tuple[Told, ...]
    over: bool = False
    why: str = ""
    expected_on: date | None = None


@dataclass(eq=False)
class TrackerRefused(Upstream):
    """The tracker has answered, and tells nothing."""

    code = "tracker_refused"
    title = "The tracker refused ({why})."
    title_zh = "轨迹服务未受理（{why}）。"
    why: str
    permanent: bool = True


class Tracker(Protocol):
    """Whoever can be asked where a parcel is. Calls raise Unreachable and TrackerRefused."""

    provider: str

    def ask(self, *, carrier: str, waybill: str, phone: str) -> Report:
        """What is known of the waybill now; nothing told yet is an empty report."""

"""When a parcel should arrive: the day that its carrier names, else the usual days of its way, if not over.

The range follows tracking: each stage on the way has days of its own (`data/arrival.csv`), counted from where
the parcel was seen last. It is no promise, and where it has passed nothing is told in its place.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from kernel.clock import shanghai_day
from logistics.vocabulary import Carrier, Code

_DATA = Path(__file__).parent / "data"
FROM_ABROAD = frozenset({"9610"})
ON_THE_ROAD = (Code.PICKED_UP, Code.IN_TRANSIT)
# Of these nobody can say a day: customs or the carrier must be heard first, or it does not come.
NO_DAY = frozenset(
    {Code.CUSTOMS_HOLD, Code.REFUSED, Code.DAMAGED, Code.LOST, Code.RETURNING, Code.RETURNED, Code.DELIVERED}
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """From the `first` to the `last` day, both included; `said_by` the carrier, or by the usual days."""

    first: date
    last: date
    said_by: Literal["carrier", "usual"]


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a parcel is known to have come; `named` is the day that its carrier told."""

    issued_at: datetime
    scanned_at: datetime | None
    latest: str
    latest_at: datetime | None
    cleared_at: datetime | None
    named: date | None


class _Usual(NamedTuple):
    since: str
    least: int
    most: int
    carrier_days: bool


def arrival(*, seen: Seen, carrier: Carrier, trade_mode: str, now: datetime) -> Arrival | None:
    """The days on which it should arrive; None where nobody can say, and where those have passed."""
    if seen.latest in NO_DAY:
        return None
    today = shanghai_day(now)
    if seen.named is not None and seen.named >= today:
        return Arrival(seen.named, seen.named, "carrier")
    stage = _stage(seen)
    usual = _usual()[stage, trade_mode in FROM_ABROAD]
    ahead = carrier.days if usual.carrier_days else 0
    begun = shanghai_day(_since(seen, usual.since))
    last = begun + timedelta(days=usual.most + ahead)
    if last < today:
        return None
    return Arrival(max(begun + timedelta(days=usual.least + ahead), today), last, "usual")


def _stage(seen: Seen) -> str:
    """What was cleared is on its way inland, whatever is told of its road."""
    if seen.scanned_at is None or not seen.latest:
        return "waiting"
    if seen.cleared_at is not None and seen.latest in ON_THE_ROAD:
        return Code.CLEARED.value
    return seen.latest if (seen.latest, False) in _usual() else "waiting"


def _since(seen: Seen, what: str) -> datetime:
    found = {"scanned": seen.scanned_at, "latest": seen.latest_at, "cleared": seen.cleared_at}.get(what)
    return found or seen.scanned_at or seen.issued_at


@lru_cache(maxsize=1)
def _usual() -> dict[tuple[str, bool], _Usual]:
    with (_DATA / "arrival.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["stage"], row["from_abroad"] == "yes"): _Usual(
                row["since"], int(row["least"]), int(row["most"]), row["carrier_days"] == "yes"
            )
            for row in csv.DictReader(lines)
        }

"""What a warehouse asks for carrying goods to a province, and the day by which it lets them go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LONGEST = 90  # days without a working day after which no day is promised


@dataclass(frozen=True, slots=True)
class Zone:
    """Prices for some provinces; none named means everywhere else."""

    provinces: tuple[str, ...]
    refused: bool
    first: int
    first_fen: int
    step: int
    step_fen: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """A freight template as it is computed with."""

    by_weight: bool
    free_above_fen: int | None
    zones: tuple[Zone, ...]

    def fen(self, *, province: str, weight_g: int, pieces: int, goods_fen: int) -> int | None:
        """The freight of one parcel; None where nothing is carried to. Without a province, as elsewhere."""
        zone = next((one for one in self.zones if province in one.provinces), None)
        zone = zone or next((one for one in self.zones if not one.provinces), None)
        if zone is None or zone.refused:
            return None
        if self.free_above_fen is not None and goods_fen >= self.free_above_fen:
            return 0
        over = max(0, (weight_g if self.by_weight else pieces) - zone.first)
        return zone.first_fen + -(-over // zone.step) * zone.step_fen


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a warehouse works: its weekdays (1 Monday … 7 Sunday), days that differ, and its last hour."""

    zone: ZoneInfo
    weekdays: str
    cut_off: time
    handling_days: int
    other: Mapping[date, bool]

    def works(self, day: date) -> bool:
        """Whether anyone is there on that day."""
        return self.other.get(day, str(day.isoweekday()) in self.weekdays)

    def ship_by(self, paid_at: datetime) -> date | None:
        """The day by which what is paid now is handed to the carrier; None where no day can be named.

        What comes after the cut-off, or on a day off, counts from the next working day; handling days are
        working days after it.
        """
        local = paid_at.astimezone(self.zone)
        day, left = local.date(), self.handling_days
        if self.works(day) and local.time() >= self.cut_off:
            day += timedelta(days=1)
        for _ in range(_LONGEST):
            if self.works(day):
                if left == 0:
                    return day
                left -= 1
            day += timedelta(days=1)
        return None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a warehouse promises and asks for; no tariff means that carrying is free, everywhere."""

    tariff: Tariff | None
    calendar: Calendar

    def freight_fen(self, *, province: str, weight_g: int, pieces: int, goods_fen: int) -> int | None:
        """See Tariff.fen."""
        if self.tariff is None:
            return 0
        return self.tariff.fen(province=province, weight_g=weight_g, pieces=pieces, goods_fen=goods_fen)


def zones_of(rows: Sequence[Mapping[str, object]]) -> tuple[Zone, ...]:
    """Zones from rows as the database gives them, as JSON."""
    return tuple(
        Zone(**{**row, "provinces": tuple(row["provinces"])})  # type: ignore[arg-type]
        for row in rows
    )

"""What is read of the kept days: one statement for the figures, one for the position in foreign money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate

from django.db.models import F, Sum, Value
from django.db.models.functions import Greatest

from reporting.models import Day, ForexDay

SUMS = (
    *("placed", "placed_fen", "paid", "paid_fen", "ended", "refunded", "refunded_fen"),
    *("quotes", "quotes_ordered", "quotes_paid", "released", "returns_asked", "returns_settled"),
)


@dataclass(slots=True)
class Figures:
    """A day of one storefront or of several together; `took` counts lists by tens of minutes."""

    day: date
    placed: int = 0
    placed_fen: int = 0
    paid: int = 0
    paid_fen: int = 0
    ended: int = 0
    refunded: int = 0
    refunded_fen: int = 0
    quotes: int = 0
    quotes_ordered: int = 0
    quotes_paid: int = 0
    released: int = 0
    returns_asked: int = 0
    returns_settled: int = 0
    took: Counter[int] = field(default_factory=Counter)

    @property
    def conversion(self) -> float | None:
        """Of a hundred quotes made on the day how many came to a paid order; None where there were none."""
        return 100 * self.quotes_paid / self.quotes if self.quotes else None

    def hours(self, share: float) -> float | None:
        """Hours that so large a share of the lists did not exceed, to ten minutes; None without a list."""
        reached = accumulate(count for _, count in sorted(self.took.items()))
        for (took, _), so_far in zip(sorted(self.took.items()), reached, strict=True):
            if so_far >= share * self.released:
                return (took + 0.5) / 6
        return None


@dataclass(frozen=True, slots=True)
class Position:
    """Where one currency stands at the end of a day, in minor units: promised to the brand and settled by no
    institution yet; and settled, and not told of by the brand's bank."""

    day: date
    open_minor: int
    on_its_way_minor: int


def days(*, shops: Collection[int], first: date, last: date) -> list[Figures]:
    """Every day from `first` to `last`, of these storefronts together."""
    found = {day: Figures(day) for day in _every(first, last)}
    rows = Day.objects.filter(storefront_id__in=shops, day__range=(first, last))
    for row in rows.values("day", "clearance", *SUMS):
        one = found[row["day"]]
        for name in SUMS:
            setattr(one, name, getattr(one, name) + row[name])
        one.took.update({int(took): count for took, count in row["clearance"].items()})
    return list(found.values())


def position(*, shops: Collection[int], first: date, last: date) -> Mapping[str, list[Position]]:
    """The position at the end of every day from `first` to `last`, by currency."""
    before = first - timedelta(days=1)
    moved = (
        ForexDay.objects.filter(storefront_id__in=shops, day__lte=last)
        .annotate(at=Greatest(F("day"), Value(before)))
        .values_list("currency", "at")
        .annotate(
            open=Sum(F("promised_minor") - F("kept_minor")),
            way=Sum(F("settled_minor") - F("credited_minor") - F("charged_minor")),
        )
    )
    by_day = {(currency, at): (opened, way) for currency, at, opened, way in moved}
    found: dict[str, list[Position]] = {}
    for currency in sorted({currency for currency, _ in by_day}):
        opened, way = by_day.get((currency, before), (0, 0))
        rows = found.setdefault(currency, [])
        for day in _every(first, last):
            more, further = by_day.get((currency, day), (0, 0))
            opened, way = opened + more, way + further
            rows.append(Position(day, opened, way))
    return found


def _every(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]

"""Lines and bars over days, drawn in the browser by Chart.js, which unfold ships, with their numbers below.

A canvas tells a screen reader no more than its name: the same numbers stand in a table that opens below it.
Colours hold on light and dark pages, and lines differ by more than their colour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from operators.tables import Table, kept

# Each at least three to one against white and against the dark page.
_INKS = ("#3b82f6", "#d97706", "#10b981", "#a855f7")
_DASHES: tuple[list[int], ...] = ([], [6, 4], [2, 3], [10, 4, 2, 4])
_WORDS = "#78818f"  # likewise; Chart.js draws words on the canvas, where no style sheet reaches
_TICKS: dict[str, Any] = {"color": _WORDS, "maxRotation": 0, "autoSkipPadding": 16}
_AXIS: dict[str, Any] = {"ticks": _TICKS, "border": {"display": False}}


@dataclass(frozen=True)
class Series:
    """One line: its name, and a value a day; None on days that have none. `shown` writes a value in words."""

    name: Any
    values: Sequence[float | None]
    shown: Callable[[float], str] = "{:g}".format


def chart(
    *,
    name: Any,
    unit: Any,
    days: Sequence[str],
    series: Sequence[Series],
    bars: bool = False,
    first: Any = "",
) -> dict[str, Any]:
    """What `operators/chart.html` draws; no `data` where no day has any. `first` heads the column of days."""
    some = any(value for one in series for value in one.values)
    return {
        "title": name,
        "unit": unit,
        "type": "bar" if bars else "line",
        "data": _data(days, series, bars) if some else "",
        "options": _options(len(series) > 1, bars, _whole(series)),
        "table": _table(name, days, series, first) if some else {"title": name, "headers": [], "rows": []},
    }


def _data(days: Sequence[str], series: Sequence[Series], bars: bool) -> str:
    sets = [
        {
            "label": str(one.name),
            "data": one.values,
            "borderColor": ink,
            "backgroundColor": ink,
            **({"borderRadius": 2, "maxBarThickness": 24} if bars else _line(dashes, one.values)),
        }
        for one, ink, dashes in zip(series, _INKS, _DASHES, strict=False)
    ]
    return orjson.dumps({"labels": list(days), "datasets": sets}).decode()


def _line(dashes: list[int], values: Sequence[float | None]) -> dict[str, Any]:
    """Joined over days without a value; a day that stands alone is a dot, or nothing would be seen of it."""
    alone = sum(value is not None for value in values) < len(values)
    return {
        "borderWidth": 2,
        "borderDash": dashes,
        "spanGaps": True,
        "tension": 0.25,
        "cubicInterpolationMode": "monotone",
        "pointStyle": "circle",
        "pointRadius": 2 if alone else 0,
        "pointHitRadius": 12,
    }


def _whole(series: Sequence[Series]) -> bool:
    """Whether things are counted: then the axis has no half of one."""
    return all(value is None or isinstance(value, int) for one in series for value in one.values)


def _options(several: bool, bars: bool, whole: bool) -> str:
    counted = {"ticks": {**_TICKS, "precision": 0}} if whole else {}
    options = {
        "animation": False,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {
                "display": several,
                "align": "start",
                "labels": {"color": _WORDS, "boxWidth": 8 if bars else 24, "boxHeight": 8 if bars else 0},
            }
        },
        "scales": {
            "x": {**_AXIS, "grid": {"display": False}},
            "y": {**_AXIS, "grid": {}, "beginAtZero": True, **counted},
        },
    }
    return orjson.dumps(options).decode()


def _table(name: Any, days: Sequence[str], series: Sequence[Series], first: Any) -> Table:
    rows = zip(days, zip(*(one.values for one in series), strict=True), strict=True)
    return {
        "title": name,
        "headers": [first, *(one.name for one in series)],
        "rows": [
            [
                kept(day),
                *("-" if value is None else one.shown(value) for one, value in zip(series, row, strict=True)),
            ]
            for day, row in reversed(list(rows))
            if any(value for value in row)
        ],
    }

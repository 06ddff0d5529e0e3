"""Lines over days as a drawing that needs no script, in colours that hold on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join

WIDTH, HEIGHT = 760, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 34, 34
# Each at least three to one against white and against the dark page; the second is also broken.
_INKS = (("#3b82f6", "none"), ("#d97706", "6 4"))
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Series:
    """One line: its name, and a value a day; None on days that have none."""

    name: Any
    values: Sequence[float | None]


def lines(*, name: Any, unit: Any, days: Sequence[str], series: Sequence[Series]) -> Any:
    """The drawing; nothing where no day has a value. What it shows stands in a table beside it as well."""
    most = max((value for one in series for value in one.values if value is not None), default=0.0)
    if most <= 0:
        return ""
    step = _step(most)
    top = step * -(-most // step)
    inks = list(zip(series, _INKS, strict=False))
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" width="100%"'
        ' style="max-width:60rem;font-size:12px" fill="currentColor">{}{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        name,
        _legend(inks, unit),
        _grid(step, top),
        _days(days),
        format_html_join("", "{}", ((_line(one, ink, days, top),) for one, ink in inks)),
    )


def _step(most: float) -> float:
    """A round distance between lines, so that three to five of them stand below the highest value."""
    power = 1.0
    while most / power > 50:
        power *= 10
    while most / power < 5:
        power /= 10
    return next(power * step for step in _STEPS if most / (power * step) <= 5)


def _x(place: int, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / max(count, 1), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _grid(step: float, top: float) -> Any:
    levels = [step * n for n in range(round(top / step) + 1)]
    return format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="currentColor" stroke-opacity="0.2"></line>'
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (LEFT, WIDTH - RIGHT, _y(level, top), _y(level, top), LEFT - 8, _y(level, top) + 4, f"{level:g}")
            for level in levels
        ),
    )


def _days(days: Sequence[str]) -> Any:
    every = max(1, len(days) // 6)
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (_x(n, len(days)), HEIGHT - BOTTOM + 20, day)
            for n, day in enumerate(days)
            if (len(days) - 1 - n) % every == 0
        ),
    )


def _legend(inks: Sequence[tuple[Series, tuple[str, str]]], unit: Any) -> Any:
    keys = format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="14" y2="14" stroke="{}" stroke-width="2.5" stroke-dasharray="{}"></line>'
        '<text x="{}" y="18">{}</text>',
        (
            (LEFT + 150 * n, LEFT + 150 * n + 28, colour, dashes, LEFT + 150 * n + 36, one.name)
            for n, (one, (colour, dashes)) in enumerate(inks)
        ),
    )
    return format_html('{}<text x="{}" y="18" text-anchor="end">{}</text>', keys, WIDTH - RIGHT, unit)


def _line(one: Series, ink: tuple[str, str], days: Sequence[str], top: float) -> Any:
    """Joined over days without a value, each value marked; a browser tells it where the pointer rests."""
    colour, dashes = ink
    places = [
        (_x(n, len(days)), _y(value, top), day, value)
        for n, (day, value) in enumerate(zip(days, one.values, strict=True))
        if value is not None
    ]
    marks = format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="3" fill="{}"><title>{} · {} · {}</title></circle>',
        ((x, y, colour, day, one.name, f"{value:.1f}") for x, y, day, value in places),
    )
    return format_html(
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="2" stroke-dasharray="{}"></polyline>{}',
        " ".join(f"{x},{y}" for x, y, *_ in places),
        colour,
        dashes,
        marks,
    )

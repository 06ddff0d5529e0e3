"""Every figure of the law is data with a first day in force, a source and a day of last check.

`law/<topic>/<figure>.yaml` is read once a process; `Law(day)` answers with what was in force on that day.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import yaml

FOLDER = Path(__file__).parent / "law"
HOUSE = "平台内部控制规则"  # a figure that no law gives and the house decided: it has no link


class NoFigure(LookupError):
    """The law has no such figure on that day."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of one figure, in force from `first_day`, with where it stands written."""

    name: str
    first_day: date
    value: Any
    document: str
    article: str
    link: str
    confidence: str
    checked: date
    note: str = ""
    note_zh: str = ""

    @property
    def citation(self) -> str:
        """Document and article, as a refusal cites them."""
        return f"{self.document} {self.article}".strip()

    @property
    def front_page(self) -> bool:
        """Whether the link leads to a page of the authority on which the text has yet to be looked for."""
        return self.link.endswith("/")


@dataclass(frozen=True, slots=True)
class Topic:
    """A figure over time: what it is, in which unit, and its values by first day."""

    name: str
    title: str
    title_zh: str
    unit: str
    days: tuple[date, ...]
    figures: tuple[Figure, ...]


class Law:
    """The law of one day."""

    __slots__ = ("_in_force", "_topics", "day", "edition")

    def __init__(self, day: date, folder: Path = FOLDER) -> None:
        self.day = day
        self._topics, self.edition = read(folder)
        self._in_force = in_force(folder, day)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Law) and (self.day, self.edition) == (other.day, other.edition)

    def __hash__(self) -> int:
        return hash((self.day, self.edition))

    def source(self, name: str) -> Figure:
        """The figure with its source; raises NoFigure for an unknown name or a day before the first."""
        found = self._in_force.get(name)
        if found is not None:
            return found
        if name not in self._topics:
            raise NoFigure(f"there is no figure {name!r}")
        raise NoFigure(f"{name} has no value on {self.day}; the first is of {self._topics[name].days[0]}")

    def figure(self, name: str) -> Any:
        """The value alone: fen as int for money, Decimal for a rate, tuple for a list, bool, or mapping of
        text; of grams where the unit is kilograms."""
        found = self._in_force.get(name)
        return found.value if found is not None else self.source(name).value

    def figures(self) -> list[Figure]:
        """Every figure that has a value on this day, by name."""
        return list(self._in_force.values())

    @property
    def topics(self) -> Mapping[str, Topic]:
        """Every figure over time, by name."""
        return self._topics


@lru_cache(maxsize=64)
def in_force(folder: Path, day: date) -> Mapping[str, Figure]:
    """The figures of a folder that have a value on `day`, by name."""
    return {
        name: topic.figures[index - 1]
        for name, topic in read(folder)[0].items()
        if (index := bisect_right(topic.days, day))
    }


@cache
def read(folder: Path) -> tuple[Mapping[str, Topic], str]:
    """All figures of a folder and the edition: SHA-256 over their canonical content.

    Raises ValueError for a file that lacks a source, a check day, or has two values of one first day, and for
    a decision of the house that borrows a link of the law's.
    """
    topics: dict[str, Topic] = {}
    raw: dict[str, Any] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        name = f"{path.parent.name}/{path.stem}"
        raw[name] = yaml.safe_load(path.read_text(encoding="utf-8"))
        try:
            topics[name] = _topic(name, raw[name])
        except (KeyError, TypeError, ArithmeticError) as problem:
            raise ValueError(f"{name}: {problem!r}") from problem
    canonical = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    return MappingProxyType(topics), hashlib.sha256(canonical).hexdigest()


def _topic(name: str, raw: dict[str, Any]) -> Topic:
    convert = _UNITS[raw["unit"]]
    figures = sorted(
        (
            Figure(
                name=name,
                first_day=entry["from"],
                value=convert(entry["value"]),
                document=entry["document"],
                article=entry["article"],
                link=entry["link"],
                confidence=entry["confidence"],
                checked=entry["checked"],
                note=entry.get("note", ""),
                note_zh=entry.get("note_zh", ""),
            )
            for entry in raw["values"]
        ),
        key=lambda figure: figure.first_day,
    )
    days = tuple(figure.first_day for figure in figures)
    if not days or len(set(days)) != len(days):
        raise ValueError(f"{name}: a figure has values, each with a first day of its own")
    for figure in figures:
        if figure.confidence not in ("C", "P", "M") or not figure.document:
            raise ValueError(f"{name}: a value has a document and a confidence C, P or M")
        if (not figure.link) != (figure.document == HOUSE):
            raise ValueError(f"{name}: a value has a link, unless it is a decision of the house")
        if bool(figure.note) != bool(figure.note_zh):
            raise ValueError(f"{name}: a note is written in both languages")
    return Topic(name, raw["title"], raw["title_zh"], raw["unit"], days, tuple(figures))


def _yuan(text: str) -> int:
    fen = Decimal(text) * 100
    if fen != int(fen):
        raise ValueError(f"{text} is not whole fen")
    return int(fen)


def _percent(text: str) -> Decimal:
    return Decimal(text) / 100


def _grams(kilograms: dict[str, str]) -> Any:
    return MappingProxyType({group: int(Decimal(text) * 1000) for group, text in kilograms.items()})


def _surtaxes(origins: dict[str, dict[str, str]]) -> Any:
    """By country of origin: pairs of the beginning of a commodity code ("" for all goods) and a rate."""
    return MappingProxyType(
        {
            origin: tuple((prefix, _percent(text)) for prefix, text in rates.items())
            for origin, rates in origins.items()
        }
    )


_UNITS: dict[str, Callable[[Any], Any]] = {
    "yuan": _yuan,
    "percent": _percent,
    "percents": lambda texts: tuple(_percent(text) for text in texts),
    "codes": tuple,
    "count": int,
    "counts": lambda values: MappingProxyType({name: int(value) for name, value in values.items()}),
    "flag": bool,
    "surtaxes": _surtaxes,
    "text": MappingProxyType,
    "kilograms": _grams,
}

"""The administrative divisions of China (行政区划, Ministry of Civil Affairs 2024), held in memory."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "data" / "divisions.csv"


_BEYOND_CUSTOMS = frozenset({"71", "81", "82"})  # 台湾, 香港, 澳门


class Division(NamedTuple):
    """One division: 6-digit code, name, level ("province", "city", "county"), code of what it lies in."""

    code: str
    name: str
    level: str
    parent: str


@lru_cache(maxsize=1)
def all_divisions() -> dict[str, Division]:
    """Code → division."""
    with _FILE.open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: Division(row["code"], row["name_zh"], row["level"], row["parent_code"])
            for row in csv.DictReader(lines)
        }


@lru_cache(maxsize=1)
def _with_children() -> frozenset[str]:
    return frozenset(d.parent for d in all_divisions().values() if d.parent)


def is_county(code: str) -> bool:
    """Whether a parcel can be sent to this code: a county, or a city that has no counties below it."""
    division = all_divisions().get(code)
    return division is not None and (division.level == "county" or code not in _with_children())


def takes_imports(code: str) -> bool:
    """Whether retail imports (1210, 9610, 1239) can be sent to this county.

    They are cleared for the mainland; Taiwan, Hong Kong and Macao lie beyond its customs.
    """
    return is_county(code) and code[:2] not in _BEYOND_CUSTOMS


def path(code: str) -> list[str]:
    """Names from province to county, e.g. ["上海市", "浦东新区"]; empty for an unknown code."""
    names: list[str] = []
    division = all_divisions().get(code)
    while division is not None:
        if not names or names[0] != division.name:
            names.insert(0, division.name)
        division = all_divisions().get(division.parent)
    return names

"""Customs' own codes for countries and units; the tables and where they come from lie in `catalog/data/`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Country:
    """A country by ISO 3166-1 alpha-2, with its customs numeric code 国别（地区）代码."""

    iso: str
    customs_code: str
    name_zh: str
    name_en: str


@cache
def countries() -> dict[str, Country]:
    """Every country by ISO code. Customs' numbers are not unique, so there is no way back from them."""
    return {row["iso"]: Country(**row) for row in _rows("countries.csv")}


@cache
def units() -> dict[str, str]:
    """Every customs unit 计量单位: 3-digit code → Chinese name."""
    return {row["code"]: row["name_zh"] for row in _rows("units.csv")}


def country_names(iso: str) -> dict[str, str]:
    """The country's names; where the table does not know it, its code."""
    found = countries().get(iso)
    return {"zh": found.name_zh, "en": found.name_en} if found else {"zh": iso, "en": iso}


def unit_name(code: str) -> str:
    """The Chinese name of a unit; where the table does not know it, its code."""
    return units().get(code, code)


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

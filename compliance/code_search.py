"""Commodity codes by digits or words, with what is levied and what the positive list says on a day.

The tariff and the list are Chinese; English names are ours, for the eye and for finding (unofficial).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, reduce
from operator import and_
from pathlib import Path

from django.db.models import Q

from compliance import tax
from compliance.law import Law
from compliance.models import PositiveListLine, TariffLine
from compliance.queries import tariff

_ENGLISH = Path(__file__).parent / "data" / "code_names_en.csv"
MOST = 50


@dataclass(frozen=True)
class Code:
    """One commodity code on a day: its tariff line, its line of the positive list, None where there is none.

    `composite` is what is levied within the limits as a share of the value, without excise that falls due
    above a threshold only; `above` is with it. None where it is no share of a value.
    """

    hs_code: str
    name_zh: str
    name_en: str
    line: TariffLine | None
    listing: PositiveListLine | None
    rate: tax.Rate | None
    composite: Decimal | None
    above: Decimal | None


def find(*, asked: str, day: date) -> tuple[list[Code], bool]:
    """The first MOST codes that hold every word, or begin with the digits, in order; and whether more do.

    Three statements. A code that only the positive list knows is found too.
    """
    words = asked.split()
    if not words:
        return [], False
    wanted = reduce(and_, (_holds(word) for word in words))
    known = {"first_day__lte": day}
    lines = TariffLine.objects.filter(wanted, **known).order_by("hs_code", "-first_day").distinct("hs_code")
    found = {line.hs_code: line for line in lines[: MOST + 1]}
    listed = PositiveListLine.objects.filter(wanted | Q(hs_code__in={code[:8] for code in found}), **known)
    latest = listed.order_by("hs_code", "-first_day").distinct("hs_code")
    listing = {line.hs_code: line for line in latest[: 2 * MOST] if line.listed}
    codes = sorted({*found, *(code for code in listing if code not in {known[:8] for known in found})})
    rates = tariff(hs_codes=codes, day=day)
    law = Law(day)
    shown = [_code(code, found.get(code), listing.get(code[:8]), rates.get(code), law) for code in codes]
    return shown[:MOST], len(codes) > MOST


@cache
def english() -> dict[str, str]:
    """The English name by code; unofficial."""
    with _ENGLISH.open(encoding="utf-8", newline="") as rows:
        return {row["hs_code"]: row["name_en"] for row in csv.DictReader(rows)}


def english_name(hs_code: str) -> str:
    """That of the code, else that of its first 8 digits, else nothing."""
    return english().get(hs_code) or english().get(hs_code[:8], "")


def _holds(word: str) -> Q:
    if word.replace(".", "").isdecimal():
        digits = word.replace(".", "")
        # Of a longer code its line of 8 digits counts.
        return Q(hs_code__startswith=digits) | Q(hs_code=digits[:8] if len(digits) > 8 else digits)
    lowered = word.lower()
    named = [code for code, name in english().items() if lowered in name.lower()]
    return Q(name_zh__icontains=word) | Q(hs_code__in=named)


def _code(
    code: str, line: TariffLine | None, listing: PositiveListLine | None, rate: tax.Rate | None, law: Law
) -> Code:
    bounded = rate is not None and bool(rate.threshold_fen_per_ml_or_g or rate.threshold_fen_per_piece)
    name = line.name_zh if line else listing.name_zh if listing else ""
    return Code(
        hs_code=code,
        name_zh=name,
        name_en=english_name(code),
        line=line,
        listing=listing,
        rate=rate,
        composite=tax.composite(rate, law, excise=not bounded) if rate else None,
        above=tax.composite(rate, law, excise=True) if rate and bounded else None,
    )

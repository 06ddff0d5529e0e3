"""Import tax of each line, exact to the fen: each kind of tax of each declared line is rounded once, half-up.

A line whose price does not divide by its pieces is declared, and levied, as two; its tax is theirs together.

With DV the dutiable value (完税价格, goods + freight + insurance), D duty (关税), CT excise (消费税),
VAT (增值税), d, v, c their rates and t a specific rate per unit of quantity q:

    ad valorem  CT = (DV + D) / (1 − c) × c
    specific    CT = q × t
    compound    CT = (DV + D + q×t) / (1 − c) × c + q×t
    VAT = (DV + D + CT) × v

Within the limits D is 0 and 70 % of CT and VAT is levied; one piece above the single limit is levied in full,
its duty with the surtax (加征关税) on goods of its origin.
Worked tables: docs/pricing.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from compliance.facts import LineFacts, as_declared
from compliance.law import Law
from kernel.errors import Conflict
from kernel.money import times

ExciseKind = Literal["none", "ad_valorem", "specific", "compound"]

# What every tax rests on beside the rates of its line; a judgement keeps them.
FIGURES = ("import/tax_share_within_limit", "import/duty_within_limit", "import/surtax_by_origin")

_UNIT = re.compile(r"([1-9]\d*)(ml|l|g|kg|piece)")
_UNITS = {"ml": ("ml", 1), "l": ("ml", 1000), "g": ("g", 1), "kg": ("g", 1000), "piece": ("piece", 1)}


@dataclass(eq=False)
class TariffMissing(Conflict):
    """No tariff line of this code is in force: the goods cannot be taxed and so not be sold."""

    code = "tariff_missing"
    title = "There is no tariff for {sku} yet."
    title_zh = "商品 {sku} 暂无适用税率，无法结算。"
    sku: str
    hs_code: str


@dataclass(eq=False)
class ContentMissing(Conflict):
    """The net content is needed for the excise of this code and is not on file in the right unit."""

    code = "content_missing"
    title = "The net content of {sku} is needed for its tax."
    title_zh = "商品 {sku} 缺少计税所需的净含量。"
    sku: str


@dataclass(frozen=True, slots=True)
class Rate:
    """The rates of one commodity code on a day, as fractions; the pure half of a TariffLine.

    `excise_unit` is what `excise_per_unit_fen` is paid for, as "500g" or "10l"; thresholds are in fen of
    dutiable value per ml or g, and per piece.
    """

    hs_code: str
    mfn_rate: Decimal
    vat_rate: Decimal
    provisional_rate: Decimal | None = None
    excise_kind: ExciseKind = "none"
    excise_rate: Decimal | None = None
    excise_per_unit_fen: int | None = None
    excise_unit: str = ""
    threshold_fen_per_ml_or_g: int | None = None
    threshold_fen_per_piece: int | None = None

    @property
    def duty_rate(self) -> Decimal:
        """The provisional rate (暂定税率) where there is one, before most-favoured-nation."""
        return self.mfn_rate if self.provisional_rate is None else self.provisional_rate


@dataclass(frozen=True, slots=True)
class LineTax:
    """What is levied on one line, in fen by kind, with the rates that were used."""

    sku: str
    duty_fen: int
    vat_fen: int
    excise_fen: int
    rate: Rate
    excise_due: bool
    surtax_rate: Decimal

    @property
    def total_fen(self) -> int:
        """All three kinds together."""
        return self.duty_fen + self.vat_fen + self.excise_fen


def assess(
    lines: Sequence[LineFacts], tariff: Mapping[str, Rate], law: Law, over_limit: bool
) -> list[LineTax]:
    """The tax of each line, in the order of the lines: the sum over the lines that are declared for it.

    `tariff` maps each line's `hs_code` to its rate (`queries.tariff` makes it); `over_limit` comes from the
    verdict. Raises TariffMissing and ContentMissing.
    """
    return levy(lines, [_rate(line, tariff) for line in lines], law, over_limit)


def levy(lines: Sequence[LineFacts], rates: Sequence[Rate], law: Law, over_limit: bool) -> list[LineTax]:
    """The same at rates that are known already, one a line. Raises ContentMissing."""
    return [
        _together([_declared(part, rate, law, over_limit) for part in parts])
        for parts, rate in zip(as_declared(lines), rates, strict=True)
    ]


def composite(rate: Rate, law: Law, *, excise: bool) -> Decimal | None:
    """All that is levied within the limits as a share of the dutiable value; `excise` where it is due.

    None where excise is paid by quantity: then it is no share of a value.
    """
    levied, duty = law.figure("import/tax_share_within_limit"), law.figure("import/duty_within_limit")
    due = Fraction(0)
    if excise and rate.excise_kind != "none":
        if rate.excise_rate is None or rate.excise_per_unit_fen is not None:
            return None
        due = (1 + _exact(duty)) * _exact(rate.excise_rate) / (1 - _exact(rate.excise_rate))
    vat = (1 + _exact(duty) + due) * _exact(rate.vat_rate)
    share = _exact(duty) + _exact(levied) * (due + vat)
    return Decimal(round(share * 10**6)).scaleb(-6)


def surtax_rate(line: LineFacts, law: Law) -> Decimal:
    """What is added to the duty on goods of this origin; several surtaxes on one code add up."""
    rates = law.figure("import/surtax_by_origin").get(line.origin, ())
    return sum((rate for prefix, rate in rates if line.hs_code.startswith(prefix)), Decimal(0))


def _together(parts: list[LineTax]) -> LineTax:
    """What is levied on the parts of one line; excise is due where it is of any of them."""
    return replace(
        parts[0],
        duty_fen=sum(part.duty_fen for part in parts),
        vat_fen=sum(part.vat_fen for part in parts),
        excise_fen=sum(part.excise_fen for part in parts),
        excise_due=any(part.excise_due for part in parts),
    )


def _rate(line: LineFacts, tariff: Mapping[str, Rate]) -> Rate:
    rate = tariff.get(line.hs_code)
    if rate is None:
        raise TariffMissing(sku=line.sku, hs_code=line.hs_code)
    return rate


def _declared(line: LineFacts, rate: Rate, law: Law, over_limit: bool) -> LineTax:
    if over_limit:
        surtax = surtax_rate(line, law)
        levied, duty_rate = Fraction(1), _exact(rate.duty_rate + surtax)
    else:
        surtax = Decimal(0)
        levied = _exact(law.figure("import/tax_share_within_limit"))
        duty_rate = _exact(law.figure("import/duty_within_limit"))
    duty = line.dutiable_fen * duty_rate
    value = line.dutiable_fen + duty
    excise_due = _excise_due(line, rate)
    excise = _excise(line, rate, value) if excise_due else Fraction(0)
    vat = (value + excise) * _exact(rate.vat_rate)
    return LineTax(
        sku=line.sku,
        duty_fen=_rounded(duty),
        vat_fen=_rounded(levied * vat),
        excise_fen=_rounded(levied * excise),
        rate=rate,
        excise_due=excise_due,
        surtax_rate=surtax,
    )


def _excise(line: LineFacts, rate: Rate, value: Fraction | int) -> Fraction:
    """The statutory excise (100 %) on a line whose dutiable value and duty are `value`, exact."""
    specific = Fraction(0)
    if rate.excise_per_unit_fen is not None:
        unit, size = unit_of(rate.excise_unit)
        specific = _content(line, (unit,)) * rate.excise_per_unit_fen / size
    if rate.excise_rate is None:
        return specific
    c = _exact(rate.excise_rate)
    return (value + specific) / (1 - c) * c + specific


def _excise_due(line: LineFacts, rate: Rate) -> bool:
    """Whether excise falls due; thresholds are compared without division: value ≥ threshold × content."""
    if rate.excise_kind == "none":
        return False
    by_content, by_piece = rate.threshold_fen_per_ml_or_g, rate.threshold_fen_per_piece
    if by_content is None and by_piece is None:
        return True
    if by_piece is not None and (line.content_unit == "piece" or by_content is None):
        return line.dutiable_fen >= by_piece * _content(line, ("piece",))
    assert by_content is not None
    return line.dutiable_fen >= by_content * _content(line, ("ml", "g"))


def _content(line: LineFacts, units: tuple[str, ...]) -> Fraction:
    """Content of the whole line; goods counted by the piece that state no content are one piece each."""
    if line.content_unit in units and line.content_per_piece is not None:
        return _exact(line.content_per_piece) * line.quantity
    if units == ("piece",):
        return Fraction(line.quantity)
    raise ContentMissing(sku=line.sku)


def _rounded(exact: Fraction) -> int:
    """Fen, half-up: the one place where a tax is rounded."""
    return times(1, exact)


@lru_cache(maxsize=4096)
def _exact(value: Decimal) -> Fraction:
    return Fraction(value)


@lru_cache(maxsize=256)
def unit_of(text: str) -> tuple[str, int]:
    """Read "500g" as ("g", 500) and "10l" as ("ml", 10000); raises ValueError for anything else."""
    found = _UNIT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a number and one of ml, l, g, kg, piece")
    unit, size = _UNITS[found[2]]
    return unit, int(found[1]) * size

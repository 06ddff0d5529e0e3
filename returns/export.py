"""When goods that were sold from China abroad come back, and what of their tax (law.md R3.6, R3.7): pure.

Ready for the retail export of a later day: no row of this house is an export yet.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from compliance.law import Law, NoFigure

RETAIL_MODES = ("9610", "1210", "9810")  # that come back under 海关总署公告2020年第44号
UNTAXED_MODES = ("1210", "9610", "9710", "9810")  # that 公告2026年第16号 frees of tax


@dataclass(frozen=True, slots=True)
class Exported:
    """What was sold abroad: `left_on` is the day of export, under 1210 that of leaving the zone."""

    trade_mode: str
    declared_on: date
    released_on: date
    left_on: date
    food: bool = False


@dataclass(frozen=True, slots=True)
class ExportReturn:
    """`admitted` as a retail return; `untaxed` on its way in; `rebate_owed`: a rebate had is paid back."""

    admitted: bool
    admitted_until: date
    untaxed: bool
    untaxed_until: date | None
    rebate_owed: bool
    why: tuple[str, ...]


def export_return(sale: Exported, *, back_on: date, original_state: bool, rebated: bool) -> ExportReturn:
    """What becomes of goods that are back on `back_on`; `rebated`: the seller has had its tax rebate.

    `why` names what stands against it: "mode", "late", "policy", "food", "altered", "tax_late".
    """
    until = sale.released_on + timedelta(days=Law(sale.released_on).figure("export/return_days"))
    why = []
    if sale.trade_mode not in RETAIL_MODES:
        why.append("mode")
    if back_on > until:
        why.append("late")
    admitted = not why
    untaxed_until = _untaxed_until(sale)
    tests = {
        "policy": untaxed_until is None,
        "food": sale.food,
        "altered": not original_state,
        "tax_late": untaxed_until is not None and back_on > untaxed_until,
    }
    against = [name for name, holds in tests.items() if holds]
    untaxed = admitted and not against
    return ExportReturn(admitted, until, untaxed, untaxed_until, untaxed and rebated, (*why, *against))


def _untaxed_until(sale: Exported) -> date | None:
    """The last day on which its goods come back untaxed; None where the policy does not know the sale."""
    try:
        figure = Law(sale.declared_on).figure("export/return_tax_months")
    except NoFigure:
        return None
    if sale.trade_mode not in UNTAXED_MODES or int(f"{sale.declared_on:%Y%m%d}") > figure["last_declared"]:
        return None
    return _months_later(sale.left_on, figure["months"])


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))

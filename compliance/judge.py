"""A purchase is judged by every rule of its day; all refusals are collected, not the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from compliance.facts import BuyerFacts, LineFacts, LockedRates, Moment, Purchase
from compliance.law import Law
from compliance.notice import risk_notice
from compliance.rules import RULES, Rule
from compliance.rules.limits import one_piece_above_limit
from compliance.tax import FIGURES as TAX
from kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allowed or not and why; `figures` (JSON-ready) and `edition` say on which law it rests.

    `judged` are the numbers of the rules that were asked: what is among them and did not refuse was passed.
    `over_limit` tells the tax engine to levy in full: one piece above the single-transaction limit.
    """

    allowed: bool
    judged: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    figures: dict[str, Any]
    edition: str
    over_limit: bool


def judge(purchase: Purchase, law: Law) -> Verdict:
    """Ask every rule in force on the purchase's day; pure, no reading, no writing.

    Raises ValueError when `law` is of another day than the purchase, or the purchase has no lines.
    """
    if purchase.day != law.day:
        raise ValueError("a purchase is judged by the law of its day")
    if not purchase.lines:
        raise ValueError("there is nothing to judge")
    asked = _asked(law, purchase.moment)
    refusals = tuple(
        rule.refusal(facts, law) for rule in asked if (facts := rule.check(purchase, law)) is not None
    )
    return Verdict(
        allowed=not refusals,
        judged=_numbers(law, purchase.moment),
        refusals=refusals,
        figures={
            "day": purchase.day.isoformat(),
            "law": _figures(law, purchase.moment),
            "dutiable_fen": purchase.dutiable_fen,
            "pieces": purchase.pieces,
            "year_used_fen": purchase.year_used_fen,
            "year_reserved_fen": purchase.year_reserved_fen,
            "year_grams": dict(purchase.year_grams),
            "exchange": _exchange(purchase.rates),
        },
        edition=law.edition,
        over_limit=one_piece_above_limit(purchase, law),
    )


def standing(case: Purchase, law: Law) -> tuple[tuple[Rule, Refusal | None], ...]:
    """Each rule of a quote that asks what is sold and how, not by whom it is ordered, with its refusal."""
    asked = [rule for rule in _asked(law, "quote") if "naming" not in rule.moments]
    return tuple((rule, rule(case, law)) for rule in asked)


def judge_offer(*, lines: Sequence[LineFacts], parties: Mapping[str, str], law: Law) -> Verdict:
    """Whether goods may be put on sale at all, before anyone buys: the rules of the moment "offer"."""
    return judge(
        Purchase(
            day=law.day,
            moment="offer",
            trade_mode="",
            storefront_trade_modes=frozenset(),
            warehouse_trade_mode="",
            lines=tuple(lines),
            buyer=BuyerFacts(number_present=False),
            parties=parties,
        ),
        law,
    )


def _exchange(rates: LockedRates | None) -> dict[str, str | None]:
    """Yuan for 100 units of each currency, as the quote locked it."""
    if rates is None:
        return {}
    return {
        code: str(rate) if rate is not None else None
        for code, rate in ((rates.brand_currency, rates.brand), ("USD", rates.usd))
        if code != "CNY"
    }


@lru_cache(maxsize=32)
def _asked(law: Law, moment: Moment) -> tuple[Rule, ...]:
    """The rules that are judged on the law's day at this moment."""
    return tuple(rule for rule in RULES if rule.since <= law.day and moment in rule.moments)


@lru_cache(maxsize=32)
def _numbers(law: Law, moment: Moment) -> tuple[str, ...]:
    return tuple(rule.id for rule in _asked(law, moment))


@lru_cache(maxsize=32)
def _figures(law: Law, moment: Moment) -> dict[str, Any]:
    """What the rules that are asked at this moment look at, and the tax where goods are bought; of the risk
    notice its hash, which a consumer confirms, in place of its sentences."""
    names = {name for rule in _asked(law, moment) for name in rule.figures}
    figures = {
        name: _plain(law.figure(name)) for name in sorted(names.union(() if moment == "offer" else TAX))
    }
    if "notice/risk_notice" in figures:
        figures["notice/risk_notice"]["sha256"] = risk_notice(law).sha256
    return figures


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "get"):
        return {k: _plain(v) for k, v in value.items() if isinstance(v, (str, int, tuple))}
    return value

"""The rule book: importing this package gathers every rule."""

from compliance.rules import identity, limits, notice, trade_mode  # noqa: F401  (each enters its rules)
from compliance.rules.book import RULES, Rule

__all__ = ["RULES", "Rule"]

"""The rule book: importing this package gathers every rule."""

from compliance.rules import (  # noqa: F401  (each enters its rules)
    identity,
    limits,
    notice,
    payer,
    personal_use,
    returns,
    trade_mode,
)
from compliance.rules.book import RULES, Rule

__all__ = ["RULES", "Rule"]

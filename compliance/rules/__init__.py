"""The rule book: importing this package gathers every rule."""

from compliance.rules import (  # noqa: F401  (each enters its rules)
    age,
    forex,
    goods,
    identity,
    limits,
    notice,
    parties,
    payer,
    personal_use,
    positive_list,
    price,
    returns,
    trade_mode,
)
from compliance.rules.book import RULES, Rule

__all__ = ["RULES", "Rule"]

"""Foreign money is whole minor units of a currency; yuan become it by one rate and one rounding."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from kernel.money import times

# Decimals of ISO 4217. A currency that does not stand here is not settled in: its minor unit is not guessed.
_DECIMALS = {
    **dict.fromkeys(
        ("AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "MOP", "MYR", "NOK", "NZD", "PLN", "SEK"), 2
    ),
    **dict.fromkeys(("AED", "MXN", "SAR", "SGD", "THB", "TRY", "USD", "ZAR"), 2),
    **dict.fromkeys(("JPY", "KRW"), 0),
}
CURRENCIES = frozenset(_DECIMALS)
PAR = Decimal(100)  # yuan for 100 yuan


def units(currency: str) -> int:
    """How many minor units one of `currency` has."""
    return int(10 ** _DECIMALS[currency])


def to_minor(fen: int, *, cny_per_100: Decimal, currency: str) -> int:
    """`fen` in minor units of `currency` at so many yuan for 100 units.

    >>> to_minor(25_000, cny_per_100=Decimal("820.0000"), currency="EUR")
    3049
    """
    return times(fen, Fraction(units(currency)) / Fraction(cny_per_100))


def to_fen(minor: int, *, cny_per_100: Decimal, currency: str) -> int:
    """What `minor` units of `currency` cost in fen at that rate."""
    return times(minor, Fraction(cny_per_100) / units(currency))


def parsed(text: str, currency: str) -> int:
    """Minor units of an amount as files write it, with all its decimals; raises ValueError for all else.

    >>> parsed("-30.49", "EUR")
    -3049
    """
    decimals = _DECIMALS[currency]
    part = rf"\.([0-9]{{{decimals}}})" if decimals else "()"
    found = re.fullmatch(rf"(-?)(0|[1-9][0-9]{{0,14}}){part}", text)
    if found is None:
        raise ValueError(text)
    sign, whole, cents = found.groups()
    return int(f"{sign}{whole}{cents}")


def shown(minor: int, currency: str) -> str:
    """An amount as files write it.

    >>> shown(-3049, "EUR")
    '-30.49'
    """
    decimals = _DECIMALS[currency]
    digits = str(abs(minor)).zfill(decimals + 1)
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return f"-{text}" if minor < 0 else text

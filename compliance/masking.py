"""What a screen, a list or a log may show of a personal datum; the only place that decides it."""

from __future__ import annotations

import re

MOST_DIGITS = 15  # of a telephone with its country code (E.164)
_ONE_PHONE = re.compile(r"\+?[0-9 -]{11,20}")


def name(value: str) -> str:
    """张小明 → 张*; one star, so that the length of the name is not told."""
    return f"{value[:1]}*" if value else ""


def id_number(value: str) -> str:
    """11010519491231002X → 110105********002X (first six, last four)."""
    return f"{value[:6]}{'*' * (len(value) - 10)}{value[-4:]}" if len(value) > 10 else "*" * len(value)


def phone(value: str) -> str:
    """13812341234 → 138****1234; a leading country code is kept apart from the mask. What is not one number,
    as two with a stroke between them, is starred whole, and its length not told."""
    one = _ONE_PHONE.fullmatch(value) and sum(letter.isdigit() for letter in value) <= MOST_DIGITS
    if one:
        return f"{value[:-8]}****{value[-4:]}"
    return "*" * min(len(value), 11)


def address(region: str) -> str:
    """Only the region (province, city, district) is shown; the detail is starred."""
    return f"{region}***" if region else "***"

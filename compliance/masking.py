"""What a screen, a list or a log may show of a personal datum; the only place that decides it."""

from __future__ import annotations


def name(value: str) -> str:
    """张小明 → 张*; one star, so that the length of the name is not told."""
    return f"{value[:1]}*" if value else ""


def id_number(value: str) -> str:
    """11010519491231002X → 110105********002X (first six, last four)."""
    return f"{value[:6]}{'*' * (len(value) - 10)}{value[-4:]}" if len(value) > 10 else "*" * len(value)


def phone(value: str) -> str:
    """13812341234 → 138****1234; a leading country code is kept apart from the mask."""
    return f"{value[:-8]}****{value[-4:]}" if len(value) >= 11 else "*" * len(value)


def address(region: str) -> str:
    """Only the region (province, city, district) is shown; the detail is starred."""
    return f"{region}***" if region else "***"

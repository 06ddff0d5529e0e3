"""Money is whole fen; `times` and `share` are the only functions that may round."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def times(fen: int, rate: Decimal | Fraction) -> int:
    """`fen` × `rate`, rounded once, half away from zero, to whole fen.

    >>> times(9850, Decimal("0.091"))
    896
    """
    exact = Fraction(fen) * Fraction(rate)
    magnitude = (abs(exact) * 2 + 1) // 2
    return int(magnitude) if exact >= 0 else -int(magnitude)


def share(fen: int, weights: Sequence[int]) -> list[int]:
    """Split `fen` over `weights` by the largest remainder; the parts always add up to `fen`.

    Equal remainders go to the earlier part. Where all weights are zero, the parts are equal.

    >>> share(100, [1, 1, 1])
    [34, 33, 33]
    """
    if not weights:
        if fen:
            raise ValueError("nothing to share the amount over")
        return []
    if fen < 0 or any(w < 0 for w in weights):
        raise ValueError("shares are of non-negative amounts by non-negative weights")
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    parts = [fen * w // total for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(fen * weights[i] % total), i))
    for i in by_remainder[: fen - sum(parts)]:
        parts[i] += 1
    return parts


def by_price(quantity: int, fen: int) -> list[tuple[int, int]]:
    """(pieces, price of one) whose products add up to `fen`: one entry where it divides, else two.

    >>> by_price(3, 25000)
    [(2, 8333), (1, 8334)]
    """
    if quantity <= 0:
        return []
    price, rest = divmod(fen, quantity)
    return [(quantity, price)] if not rest else [(quantity - rest, price), (rest, price + 1)]


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals: 123456 → "1234.56"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def priced(fen: int) -> str:
    """Fen for the eye: 123456 → "¥1,234.56"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"

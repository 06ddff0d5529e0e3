"""A price with tax in it (包税) is split exactly: the largest goods value that it pays for, tax and a rest.

Tax never falls as a line's own value rises, also where a threshold makes it jump (tests/law), so the largest
value is found by halving.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace

from compliance.facts import LineFacts
from compliance.law import Law
from compliance.tax import LineTax, Rate, assess
from kernel.errors import Invalid


@dataclass(eq=False)
class PriceBelowTax(Invalid):
    """The price does not even pay for goods of one fen and their tax."""

    code = "price_below_tax"
    title = "The price of {sku} does not pay for its tax."
    title_zh = "商品 {sku} 的含税价不足以支付税款。"
    sku: str


@dataclass(frozen=True, slots=True)
class Split:
    """What a price with tax is made of, in fen: `goods_fen` + the tax on it + `rounding_fen`."""

    goods_fen: int
    tax: LineTax
    rounding_fen: int


def split(price_fen: int, piece: LineFacts, tariff: Mapping[str, Rate], law: Law) -> Split:
    """The largest goods value V of one piece bought alone with V + tax(V) ≤ `price_fen`, and the rest.

    `piece` says what it is; its own price is not looked at, its freight is dutiable and paid apart. Above the
    single-transaction limit tax is levied in full, as on any one piece. Raises PriceBelowTax, TariffMissing
    and ContentMissing, and ValueError for more than one piece.
    """
    goods_fen = _largest(price_fen, piece, tariff, law)
    if goods_fen < 1:
        raise PriceBelowTax(sku=piece.sku)
    tax = _levied(goods_fen, piece, tariff, law)
    return Split(goods_fen, tax, price_fen - goods_fen - tax.total_fen)


def even(price_fen: int, piece: LineFacts, tariff: Mapping[str, Rate], law: Law) -> list[int]:
    """The prices with tax next to `price_fen` of which nothing remains, in rising order.

    It alone where it is one itself, else the one below, if any, and the one above. Raises as `split`, but for
    PriceBelowTax.
    """
    largest = max(_largest(price_fen, piece, tariff, law), 0)
    told = [v + _levied(v, piece, tariff, law).total_fen for v in (largest, largest + 1) if v > 0]
    return [price_fen] if price_fen in told else told


def _largest(price_fen: int, piece: LineFacts, tariff: Mapping[str, Rate], law: Law) -> int:
    """The largest goods value that the price pays for with its tax; 0 or less when there is none."""
    if piece.quantity != 1:
        raise ValueError("a price with tax is that of one piece")

    def too_much(goods_fen: int) -> bool:
        return goods_fen + _levied(goods_fen, piece, tariff, law).total_fen > price_fen

    return bisect_left(range(price_fen + 1), True, key=too_much) - 1


def _levied(goods_fen: int, piece: LineFacts, tariff: Mapping[str, Rate], law: Law) -> LineTax:
    line = replace(piece, goods_fen=goods_fen)
    over_limit = line.dutiable_fen > law.figure("import/single_transaction_limit")
    return assess([line], tariff, law, over_limit=over_limit)[0]

"""Lines as customs counts them: price × quantity is the total to the fen, in order and list alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from customs.documents.facts import Line
from kernel.money import by_price

MOST_LINES = 99


@dataclass(frozen=True, slots=True)
class DeclaredLine:
    """One line of order and list (gnum): so many pieces at one price, in fen."""

    gnum: int
    line: Line
    price_fen: int

    @property
    def total_fen(self) -> int:
        return self.price_fen * self.line.quantity


def declared_lines(lines: tuple[Line, ...]) -> tuple[DeclaredLine, ...]:
    """The lines of both documents, numbered from 1; 3 pieces for 250.00 are 2 at 83.33 and 1 at 83.34.

    Their totals are the lines' own, and the tax of an order was computed on them (compliance/facts.py,
    `as_declared`). A line of which no piece is left is none.
    """
    found: list[DeclaredLine] = []
    for line in lines:
        for quantity, price_fen in by_price(line.quantity, line.goods_fen):
            found.append(DeclaredLine(len(found) + 1, _part(line, quantity, price_fen), price_fen))
    return tuple(found)


def _part(line: Line, quantity: int, price_fen: int) -> Line:
    return replace(line, quantity=quantity, goods_fen=quantity * price_fen)


def yuan(fen: int) -> Decimal:
    """Fen as the yuan of a message."""
    return Decimal(fen).scaleb(-2)


def fen(yuan: object) -> int:
    """Yuan as a message has them, in fen."""
    return int((Decimal(str(yuan)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def kilograms(grams: int) -> Decimal:
    """Grams as the kilograms of a message."""
    return Decimal(grams).scaleb(-3)

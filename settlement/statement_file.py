"""A statement of the ledger as CSV: a line an account, in yuan; openings and closings sum to zero."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kernel.money import yuan
from kernel.sheets import Sheet
from settlement.queries import Line

COLUMNS = ("account", "opening_yuan", "debit_yuan", "credit_yuan", "closing_yuan")


def write(lines: Iterable[Line], out: Any) -> None:
    """Write the lines to `out`, anything with `write`."""
    sheet = Sheet(out)
    sheet.row(COLUMNS)
    for line in lines:
        amounts = (line.opening_fen, line.debit_fen, line.credit_fen, line.closing_fen)
        sheet.row([line.account, *(yuan(fen) for fen in amounts)])

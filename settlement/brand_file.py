"""The brand's statement as rows: brought forward, orders, the bank, totals, carried forward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.money import yuan
from kernel.sheets import Sheet
from settlement.brand import BrandStatement
from settlement.currency import shown

_FEN = ("gross_fen", "refunded_fen", "fee_fen", "net_fen")
_MINOR = ("promised_minor", "foreign_minor", "result_minor", "charged_minor", "credited_minor")


def columns(currency: str) -> list[str]:
    """The heads of the file; the amounts of the right side are in the brand's currency."""
    heads = [name.replace("fen", "yuan") for name in _FEN]
    rates = ["locked_rate", f"promised_{currency}", "rate", f"settled_{currency}", f"difference_{currency}"]
    bank = ["reference", f"charged_{currency}", f"credited_{currency}", f"on_its_way_{currency}"]
    return ["day", "batch", "order", *heads, *rates, *bank]


def rows(told: BrandStatement) -> Iterator[list[str]]:
    """Every row below the heads. What is on its way stands in the first and the last one."""
    gap = [""] * 14
    yield ["brought forward", *gap, shown(told.opening_minor, told.currency)]
    for line in told.lines:
        ours = [yuan(getattr(line, name)) for name in _FEN]
        promised, settled, beyond = (shown(getattr(line, n), told.currency) for n in _MINOR[:3])
        theirs = [str(line.locked), promised, str(line.rate), settled, beyond]
        yield [line.settled_on.isoformat(), line.batch, line.order, *ours, *theirs, "", "", "", ""]
    for one in told.told:
        both = (one.charged_minor, one.credited_minor)
        kept, came = (shown(amount, told.currency) if amount else "" for amount in both)
        yield [one.credited_on.isoformat(), one.batch, *[""] * 10, one.reference, kept, came, ""]
    ours = [yuan(told.sum(name)) for name in _FEN]
    promised, settled, beyond, kept, came = (shown(told.sum(name), told.currency) for name in _MINOR)
    yield ["total", "", "", *ours, "", promised, "", settled, beyond, "", kept, came, ""]
    yield ["carried forward", *gap, shown(told.closing_minor, told.currency)]


def write(told: BrandStatement, out: Any) -> None:
    """Write the statement to `out`, anything with `write`."""
    sheet = Sheet(out)
    sheet.row(columns(told.currency))
    sheet.rows(rows(told))

"""What the list of an order said, line by line, and what of it has not come back: read from what was told."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from customs.ceb.message import Document
from customs.models import Declaration, Filing
from customs.services.filing import reads, standing
from customs.steps import REFUSED, is_error

PURPOSE = "ask customs for what was declared"
Kind = Filing.Kind


def the_list(declaration: Declaration, *, now: datetime) -> Document:
    """The list (621) that stands, as it was told. Raises VaultClosed."""
    told = standing(declaration, Kind.LIST)
    assert told is not None  # who asks has seen its state
    return reads(told, purpose=PURPOSE, now=now)


def skus(declaration: Declaration, *, now: datetime) -> dict[int, str]:
    """The SKU of each line (gnum): the lines of the order are those of the list, and name it in full."""
    told = standing(declaration, Kind.ORDER)
    assert told is not None  # no list goes without its order
    lines = reads(told, purpose=PURPOSE, now=now).lines
    return {whole(line["gnum"]): str(line["itemNo"]) for line in lines}


def left_by_line(declaration: Declaration, *, now: datetime) -> dict[int, int]:
    """Pieces of each line (gnum) that have not come back and are not on their way back."""
    left = {whole(line["gnum"]): whole(line["qty"]) for line in the_list(declaration, now=now).lines}
    for filing in declaration.filings.filter(kind=Kind.RETURN, superseded=False):
        if filing.status == REFUSED or is_error(filing.status):
            continue
        for line in reads(filing, purpose=PURPOSE, now=now).lines:
            left[whole(line["gnum"])] -= whole(line["qty"])
    return left


def whole(value: object) -> int:
    """A number of a message that counts lines or pieces."""
    return int(Decimal(str(value)))

"""What came of a partner's rows, one by one, as it is kept and told: by page, or as a sheet of its own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from catalog.importing.faults import Fault
from kernel.jobs import Progress
from kernel.models import Job
from kernel.sheets import Sheet
from partners.models import Connection

OUTCOMES: Final = ("created", "changed", "unchanged", "taken", "refused")
HEADER: Final = ("row", "sku", "outcome", "messages", "messages_zh")
MOST_FAULTS: Final = 8  # that are told of one row
MOST_SKU: Final = 30  # letters of what was given for one

Result = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of job: what it needs, and what does it; it tells what came of each row.

    A file of a kind that moves something is taken `once`. Not `whole`: each row is a step of its own.
    """

    scope: str
    do: Callable[[Job, Connection, Progress], list[Result]]
    once: bool = False
    whole: bool = True


def result(
    row: int, sku: str, outcome: str, faults: Sequence[Fault] = (), warnings: Sequence[Fault] = ()
) -> Result:
    """What came of one row; row 0 is the whole."""
    told = {"row": row, "sku": sku[:MOST_SKU] or None, "outcome": outcome}
    return {**told, "faults": _told(faults), "warnings": _told(warnings)}


def _told(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [
        {"column": fault.column, "message": fault.message, "message_zh": fault.message_zh}
        for fault in faults[:MOST_FAULTS]
    ]


def as_sheet(rows: Iterable[Result]) -> bytes:
    """The results as CSV, which a spreadsheet opens by itself."""
    out = io.StringIO()
    sheet = Sheet(out, ending="\r\n")
    sheet.row(HEADER)
    for row in rows:
        said = [*row["faults"], *row["warnings"]]
        texts = ("; ".join(_said(one, name) for one in said) for name in ("message", "message_zh"))
        sheet.row([row["row"], row["sku"], row["outcome"], *texts])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _said(one: dict[str, str], name: str) -> str:
    return f"{one['column']}: {one[name]}" if one["column"] else one[name]

"""What the house writes as CSV is text and numbers in every spreadsheet: no cell of it is a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Any

# A spreadsheet takes for a formula what begins so, in Chinese and Japanese of full width too. Where a list is
# split at something else than commas, a cell begins in the middle of ours as well.
_FORMULA = re.compile(r"(^|[;\t\r\n])([ \"]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_GUARDED = re.compile(r"(^|[;\t\r\n])([ \"]*)'(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_NUMBER = re.compile(r"-[0-9]+([.,][0-9]+)*")


def cell(value: object) -> str:
    """The value as text; what a spreadsheet would take for a formula begins with an apostrophe."""
    text = "" if value is None else str(value)
    if _NUMBER.fullmatch(text):
        return text
    guarded = _FORMULA.sub(r"\1\2'", text)
    return f"'{guarded}" if guarded[:1] in ("\t", "\r", "\n") else guarded


def plain(text: str) -> str:
    """What `cell` was given: text that was taken home and is brought back is the same."""
    if text[:2] in ("'\t", "'\r", "'\n"):
        text = text[1:]
    return _GUARDED.sub(r"\1\2", text)


class Line:
    """What csv writes a row into and gives back at once."""

    def write(self, text: str) -> str:
        """The row itself."""
        return text


class Sheet:
    """Writes rows as CSV to `out`, anything with `write`; every cell is guarded."""

    def __init__(self, out: Any, *, ending: str = "\n") -> None:
        self._lines = csv.writer(out, lineterminator=ending)

    def row(self, cells: Iterable[object]) -> Any:
        """Write one row; gives back what `out` gave back."""
        return self._lines.writerow([cell(one) for one in cells])

    def rows(self, rows: Iterable[Iterable[object]]) -> None:
        """Write each row."""
        for one in rows:
            self.row(one)

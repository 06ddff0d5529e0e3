"""A fault names its row and its column, and says in two languages what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad cell. Row 1 is the header, row 0 the file as a whole, whose column is empty.

    Rows are counted as a spreadsheet does. In a CSV file a cell may hold several lines; `line` is the one on
    which an editor finds the row.
    """

    row: int
    column: str
    message: str
    message_zh: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"row {self.row}" if self.line in {None, self.row} else f"row {self.row} (line {self.line})"
        where += f", {self.column}" if self.column else ""
        return f"{where}: {self.message} · {self.message_zh}"


@dataclass(eq=False)
class ImportRefused(Invalid):
    """The file has faults, all of them listed; nothing was written."""

    code = "import_refused"
    title = "{file} was not imported; faults found: {count}."
    title_zh = "{file} 未导入：共有 {count} 处错误。"
    file: str
    count: int
    faults: list[Fault]


class BadCell(Exception):
    """A cell that does not parse, said in English and in Chinese; becomes a Fault where the row is known."""

    def __init__(self, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh

    def at(self, row: int, column: str) -> Fault:
        """This as a fault of one cell."""
        return Fault(row, column, self.message, self.message_zh)

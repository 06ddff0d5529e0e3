"""A fault names its line and its column, and says in two languages what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad cell; line 1 is the header, line 0 the file as a whole, whose column is empty."""

    line: int
    column: str
    message: str
    message_zh: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.message} · {self.message_zh}"


@dataclass(eq=False)
class ImportRefused(Invalid):
    """The file has faults, all of them listed; nothing was written."""

    code = "import_refused"
    title = "{file} was not imported: it has {count} faults."
    title_zh = "{file} 未导入：共有 {count} 处错误。"
    file: str
    count: int
    faults: list[Fault]


class BadCell(Exception):
    """A cell that does not parse, said in English and in Chinese; becomes a Fault where the line is known."""

    def __init__(self, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh

    def at(self, line: int, column: str) -> Fault:
        """This as a fault of one cell."""
        return Fault(line, column, self.message, self.message_zh)

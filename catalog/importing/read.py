"""A CSV or XLSX file becomes rows of text, or faults; a hostile one costs neither memory nor a formula."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import IO

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from catalog.importing.faults import BadCell, Fault
from kernel.sheets import plain

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_LINES = 100_000  # rows of a CSV, with those that are blank
MAX_CELL = 5_000  # characters
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_PARTS = 2_000  # files within a workbook
_PIECE = 1024 * 1024
_DRAWN = ("xl/media/", "xl/drawings/", "xl/charts/", "xl/embeddings/", "xl/diagrams/")
_BARE = "delete pictures, drawings and charts, or save the sheet as CSV UTF-8, and upload it again"
_BARE_ZH = "请删除图片、图形和图表，或另存为 CSV UTF-8 后重新上传"

_DECLARES = re.compile(rb"<!(DOCTYPE|ENTITY)")
_LONGEST_MARK = len(b"<!DOCTYPE")
# what zipfile, zlib, the parsers of XML and openpyxl raise for a workbook that is damaged or odd
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, EOFError, OSError),
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
)

# = and @ always; + and - before anything but a blank or a plain number
_FORMULA_START = re.compile(r"[=@\t\r]|[+-](?!\s|$|[0-9.]+$)")
FORMULA = BadCell("a formula; write its value", "单元格为公式，请改为数值或文本")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column name, stripped; an empty one is "". The header is row 1."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """What could be read, and what could not; `header` are the column names in order.

    `lines` tells, for a CSV, on which line of the file each row begins.
    """

    header: list[str]
    rows: list[Row]
    faults: list[Fault]
    lines: dict[int, int] = field(default_factory=dict)


def read(name: str, content: bytes) -> Table:
    """Read a file by its name's ending (.csv or .xlsx). Faults are in the table, never raised."""
    if len(content) > MAX_BYTES:
        return _broken("the file is larger than 20 MB", "文件超过 20 MB")
    kind = name.lower().rpartition(".")[2]
    try:
        if kind == "csv":
            lines: dict[int, int] = {}
            table = _table(_csv(content, lines))
            return replace(table, lines=lines, faults=[on_line(fault, lines) for fault in table.faults])
        if kind == "xlsx":
            return _table(_xlsx(content))
    except BadCell as bad:
        return _broken(bad.message, bad.message_zh)
    return _broken("neither .csv nor .xlsx", "仅支持 .csv 或 .xlsx 文件")


def _broken(message: str, message_zh: str) -> Table:
    return Table([], [], [Fault(0, "", message, message_zh)])


def on_line(fault: Fault, lines: dict[int, int]) -> Fault:
    """The fault with the line of the file on which its row begins, where the file has lines."""
    return replace(fault, line=lines.get(fault.row))


def _table(numbered: Iterator[tuple[int, Sequence[str | BadCell]]]) -> Table:
    header: list[str] = []
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, cells in numbered:
        if not any(cells):
            continue
        if not header:
            if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in cells):
                return _broken("a column name longer than 5,000 characters", "列名超过 5,000 个字符")
            header = [str(cell).strip().lower() for cell in cells]
            while header and not header[-1]:
                header.pop()
            twice = {name for name in header if name and header.count(name) > 1}
            faults += [Fault(number, n, "this column stands twice", "列名重复") for n in sorted(twice)]
            continue
        if len(rows) == MAX_ROWS:
            return _broken("more than 20,000 rows", "超过 20,000 行")
        if any(cells[len(header) :]):
            faults.append(Fault(number, "", "more cells than the header has", "单元格数多于表头"))
        found: dict[str, str] = {}
        for name, cell in zip(header, cells, strict=False):
            if isinstance(cell, BadCell):
                faults.append(cell.at(number, name))
            elif len(cell) > MAX_CELL:
                faults.append(Fault(number, name, "longer than 5,000 characters", "超过 5,000 个字符"))
            else:
                found[name] = sys.intern(cell.strip())  # most cells say what others say
        rows.append(Row(number, found))
    if not rows:
        faults.append(Fault(0, "", "no rows", "文件没有数据行"))
    return Table(header, rows, faults)


def _csv(content: bytes, lines: dict[int, int]) -> Iterator[tuple[int, Sequence[str | BadCell]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise BadCell(
            "not UTF-8; save it as “CSV UTF-8”", "文件不是 UTF-8 编码，请另存为“CSV UTF-8”"
        ) from failure
    if "\0" in text:
        raise BadCell("not a text file", "文件不是文本")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = line = 1
    try:
        for cells in reader:
            if number > MAX_LINES:
                raise BadCell("more than 100,000 lines, with the blank ones", "超过 100,000 行（含空行）")
            if any(cells):
                lines[number] = line
                yield number, [FORMULA if _looks_like_formula(c) else plain(c) for c in cells[:MAX_COLUMNS]]
            number, line = number + 1, reader.line_num + 1  # a quoted cell may run over several lines
    except csv.Error as failure:
        raise BadCell(
            f"row {number} (line {line}): {failure}", f"第 {number} 行（文件第 {line} 行）格式错误"
        ) from failure


def _looks_like_formula(cell: str) -> bool:
    """What a spreadsheet would run when somebody opens the file there."""
    return _FORMULA_START.match(cell) is not None


def _xlsx(content: bytes) -> Iterator[tuple[int, Sequence[str | BadCell]]]:
    try:
        _refuse_bomb(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        # one line more than may be there tells a full sheet from one that is too long
        lines = sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS)
        for number, cells in enumerate(lines, start=1):
            yield number, [_text(cell.value, cell.data_type) for cell in cells]
    except _DAMAGED as failure:
        raise BadCell(
            "the workbook is damaged; save it again as .xlsx", "工作簿已损坏或无法读取，请重新另存为 .xlsx"
        ) from failure


def _refuse_bomb(content: bytes) -> None:
    """A workbook is a zip of XML: look at what it unpacks to, and at entities, before anything is read."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)  # of a part no more is ever read
        if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES:
            raise BadCell(f"the workbook unpacks to too much; {_BARE}", f"工作簿解压后过大，{_BARE_ZH}")
        for part in parts:
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile(part.filename)
            with archive.open(part) as file:
                _refuse_entities(file, part.filename)


def _refuse_entities(file: IO[bytes], part: str) -> None:
    """Whatever a part is called, a parser may be led to it: without zeros UTF-16 shows its marks too."""
    is_xml = part.lower().endswith((".xml", ".rels"))
    decoder, before = codecs.getincrementaldecoder("utf-8")(), b""
    while piece := file.read(_PIECE):
        marks = before + piece.replace(b"\0", b"")
        if _DECLARES.search(marks):
            if part.startswith(_DRAWN):
                name = part.rpartition("/")[2][:60]
                raise BadCell(
                    f"a picture or drawing in it ({name}) cannot be taken; {_BARE}",
                    f"其中的图片或图形（{name}）不能接受，{_BARE_ZH}",
                )
            raise BadCell(f"the workbook declares entities; {_BARE}", f"工作簿包含不允许的声明，{_BARE_ZH}")
        before = marks[-_LONGEST_MARK:]
        if is_xml and "\0" in decoder.decode(piece):  # or it raises
            raise ValueError("not UTF-8")


def _text(value: object, data_type: str) -> str | BadCell:
    if data_type == "f":
        return FORMULA
    if data_type == "e":
        return BadCell(f"an error value, {value}", "单元格为错误值")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

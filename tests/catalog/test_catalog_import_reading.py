"""A file becomes rows or faults, whoever wrote it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from openpyxl import Workbook

from catalog.importing import read as reading
from catalog.importing.read import Row, read


def sheet(*lines: Sequence[Any]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


DAMAGED = "the workbook is damaged; save it again as .xlsx"
SHEET = "xl/worksheets/sheet1.xml"


def changed(parts: dict[str, bytes]) -> bytes:
    """A good workbook with some parts of another content."""
    out = io.BytesIO()
    good = zipfile.ZipFile(io.BytesIO(sheet(["sku"], ["A"])))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in {**dict.fromkeys(good.namelist()), **parts}:
            archive.writestr(name, parts[name] if name in parts else good.read(name))
    return out.getvalue()


def messages(name: str, content: bytes) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.message) for fault in read(name, content).faults]


def test_a_csv_may_have_a_byte_order_mark_blank_lines_and_cells_of_several_lines() -> None:
    content = '\ufeffSKU,Name\r\n\r\nA,"one\ntwo"\r\n B ,\r\n'.encode()
    found = read("x.CSV", content)
    assert found.faults == []
    assert found.header == ["sku", "name"]
    assert found.rows == [Row(3, {"sku": "A", "name": "one\ntwo"}), Row(4, {"sku": "B", "name": ""})]
    assert found.lines == {1: 1, 3: 3, 4: 5}  # none of the blank ones: a file may have millions


def test_a_workbook_gives_the_text_that_was_meant() -> None:
    found = read("x.xlsx", sheet(["sku", "hs_code", "price", "active"], ["A", 3304990039, 199.5, True]))
    assert found.faults == []
    assert found.rows == [Row(2, {"sku": "A", "hs_code": "3304990039", "price": "199.5", "active": "yes"})]


def test_formulas_are_refused_in_both_kinds_of_file() -> None:
    formula = "a formula; write its value"
    assert messages("x.xlsx", sheet(["sku", "price"], ["A", "=1+1"])) == [(2, "price", formula)]
    content = b"sku,a,b,c,d\nA,=1+1,@SUM(A1),+cmd|x,-2+3\nB,-5,+8,- item,-\n"
    assert messages("x.csv", content) == [(2, name, formula) for name in "abcd"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.pdf", b"sku\nA\n", "neither .csv nor .xlsx"),
        ("x.csv", "sku\n玫瑰\n".encode("gb18030"), "not UTF-8; save it as “CSV UTF-8”"),
        ("x.csv", b"sku\n\0\n", "not a text file"),
        ("x.csv", b"", "no rows"),
        ("x.csv", b"sku\n", "no rows"),
        ("x.xlsx", b"not a zip", DAMAGED),
        ("x.csv", b"x" * (20 * 1024 * 1024 + 1), "the file is larger than 20 MB"),
        ("x.csv", b"sku\n" + b"A\n" * 20_001, "more than 20,000 rows"),
        ("x.csv", b"sku\n" + b"\n" * 100_000 + b"A\n", "more than 100,000 lines, with the blank ones"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(name: str, content: bytes, message: str) -> None:
    found = read(name, content)
    assert [fault.message for fault in found.faults] == [message]
    assert found.rows == []


def test_a_csv_whose_quotes_do_not_close_names_the_row_and_the_line() -> None:
    assert messages("x.csv", b'sku\n"A\nA"\n"B\n')[0][2].startswith("row 3 (line 4): ")


def test_a_row_has_the_number_that_a_spreadsheet_shows_and_its_line_in_brackets() -> None:
    after_a_long_cell = b'sku,name\nA,"one\ntwo\nthree"\nB,=1+1\n'
    assert str(read("x.csv", after_a_long_cell).faults[0]).startswith("row 3 (line 5), name: a formula;")
    assert str(read("x.csv", b"sku,name\nB,=1+1\n").faults[0]).startswith("row 2, name: a formula;")
    rows = (["sku", "name"], ["A", "one\ntwo\nthree"], ["B", "=1+1"])
    assert str(read("x.xlsx", sheet(*rows)).faults[0]).startswith("row 3, name: a formula;")


def test_a_column_that_stands_twice_and_cells_without_a_column_are_faults() -> None:
    assert messages("x.csv", b"sku,sku\nA,B,C\n") == [
        (1, "sku", "this column stands twice"),
        (2, "", "more cells than the header has"),
    ]


def test_a_workbook_of_twenty_thousand_and_one_rows_is_refused() -> None:
    content = sheet(["sku"], *[["A"]] * 20_001)
    assert messages("x.xlsx", content) == [(0, "", "more than 20,000 rows")]


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (reading.MAX_UNPACKED_BYTES + 1))
    assert len(bomb.getvalue()) < 1_000_000
    monkeypatch.setattr(reading, "load_workbook", None)
    assert messages("x.xlsx", bomb.getvalue()) == [
        (0, "", f"the workbook unpacks to too much; {reading._BARE}")
    ]


ENTITIES = '<!DOCTYPE a [<!ENTITY b "c">]><a/>'


@pytest.mark.parametrize(
    "content",
    [
        ENTITIES.encode(),
        b"<!--" + b"x" * 5_000 + b"-->" + ENTITIES.encode(),
        b" " * (reading._PIECE - 3) + ENTITIES.encode(),  # over the edge of what is read at once
        ENTITIES.encode("utf-16"),
        ENTITIES.encode("utf-16-be"),
    ],
)
@pytest.mark.parametrize("name", [SHEET, "xl/media/image1.png"])
def test_a_workbook_with_entities_is_not_parsed(
    name: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "load_workbook", None)
    [(row, _, told)] = messages("x.xlsx", changed({name: content}))
    assert row == 0
    assert ("declares entities" in told, "a picture or drawing in it" in told) == (
        name == SHEET,
        name != SHEET,
    )


def test_a_drawing_that_cannot_be_taken_is_named_with_what_to_do_in_both_languages() -> None:
    drawn = b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><svg/>'
    [fault] = read("x.xlsx", changed({"xl/media/image2.svg": drawn})).faults
    assert fault.message == f"a picture or drawing in it (image2.svg) cannot be taken; {reading._BARE}"
    assert fault.message_zh == f"其中的图片或图形（image2.svg）不能接受，{reading._BARE_ZH}"
    plain = read("x.xlsx", changed({"xl/media/image2.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>'}))
    assert plain.faults == [] and [row.cells for row in plain.rows] == [{"sku": "A"}]


def test_a_workbook_that_is_not_utf_8_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[object] = []
    monkeypatch.setattr(reading, "load_workbook", lambda *args, **options: parsed.append(args))
    for encoding in ("utf-16", "utf-16-le", "gb18030"):
        content = changed({SHEET: "<a>玫瑰</a>".encode(encoding)})
        assert messages("x.xlsx", content) == [(0, "", DAMAGED)], encoding
    assert parsed == []
    assert messages("x.xlsx", changed({"xl/media/image1.png": b"\x89PNG\0\xff"})) == [(0, "", DAMAGED)]
    assert len(parsed) == 1  # a picture is no text


def test_a_cell_is_at_most_five_thousand_characters_long() -> None:
    fault = [(2, "sku", "longer than 5,000 characters")]
    rows = (["sku", "name"], ["A" * 5_001, "B" * 5_000])
    assert messages("x.xlsx", sheet(*rows)) == fault
    assert messages("x.csv", "\n".join(",".join(one) for one in rows).encode()) == fault
    assert messages("x.csv", b"A" * 5_001 + b"\n1\n")[0][2].startswith("a column name longer than")


MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ODD = b'<worksheet xmlns="%s"><sheetData><row r="q"><c/></row></sheetData></worksheet>' % MAIN


def broken(part: str) -> bytes:
    return changed({part: b"<a"})


def bad_checksum() -> bytes:
    good = changed({})
    checksum = zipfile.ZipFile(io.BytesIO(good)).getinfo(SHEET).CRC.to_bytes(4, "little")
    return good.replace(checksum, b"\0\0\0\1")


def bad_stream() -> bytes:
    content = bytearray(changed({}))
    at = zipfile.ZipFile(io.BytesIO(content)).getinfo(SHEET).header_offset + 30 + len(SHEET)
    content[at : at + 40] = b"\xff" * 40
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        *map(broken, ("[Content_Types].xml", "xl/workbook.xml", "xl/styles.xml", SHEET)),
        *(bad_checksum(), bad_stream()),
        changed({SHEET: ODD}),
    ],
    ids=["types", "workbook", "styles", "sheet", "checksum", "stream", "odd"],
)
def test_a_damaged_workbook_is_a_fault_in_both_languages(content: bytes) -> None:
    [fault] = read("x.xlsx", content).faults
    assert (fault.message, fault.message_zh) == (DAMAGED, "工作簿已损坏或无法读取，请重新另存为 .xlsx")

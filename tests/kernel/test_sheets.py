"""No cell of a CSV file that the house writes is a formula, and numbers stay numbers."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import pytest

from kernel.sheets import Sheet, cell

ROOT = Path(__file__).parents[2]
# What the stand-ins of others write, and what only our own importer reads.
OTHERS = {"sandbox/institution.py", "backend/chaos/settling.py", "backend/seeding/goods.py"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('=HYPERLINK("https://evil.test","x")', '\'=HYPERLINK("https://evil.test","x")'),
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("--1", "'--1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+1", "'＝1+1"),
        ("＠SUM(A1)", "'＠SUM(A1)"),
        (" =1+1", " '=1+1"),
        ('"=1+1', "\"'=1+1"),
        ("\t=1+1", "'\t'=1+1"),
        ("\ta", "'\ta"),
        ("\r\n=1", "'\r\n'=1"),
        ("SF1;=1+1", "SF1;'=1+1"),
        ("SF1; @x", "SF1; '@x"),
        ("SF1\n=1+1", "SF1\n'=1+1"),
        ("-", "'-"),
    ],
)
def test_what_a_spreadsheet_would_take_for_a_formula_is_a_text(value, written):
    assert cell(value) == written
    assert cell(written.removeprefix("'")) == written


@pytest.mark.parametrize(
    "value", ["-1.64", "-164", "-1,234.50", "0", "36.80", "ICBC-77", "a=b", "吹风机 x2; 8516 y"]
)
def test_numbers_and_words_stay_as_they_are(value):
    assert cell(value) == value


def test_nothing_is_an_empty_cell_and_all_is_text():
    assert [cell(value) for value in (None, 7, -7, "")] == ["", "7", "-7", ""]


def test_a_sheet_guards_each_cell_and_ends_its_lines_as_asked():
    out = io.StringIO()
    sheet = Sheet(out, ending="\r\n")
    sheet.row(["=a", 1, None])
    sheet.rows([["a,b", "-5"], ["+a", '"']])
    assert out.getvalue() == '\'=a,1,\r\n"a,b",-5\r\n\'+a,""""\r\n'


def test_there_is_no_other_way_to_write_csv():
    found = set()
    for file in sorted(ROOT.glob("*/**/*.py")):
        name = file.relative_to(ROOT).as_posix()
        if name.startswith(("tests/", ".venv/")):
            continue
        found |= {
            name
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Attribute)
            and node.attr in ("writer", "DictWriter")
            and isinstance(node.value, ast.Name)
            and node.value.id == csv.__name__
        }
    assert found == OTHERS | {"kernel/sheets.py"}

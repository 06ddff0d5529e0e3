"""Rows that another system tells become the table of an import: what a row does not name stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from catalog.importing import included
from catalog.importing.cells import HEADER, of_product, rows_of
from catalog.importing.changes import batches
from catalog.importing.columns import BY_NAME, MAX_YUAN, PRODUCT_COLUMNS
from catalog.importing.faults import BadCell, Fault
from catalog.importing.read import MAX_CELL, Row, Table
from catalog.models import SKU, Product, Variant
from kernel.money import yuan

Cells = dict[str, str]
Told = Sequence[tuple[int, Cells]]  # the rows by number, each with the cells it names
_CODE = re.compile(r"[a-z0-9-]{1,60}")
_OF_PRODUCT = tuple(column.name for column in PRODUCT_COLUMNS)


@dataclass(frozen=True)
class Asked:
    """Rows as a table that names every column; by row its SKU, and the code of its product."""

    table: Table
    skus: dict[int, str]
    products: dict[int, str]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadCell("not a text", "须为文本")
    if len(value) > MAX_CELL:
        raise BadCell(f"longer than {MAX_CELL:,} characters", f"超过 {MAX_CELL:,} 个字符")
    if "\0" in value:
        raise BadCell("holds control characters", "含有控制字符")
    return value.strip()


def _yes_no(value: Any) -> str:
    if not isinstance(value, bool):
        raise BadCell("neither true nor false", "须为 true 或 false")
    return "yes" if value else "no"


def _whole(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadCell("not a whole number", "须为整数")
    return str(value)


def _fen(value: Any) -> str:
    most = MAX_YUAN * 100
    _whole(value)
    if not 0 < value <= most:
        raise BadCell(f"not between 1 and {most:,} fen", f"须在 1 至 {most:,} 分之间")
    return yuan(value)


def _decimal(value: Any) -> str:
    if not isinstance(value, str):
        raise BadCell('not a decimal in quotes like "0.03"', '须为带引号的小数，如 "0.03"')
    return _text(value)


def _words(value: Any) -> str:
    if not isinstance(value, list) or len(value) > 50:
        raise BadCell("not a list of texts", "须为文本列表")
    return "; ".join(_text(one) for one in value)


def _options(value: Any) -> str:
    if not isinstance(value, dict):
        raise BadCell('not of the form {"Shade": "Rose"}', '格式应为 {"色号": "玫瑰红"}')
    if re.search("[;；]", "".join(_text(name) + _text(one) for name, one in value.items())):
        raise BadCell("holds a semicolon", "含有分号")
    if any("=" in name for name in value):
        raise BadCell("a name holds an equals sign", "名称含有等号")
    return ";".join(f"{name}={one}" for name, one in value.items())


_READ = {
    **dict.fromkeys(("active", "is_food", "adult_only", "exclusion_ruled_out", "customs_confirmed"), _yes_no),
    **dict.fromkeys(("price", included.COLUMN), _fen),
    **dict.fromkeys(("legal_quantity_1", "legal_quantity_2", "net_content"), _decimal),
    **dict.fromkeys(("options_zh", "options_en"), _options),
    "weight_g": _whole,
    "classes": _words,
}
_FIELDS: Final = {column: f"{column}_fen" for column in ("price", included.COLUMN)}
_COLUMNS: Final = {_FIELDS.get(name, name): name for name in BY_NAME if not name.startswith("options_")}


def field_of(column: str) -> str:
    """What a column is called among the fields of a row."""
    return "options" if column.startswith("options_") else _FIELDS.get(column, column)


def cells_of(number: int, row: Mapping[str, Any], faults: list[Fault]) -> Cells:
    """The cells that the fields of a row name; what is wrong with one is a fault. Null is an empty cell."""
    cells: Cells = {}
    for name, value in _columns(number, row, faults):
        try:
            cells[name] = "" if value is None else _READ.get(name, _text)(value)
        except BadCell as bad:
            faults.append(bad.at(number, name))
    return cells


def _columns(number: int, row: Mapping[str, Any], faults: list[Fault]) -> Iterable[tuple[str, Any]]:
    """Its fields as columns: those of options, by language, are two."""
    for name, value in row.items():
        if name == "options":
            two = {} if value is None else value
            if isinstance(two, dict) and {*two} <= {"zh", "en"}:
                yield from ((f"options_{word}", two.get(word)) for word in ("zh", "en"))
                continue
            form = '{"zh": {}, "en": {}}'
            faults.append(Fault(number, "options_zh", f"not of the form {form}", f"格式应为 {form}"))
        elif name in _COLUMNS:
            yield _COLUMNS[name], value
        else:
            told = name[:40]
            faults.append(Fault(number, "", f"there is no field {told}", f"没有字段 {told}"))


def asked_of(storefront_id: int, told: Told, faults: list[Fault]) -> Asked:
    """The rows, filled from the catalogue; `faults` are those of their cells that could not be read.

    What is its product's a row may leave to any other row of it.
    """
    skus = {number: cells.get("sku", "") for number, cells in told}
    known = _known(storefront_id, [sku for sku in skus.values() if re.fullmatch(SKU, sku)])
    codes = {
        number: cells.get("product_code") or known.get(skus[number], {}).get("product_code", "")
        for number, cells in told
    }
    products = _products(storefront_id, [code for code in {*codes.values()} if _CODE.fullmatch(code)])
    said: dict[str, Cells] = {}
    for number, cells in told:
        for name in _OF_PRODUCT:
            if name in cells:
                said.setdefault(codes[number], {}).setdefault(name, cells[name])
    rows = []
    for number, cells in told:
        code = codes[number]
        full = {**known.get(skus[number], {}), **products.get(code, {}), **said.get(code, {}), **cells}
        if cells.get(included.COLUMN) and "price" not in cells:
            full["price"] = ""
        rows.append(Row(number, full | {"product_code": code}))
    return Asked(Table([*HEADER, included.COLUMN], rows, faults), skus, codes)


def _known(storefront_id: int, skus: Sequence[str]) -> dict[str, Cells]:
    found: dict[str, Cells] = {}
    for batch in batches(skus):
        rows = Variant.objects.filter(storefront_id=storefront_id, sku__in=batch)
        rows = rows.select_related("product__category", "product__brand").defer("product__search")
        found |= {cells["sku"]: cells for cells in rows_of(rows)}
    return found


def _products(storefront_id: int, codes: Sequence[str]) -> dict[str, Cells]:
    found: dict[str, Cells] = {}
    for batch in batches(codes):
        rows = Product.objects.filter(storefront_id=storefront_id, code__in=batch).defer("search")
        for row in rows.select_related("category", "brand"):
            found[row.code] = of_product(row, category=row.category.code, brand=row.brand.code)
    return found

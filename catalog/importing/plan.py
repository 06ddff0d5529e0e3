"""A plan says what an import would write, or every fault that stops it; it reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from catalog import reference
from catalog.importing import included
from catalog.importing.columns import BY_NAME, COLUMNS, PRODUCT_COLUMNS, VARIANT_COLUMNS
from catalog.importing.faults import BadCell, Fault
from catalog.importing.present import Present
from catalog.importing.read import Row, Table, on_line

Progress = Callable[[int, int], None]
# columns whose model field has another name or form
_RENAMED = {"sku", "options_zh", "options_en", "price", included.COLUMN, "origin"}


@dataclass
class VariantPlan:
    """One SKU as it is to be; `values` are model fields.

    `included_fen` is its price with tax where the file gives that one; `tax_fen` is then what of it is tax.
    """

    row: int
    sku: str
    product_code: str
    values: dict[str, Any]
    included_fen: int | None = None
    tax_fen: int = 0


@dataclass
class ProductPlan:
    """One product as it is to be; a column that the file leaves empty everywhere is empty text."""

    row: int
    code: str
    category: str | None  # None where the cell is a fault
    brand: str | None
    texts: dict[str, Any]
    variants: list[VariantPlan] = field(default_factory=list)


@dataclass
class Plan:
    """Products with their variants, in the order of the file. With faults it must not be applied.

    `warnings` stop nothing: the file can be right and the goods still not sellable.
    """

    products: dict[str, ProductPlan]
    faults: list[Fault]
    warnings: list[Fault]

    def without(self, codes: Collection[str]) -> Plan:
        """What is left, and can be applied, where the products with faults are left out."""
        left = {code: product for code, product in self.products.items() if code not in codes}
        return replace(self, products=left, faults=[])


def make_plan(storefront_id: int, table: Table, *, now: datetime, report: Progress | None = None) -> Plan:
    """Check every cell of `table` by itself, against the rest of the file, and against the catalogue."""
    faults = [*table.faults, *_header_faults(table)]
    plan = Plan({}, faults, [])
    first = table.rows[0].number if table.rows else 2
    if any(fault.row < first for fault in faults):
        return plan  # without its columns nothing else of the file can be judged
    lines: dict[str, int] = {}
    refused: dict[int, set[str]] = {}  # cells that the reader has refused, by row
    for fault in table.faults:
        refused.setdefault(fault.row, set()).add(fault.column)
    for number, row in enumerate(table.rows):
        _take(row, plan, lines, refused.get(row.number, set()))
        if report is not None and number % 1_000 == 0:
            report(number, len(table.rows))
    faults.extend(included.resolve((v for p in plan.products.values() for v in p.variants), now=now))
    present = Present.read(storefront_id, plan.products, lines, now=now)
    for product in plan.products.values():
        faults.extend(_against_itself(product))
        faults.extend(present.faults(product))
    plan.warnings.extend(present.warnings(plan.products.values()))
    order = {name: number for number, name in enumerate(BY_NAME)}
    faults.sort(key=lambda fault: (fault.row, order.get(fault.column, -1)))
    return replace(
        plan,
        faults=[on_line(fault, table.lines) for fault in faults],
        warnings=[on_line(warning, table.lines) for warning in plan.warnings],
    )


def _header_faults(table: Table) -> Iterator[Fault]:
    if not table.header:
        return
    for name in table.header:
        if name not in BY_NAME:
            yield Fault(1, name or "(unnamed)", "there is no such column", "没有该列")
    for column in COLUMNS:
        priced = column.name == "price" and included.COLUMN not in table.header
        if (column.required or priced) and column.name not in table.header:
            yield Fault(1, column.name, "this column is missing", "缺少该列")


def _take(row: Row, plan: Plan, lines: dict[str, int], refused: set[str]) -> None:
    """Parse one row into the plan; its bad cells into the plan's faults."""
    before = len(plan.faults)
    code = row.cells.get("product_code", "")
    known = plan.products.get(code)
    of_product: dict[str, Any] = {}
    for column in PRODUCT_COLUMNS:
        cell = row.cells.get(column.name, "")
        if not cell and known is not None:
            continue  # a further variant need not say its product again
        of_product[column.name] = _parse(row, column.name, plan, refused)
    of_variant = {column.name: _parse(row, column.name, plan, refused) for column in VARIANT_COLUMNS}
    plan.faults.extend(_priced(row, refused | {fault.column for fault in plan.faults[before:]}))
    sku = row.cells.get("sku", "")
    if sku and lines.setdefault(sku, row.number) != row.number:
        plan.faults.append(
            Fault(row.number, "sku", f"stands already in row {lines[sku]}", f"与第 {lines[sku]} 行重复")
        )
    if known is not None:
        plan.faults.extend(_unlike(row, known, of_product))
    elif of_product["product_code"] is not None:
        known = plan.products[code] = ProductPlan(
            row=row.number,
            code=code,
            category=of_product.pop("category"),
            brand=of_product.pop("brand"),
            texts={name: value for name, value in of_product.items() if name != "product_code"},
        )
    if known is not None and not refused and len(plan.faults) == before:
        plan.faults.extend(_across_cells(row.number, of_variant))
        known.variants.append(_variant(row, code, of_variant, position=len(known.variants)))


def _parse(row: Row, name: str, plan: Plan, refused: set[str]) -> Any:
    column = BY_NAME[name]
    if name not in row.cells and name in refused:
        return None
    cell = row.cells.get(name, "")
    if not cell and column.required:
        plan.faults.append(Fault(row.number, name, "must not be empty", "不能为空"))
        return None
    try:
        return column.parse(cell)
    except BadCell as bad:
        plan.faults.append(bad.at(row.number, name))
        return None


def _priced(row: Row, refused: set[str]) -> Iterator[Fault]:
    """A price is told once: without tax or with it."""
    price, with_tax = row.cells.get("price", ""), row.cells.get(included.COLUMN, "")
    if price and with_tax:
        yield Fault(row.number, included.COLUMN, "give this or price, not both", "与 price 只能填写一项")
    if not price and not with_tax and refused.isdisjoint(("price", included.COLUMN)):
        yield Fault(row.number, "price", "must not be empty", "不能为空")


def _unlike(row: Row, known: ProductPlan, said: dict[str, Any]) -> Iterator[Fault]:
    """A product is told once; where a later line tells it again, it must say the same."""
    before = {"product_code": known.code, "category": known.category, "brand": known.brand, **known.texts}
    for name, value in said.items():
        if value is not None and before[name] is not None and value != before[name]:
            yield Fault(
                row.number,
                name,
                f"differs from row {known.row} of the same product",
                f"与同一商品第 {known.row} 行不一致",
            )


def _across_cells(line: int, of: dict[str, Any]) -> Iterator[Fault]:
    for value, unit in (("legal_quantity_2", "legal_unit_2"), ("net_content", "net_content_unit")):
        if (of[value] is None) != (of[unit] is None):
            missing = value if of[value] is None else unit
            other = unit if missing == value else value
            yield Fault(line, missing, f"belongs together with {other}", f"须与 {other} 同时填写")
    if of["legal_unit_2"] is not None and of["legal_unit_2"] == of["legal_unit_1"]:
        yield Fault(line, "legal_unit_2", "is the first unit again", "与法定第一单位相同")
    if bool(of["options_zh"]) != bool(of["options_en"]) or len(of["options_zh"]) != len(of["options_en"]):
        yield Fault(line, "options_en", "does not match options_zh", "中英文选项不对应")
    if not of["customs_confirmed"] and not of["customs_note"]:
        yield Fault(
            line, "customs_note", "must say what is still to be confirmed", "未确认的归类须注明待确认事项"
        )


def _against_itself(product: ProductPlan) -> Iterator[Fault]:
    """Two pieces that a consumer could not tell apart."""
    seen: dict[str, int] = {}
    for variant in product.variants:
        if not variant.values["active"]:
            continue
        key = repr(variant.values["options"])
        if key in seen:
            yield Fault(
                variant.row,
                "options_zh",
                f"same options as row {seen[key]}",
                f"选项与第 {seen[key]} 行相同",
            )
        seen.setdefault(key, variant.row)


def _variant(row: Row, code: str, of: dict[str, Any], *, position: int) -> VariantPlan:
    values = {name: value for name, value in of.items() if name not in _RENAMED}
    values["options"] = {"zh": of["options_zh"], "en": of["options_en"]} if of["options_zh"] else {}
    with_tax = of[included.COLUMN]
    values["price_fen"] = of["price"] if with_tax is None else with_tax  # until its tax is taken out
    values["origin_iso"] = of["origin"]
    values["origin_country"] = reference.countries()[of["origin"]].customs_code
    values["position"] = position
    return VariantPlan(row.number, of["sku"], code, values, with_tax)

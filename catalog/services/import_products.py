"""A whole file of products becomes the catalogue, or none of it; the same file twice changes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from catalog.importing.changes import Change, Changes, batches
from catalog.importing.faults import Fault, ImportRefused
from catalog.importing.plan import Plan, Progress, make_plan
from catalog.importing.read import Table, read
from catalog.queries import version
from catalog.services.editing import editing
from catalog.services.indexing import index_products
from catalog.services.present_prices import refresh_products
from kernel import events
from kernel.errors import Conflict


class ChangedSince(Conflict):
    """What was shown before is not what would be written now."""

    code = "catalogue_changed_since"
    title = "The catalogue has changed since the preview; nothing was written. Look at it again."
    title_zh = "预览之后商品目录已有变化，未写入任何内容，请重新预览。"


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or in a dry run would do. Warnings stop nothing.

    `cells` are the changes field by field, known together by their `digest`.
    """

    rows: int
    products_new: int
    products_changed: int
    variants_new: int
    variants_changed: int
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    cells: tuple[Change, ...]
    digest: str


def check_products(
    *,
    storefront_id: int,
    file_name: str,
    content: bytes,
    now: datetime,
    report: Progress | None = None,
) -> ImportReport:
    """The dry run: every fault of the file by row and column, and what an import would change."""
    table = read(file_name, content)
    plan = make_plan(storefront_id, table, now=now, report=report)
    rows = _let_go(table)
    return report_of(rows, plan, Changes.between(storefront_id, plan))


def import_products(
    *,
    storefront_id: int,
    file_name: str,
    content: bytes,
    now: datetime,
    by: str = "",
    seen: str = "",
    report: Progress | None = None,
) -> ImportReport:
    """Write the products of a CSV or XLSX file; new ones as drafts, known ones brought up to date by SKU.

    Raises ImportRefused with every fault; nothing is written then, nor where the changes are others than
    those `seen` in a preview (ChangedSince). Variants that the file does not name stay as they are. The file
    is read and compared before others are kept from the catalogue.
    """
    before = version(storefront_id)
    rows, plan, changes = _changes(storefront_id, file_name, content, now, seen)
    with editing(storefront_id, alone=True) as number:
        if number != before + 1:  # somebody has changed the catalogue since it was compared
            rows, plan, changes = _changes(storefront_id, file_name, content, now, seen)
        touched = write(storefront_id, changes, now=now, report=report)
        found = report_of(rows, plan, changes)
        if touched:
            tell(storefront_id, changes, found, file=file_name, content=content, by=by, now=now)
        return found


def _changes(
    storefront_id: int, file_name: str, content: bytes, now: datetime, seen: str
) -> tuple[int, Plan, Changes]:
    """What the file would change by now, and how many rows it has."""
    table = read(file_name, content)
    plan = make_plan(storefront_id, table, now=now)
    if plan.faults:
        raise ImportRefused(file=file_name, count=len(plan.faults), faults=plan.faults)
    rows = _let_go(table)
    changes = Changes.between(storefront_id, plan)
    if seen and changes.digest() != seen:
        raise ChangedSince()
    return rows, plan, changes


def write(
    storefront_id: int, changes: Changes, *, now: datetime, report: Progress | None = None
) -> list[int]:
    """Write the changes with all that follows of them, inside `editing`; returns the products' ids."""
    touched = changes.write(storefront_id, now=now, report=report)
    for some in batches(touched):
        index_products(some)
        refresh_products(some, now=now)
    return touched


def tell(
    storefront_id: int,
    changes: Changes,
    found: ImportReport,
    *,
    file: str,
    content: bytes,
    by: str,
    now: datetime,
) -> None:
    """The event of an import that changed something."""
    facts = {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "products_new": found.products_new,
        "products_changed": found.products_changed,
        "variants_new": found.variants_new,
        "variants_changed": found.variants_changed,
        "prices": changes.prices,
        "tax_included": changes.tax_included,
        **({"by": by} if by else {}),
    }
    name, key = "catalogue.imported", f"catalogue:{storefront_id}"
    events.record(storefront_id=storefront_id, name=name, key=key, facts=facts, now=now)


def _let_go(table: Table) -> int:
    """How many rows there were: of a large file they are not held beside what was made of them."""
    rows = len(table.rows)
    table.rows.clear()
    return rows


def report_of(rows: int, plan: Plan, changes: Changes) -> ImportReport:
    """What the changes of a plan come to."""
    products_new = sum(1 for product, _ in changes.products if product.code in changes.new_codes)
    variants_new = sum(1 for variant, _ in changes.variants if variant.sku not in changes.known_skus)
    return ImportReport(
        rows=rows,
        products_new=products_new,
        products_changed=len(changes.products) - products_new,
        variants_new=variants_new,
        variants_changed=len(changes.variants) - variants_new,
        faults=tuple(plan.faults),
        warnings=tuple(plan.warnings),
        cells=tuple(changes.cells),
        digest=changes.digest(),
    )

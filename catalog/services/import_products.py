"""A whole file of products becomes the catalogue, or none of it; the same file twice changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.importing.faults import Fault, ImportRefused
from catalog.importing.plan import Plan, ProductPlan, VariantPlan, make_plan
from catalog.importing.read import Table, read
from catalog.models import Brand, Category, Product, Variant
from catalog.services.editing import editing
from catalog.services.indexing import index_products
from catalog.services.present_prices import refresh_products
from catalog.services.public_prices import publish_list_prices
from kernel import events

_BATCH = 500


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or in a dry run would do. Warnings stop nothing."""

    rows: int
    products_new: int
    products_changed: int
    variants_new: int
    variants_changed: int
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def check_products(*, storefront_id: int, file_name: str, content: bytes, now: datetime) -> ImportReport:
    """The dry run: every fault of the file by row and column, and what an import would change."""
    table = read(file_name, content)
    plan = make_plan(storefront_id, table, now=now)
    return _report(table, plan, _Changes.between(storefront_id, plan))


def import_products(*, storefront_id: int, file_name: str, content: bytes, now: datetime) -> ImportReport:
    """Write the products of a CSV or XLSX file; new ones as drafts, known ones brought up to date by SKU.

    Raises ImportRefused with every fault; nothing is written then. Variants that the file does not name stay
    as they are.
    """
    table = read(file_name, content)
    with editing(storefront_id):
        plan = make_plan(storefront_id, table, now=now)
        if plan.faults:
            raise ImportRefused(file=file_name, count=len(plan.faults), faults=plan.faults)
        changes = _Changes.between(storefront_id, plan)
        touched = changes.write(storefront_id, now=now)
        for start in range(0, len(touched), _BATCH):
            index_products(touched[start : start + _BATCH])
            refresh_products(touched[start : start + _BATCH], now=now)
        report = _report(table, plan, changes)
        if touched:
            events.record(
                storefront_id=storefront_id,
                name="catalogue.imported",
                key=f"catalogue:{storefront_id}",
                facts={
                    "file": file_name,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "products_new": report.products_new,
                    "products_changed": report.products_changed,
                    "variants_new": report.variants_new,
                    "variants_changed": report.variants_changed,
                    "prices": changes.prices,
                    "tax_included": changes.tax_included,
                },
                now=now,
            )
        return report


class _Changes:
    """The difference between a plan and the catalogue: only what differs is written."""

    def __init__(self) -> None:
        self.products: list[tuple[ProductPlan, dict[str, Any]]] = []
        self.variants: list[tuple[VariantPlan, dict[str, Any]]] = []
        self.known: dict[str, int] = {}  # product code → id
        self.new_codes: set[str] = set()
        self.known_skus: set[str] = set()
        self.prices: dict[str, list[int]] = {}  # SKU → [before, after], of known ones that change
        self.tax_included: dict[str, list[int]] = {}  # SKU → [with tax, tax], of written ones given so

    @classmethod
    def between(cls, storefront_id: int, plan: Plan) -> _Changes:
        """Compare field by field. Of a plan with faults there is nothing to say."""
        changes = cls()
        if plan.faults:
            return changes
        categories = dict(Category.objects.filter(storefront_id=storefront_id).values_list("code", "pk"))
        brands = dict(Brand.objects.filter(storefront_id=storefront_id).values_list("code", "pk"))
        there = Product.objects.filter(storefront_id=storefront_id, code__in=plan.products).defer("search")
        products = {row.code: row for row in there}
        skus = [variant.sku for product in plan.products.values() for variant in product.variants]
        variants = {v.sku: v for v in Variant.objects.filter(storefront_id=storefront_id, sku__in=skus)}
        changes.known = {code: row.pk for code, row in products.items()}
        changes.new_codes = set(plan.products) - set(products)
        changes.known_skus = set(variants)
        for product in plan.products.values():
            values = {
                "category_id": categories[product.category or ""],
                "brand_id": brands[product.brand or ""],
                **product.texts,
            }
            if _differs(products.get(product.code), values):
                changes.products.append((product, values))
            for variant in product.variants:
                row = variants.get(variant.sku)
                if _differs(row, variant.values):
                    changes.variants.append((variant, variant.values))
                    if variant.included_fen is not None:
                        changes.tax_included[variant.sku] = [variant.included_fen, variant.tax_fen]
                if row is not None and row.price_fen != variant.values["price_fen"]:
                    changes.prices[variant.sku] = [row.price_fen, variant.values["price_fen"]]
        return changes

    def write(self, storefront_id: int, *, now: datetime) -> list[int]:
        """Insert or update what differs; returns the ids of the products that were touched."""
        for batch in _batches(self.products):
            rows = [
                Product(storefront_id=storefront_id, code=plan.code, created_at=now, **values)
                for plan, values in batch
            ]
            Product.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["storefront", "code"],
                update_fields=[*batch[0][1]],
            )
            self.known |= {row.code: row.pk for row in rows}
        for lot in _batches(self.variants):
            written = [
                Variant(
                    storefront_id=storefront_id,
                    product_id=self.known[plan.product_code],
                    sku=plan.sku,
                    **values,
                )
                for plan, values in lot
            ]
            Variant.objects.bulk_create(
                written,
                update_conflicts=True,
                unique_fields=["storefront", "sku"],
                update_fields=[*lot[0][1]],
            )
            priced = {v.pk: v.price_fen for v in written if self._is_repriced(v.sku)}
            publish_list_prices(storefront_id=storefront_id, prices=priced, now=now)
        codes = dict.fromkeys(plan.code for plan, _ in self.products)
        codes |= dict.fromkeys(plan.product_code for plan, _ in self.variants)
        return [self.known[code] for code in codes]

    def _is_repriced(self, sku: str) -> bool:
        return sku in self.prices or sku not in self.known_skus


def _differs(row: Product | Variant | None, values: dict[str, Any]) -> bool:
    return row is None or any(getattr(row, name) != value for name, value in values.items())


def _batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


def _report(table: Table, plan: Plan, changes: _Changes) -> ImportReport:
    products_new = sum(1 for product, _ in changes.products if product.code in changes.new_codes)
    variants_new = sum(1 for variant, _ in changes.variants if variant.sku not in changes.known_skus)
    return ImportReport(
        rows=len(table.rows),
        products_new=products_new,
        products_changed=len(changes.products) - products_new,
        variants_new=variants_new,
        variants_changed=len(changes.variants) - variants_new,
        faults=tuple(plan.faults),
        warnings=tuple(plan.warnings),
    )

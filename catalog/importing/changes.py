"""The difference between a plan and the catalogue: what would be new, what would change field by field."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Max

from catalog.importing import cells
from catalog.importing.plan import Plan, ProductPlan, Progress, VariantPlan
from catalog.models import Brand, Category, Product, Variant
from catalog.services.public_prices import publish_list_prices

BATCH = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that would read otherwise: of which SKU or product, in which row of the file.

    `column` is empty where the whole is new; `after` is then its name.
    """

    row: int
    thing: str
    column: str
    before: str
    after: str


class Changes:
    """Only what differs is written."""

    def __init__(self) -> None:
        self.products: list[tuple[ProductPlan, dict[str, Any]]] = []
        self.variants: list[tuple[VariantPlan, dict[str, Any]]] = []
        self.cells: list[Change] = []
        self.known: dict[str, int] = {}  # product code → id
        self.new_codes: set[str] = set()
        self.known_skus: set[str] = set()
        self.prices: dict[str, list[int]] = {}  # SKU → [before, after], of known ones that change
        self.tax_included: dict[str, list[int]] = {}  # SKU → [with tax, tax], of written ones given so

    @classmethod
    def between(cls, storefront_id: int, plan: Plan, *, in_order: bool = True) -> Changes:
        """Compare field by field. Of a plan with faults there is nothing to say.

        Unless the plan is `in_order` each variant keeps its place, whatever the order of its rows.
        """
        changes = cls()
        if plan.faults:
            return changes
        of = {"storefront_id": storefront_id}
        categories = dict(Category.objects.filter(**of).values_list("code", "pk"))
        brands = dict(Brand.objects.filter(**of).values_list("code", "pk"))
        shelves = {pk: code for code, pk in categories.items()}, {pk: code for code, pk in brands.items()}
        for batch in batches([*plan.products.values()]):
            changes._compare(of, batch, {"category_id": categories, "brand_id": brands}, shelves, in_order)
        return changes

    def _compare(
        self,
        of: dict[str, int],
        plans: Sequence[ProductPlan],
        ids: dict[str, dict[str, int]],
        shelves: tuple[dict[int, str], dict[int, str]],
        in_order: bool,
    ) -> None:
        """Some products: no more of the catalogue is held at once than of them."""
        codes = [product.code for product in plans]
        products = {row.code: row for row in Product.objects.filter(**of, code__in=codes).defer("search")}
        skus = [variant.sku for product in plans for variant in product.variants]
        variants = {v.sku: v for v in Variant.objects.filter(**of, sku__in=skus)}
        last = dict(
            Variant.objects.filter(**of, product__code__in=codes)
            .values_list("product__code")
            .annotate(last=Max("position"))
        )
        self.known |= {code: row.pk for code, row in products.items()}
        self.new_codes |= set(codes) - set(products)
        self.known_skus |= set(variants)
        for product in plans:
            values = {
                "category_id": ids["category_id"][product.category or ""],
                "brand_id": ids["brand_id"][product.brand or ""],
                **product.texts,
            }
            self._product(product, products.get(product.code), values, shelves)
            _keep_places(product.variants, variants, last.get(product.code, -1), in_order)
            for variant in product.variants:
                self._variant(variant, variants.get(variant.sku))

    def digest(self) -> str:
        """What these changes are known by: a preview with the same one showed just these."""
        told = [(c.thing, c.column, c.before, c.after) for c in self.cells]
        new = [
            (plan.sku, sorted((name, str(value)) for name, value in values.items()))
            for plan, values in self.variants
            if plan.sku not in self.known_skus
        ]
        return hashlib.sha256(orjson.dumps([told, new])).hexdigest()

    def write(self, storefront_id: int, *, now: datetime, report: Progress | None = None) -> list[int]:
        """Insert or update what differs; returns the ids of the products that were touched."""
        if report is not None:
            report(0, len(self.variants))
        for batch in batches(self.products):
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
        done = 0
        for lot in batches(self.variants):
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
            done += len(lot)
            if report is not None:
                report(done, len(self.variants))
        codes = dict.fromkeys(plan.code for plan, _ in self.products)
        codes |= dict.fromkeys(plan.product_code for plan, _ in self.variants)
        return [self.known[code] for code in codes]

    def _product(
        self,
        plan: ProductPlan,
        row: Product | None,
        values: dict[str, Any],
        shelves: tuple[dict[int, str], dict[int, str]],
    ) -> None:
        if row is None:
            self.cells.append(Change(plan.row, plan.code, "", "", values["name_zh"]))
        elif not _differs(row, values):
            return
        else:
            before, after = (
                cells.of_product(one, category=shelves[0][one.category_id], brand=shelves[1][one.brand_id])
                for one in (row, Product(code=plan.code, **values))
            )
            self.cells += _between(plan.row, plan.code, before, after)
        self.products.append((plan, values))

    def _variant(self, plan: VariantPlan, row: Variant | None) -> None:
        values = plan.values
        if row is not None and not _differs(row, values):
            return
        self.variants.append((plan, values))
        if plan.included_fen is not None:
            self.tax_included[plan.sku] = [plan.included_fen, plan.tax_fen]
        if row is None:
            self.cells.append(Change(plan.row, plan.sku, "", "", values["spec_zh"]))
            return
        if row.price_fen != values["price_fen"]:
            self.prices[plan.sku] = [row.price_fen, values["price_fen"]]
        before, after = (
            {**cells.of_variant(one), "position": str(one.position)}
            for one in (row, Variant(sku=plan.sku, **values))
        )
        self.cells += _between(plan.row, plan.sku, before, after)

    def _is_repriced(self, sku: str) -> bool:
        return sku in self.prices or sku not in self.known_skus


def batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """In lots of BATCH."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _keep_places(plans: list[VariantPlan], there: dict[str, Variant], last: int, in_order: bool) -> None:
    """Who names some variants of a product in their order, new ones behind, leaves each in its place.

    A file in another order puts them in its own, where its order says anything.
    """
    known = [there[plan.sku] for plan in plans if plan.sku in there]
    new = [plan for plan in plans if plan.sku not in there]
    kept = known == sorted(known, key=lambda row: (row.position, row.pk))
    if in_order and not (kept and all(plan.sku in there for plan in plans[: len(known)])):
        return
    for plan in plans:
        if plan.sku in there:
            plan.values["position"] = there[plan.sku].position
    for place, plan in enumerate(new, start=last + 1):
        plan.values["position"] = place


def _differs(row: Product | Variant, values: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _between(row: int, thing: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Change]:
    for column, was in before.items():
        if after[column] != was:
            yield Change(row, thing, column, was, after[column])

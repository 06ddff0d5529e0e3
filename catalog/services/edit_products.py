"""Many variants get the same new values at once: shown first, checked as a file is, written whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.importing.cells import rows_of, table_of
from catalog.importing.changes import Change, Changes
from catalog.importing.columns import PRODUCT_COLUMNS
from catalog.importing.faults import Fault, ImportRefused
from catalog.importing.plan import Plan, make_plan
from catalog.models import Variant
from catalog.services.editing import editing
from catalog.services.import_products import ChangedSince, write
from catalog.services.prices import NoSuchVariant
from kernel import events
from kernel.errors import Invalid

MOST = 1_000
# What may be the same for several; of one SKU alone its options and bar code too. Prices have their own way.
SHARED = (
    *("category", "brand", "active", "hs_code", "origin", "unit"),
    *("legal_unit_1", "legal_quantity_1", "legal_unit_2", "legal_quantity_2", "weight_g"),
    *("net_content", "net_content_unit", "spec_zh", "e_label_zh", "is_food", "adult_only"),
    *("return_exclusion", "classes", "exclusion_ruled_out", "customs_confirmed", "customs_note"),
)
_OF_ALL = {"options_zh", *(column.name for column in PRODUCT_COLUMNS)}


@dataclass(eq=False)
class BadEdit(Invalid):
    """Nothing to change was named, something that is not changed so, or too many at once."""

    code = "bad_edit"
    title = "Name 1 to {most} SKUs and at least one field to change."
    title_zh = "请选择 1 至 {most} 个 SKU，并至少填写一项要修改的内容。"
    most: int = MOST


@dataclass(frozen=True)
class Edit:
    """What an edit would do: the changed cells, known by their digest, or what stands against it by SKU."""

    cells: tuple[Change, ...]
    digest: str
    faults: tuple[tuple[str, Fault], ...]


def check_edit(
    *, storefront_id: int, skus: Collection[str], values: Mapping[str, str], now: datetime
) -> Edit:
    """What would change; reads only. Raises BadEdit and NoSuchVariant."""
    plan, named = _plan(storefront_id, skus, values, now)
    changes = Changes.between(storefront_id, plan)
    faults = tuple((named.get(fault.row, ""), fault) for fault in plan.faults)
    return Edit(tuple(changes.cells), changes.digest(), faults)


def edit_products(
    *,
    storefront_id: int,
    skus: Collection[str],
    values: Mapping[str, str],
    by: str,
    now: datetime,
    seen: str = "",
) -> int:
    """Give the variants, or their products where a column is theirs, these cells as an import would.

    Returns how many cells changed. Raises BadEdit, NoSuchVariant, ImportRefused with every fault, and
    ChangedSince where it is not what was `seen`. One event tells of all of it.
    """
    with editing(storefront_id):
        plan, named = _plan(storefront_id, skus, values, now)
        if plan.faults:
            faults = [replace(f, column=f"{named.get(f.row, '')} {f.column}") for f in plan.faults]
            raise ImportRefused(file=", ".join(sorted(skus)[:5]), count=len(faults), faults=faults)
        changes = Changes.between(storefront_id, plan)
        if seen and changes.digest() != seen:
            raise ChangedSince()
        if not write(storefront_id, changes, now=now):
            return 0
        events.record(
            storefront_id=storefront_id,
            name="catalogue.edited",
            key=f"catalogue:{storefront_id}",
            facts={
                "by": by,
                "values": {name: value[:300] for name, value in values.items()},
                "skus": sorted(skus),
                "before": [[c.thing, c.column, c.before[:300]] for c in changes.cells],
            },
            now=now,
        )
        return len(changes.cells)


def _plan(
    storefront_id: int, skus: Collection[str], values: Mapping[str, str], now: datetime
) -> tuple[Plan, dict[int, str]]:
    """Whole products as they would be, and the SKU of each row; only what is edited is refused."""
    own = (*SHARED, "options_zh", "options_en", "bar_code") if len(skus) == 1 else SHARED
    if not 1 <= len(skus) <= MOST or not values or not {*values} <= {*own}:
        raise BadEdit()
    asked = Variant.objects.filter(storefront_id=storefront_id, sku__in=skus)
    rows = [
        *rows_of(
            Variant.objects.filter(product__in=asked.values("product"))
            .select_related("product__category", "product__brand")
            .defer("product__search")
            .order_by("product_id", "position", "id")
        )
    ]
    missing = {*skus} - {row["sku"] for row in rows}
    if missing:
        raise NoSuchVariant(sku=min(missing))
    of_product = {name: values[name] for name in ("category", "brand") if name in values}
    edited = {row["product_code"] for row in rows if row["sku"] in skus}
    for row in rows:
        row.update(values if row["sku"] in skus else of_product if row["product_code"] in edited else {})
    named = {number: row["sku"] for number, row in enumerate(rows, start=2)}
    plan = make_plan(storefront_id, table_of(rows), now=now)
    # What stood against an unedited neighbour before stands as it did.
    faults = [f for f in plan.faults if named.get(f.row) in skus or f.column in _OF_ALL]
    return replace(plan, faults=faults), named

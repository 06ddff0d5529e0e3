"""What partners say of stock, line by line through the ledger: all of it is done, or the line is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from catalog.models import Variant
from inventory import services as inventory
from inventory.models import Count, CountLine, Lot, Warehouse
from kernel.errors import Missing
from partner_api.lines import line
from partners.models import Connection

Line = dict[str, Any]


@dataclass(frozen=True)
class Served:
    """Whose stock it is: the warehouses that the partner serves, and who says it."""

    storefront_id: int
    warehouses: QuerySet[Warehouse]
    by: str
    now: datetime

    @classmethod
    def of(cls, connection: Connection, by: str, now: datetime) -> Served:
        """Of another storefront's warehouses, or of those that it does not serve, nothing is there."""
        rows = Warehouse.objects.filter(storefront=connection.storefront_id)
        named = connection.warehouses
        return cls(connection.storefront_id, rows.filter(code__in=named) if named else rows, by, now)

    def warehouse(self, code: str) -> Warehouse:
        """Raises Missing for one that the partner does not serve."""
        row = self.warehouses.filter(code=code).first()
        if row is None:
            raise Missing()
        return row


def take_in(served: Served, lines: Sequence[Line]) -> list[Lot]:
    """Goods that came in, under the partner's number of the receipt."""
    taken: dict[int, Lot] = {}
    skus = {one["sku"] for one in lines}
    rows = Variant.objects.filter(storefront_id=served.storefront_id, sku__in=skus)
    variants = {row.sku: row for row in rows}
    places: dict[str, Warehouse] = {}
    for number, one in _in_order(lines):
        with line(number):
            code = one["warehouse"]
            places[code] = places.get(code) or served.warehouse(code)
            taken[number] = inventory.receive(
                warehouse=places[code],
                variant=_known(variants, one["sku"]),
                quantity=one["quantity"],
                code=one["lot"],
                inbound_list=one["inbound_list"],
                produced_on=one["produced_on"],
                expires_on=one["expires_on"],
                reason=f"receipt {one['reference']}",
                by=served.by,
                now=served.now,
            )
    return [taken[number] for number in sorted(taken)]


def adjust(served: Served, lines: Sequence[Line]) -> list[Lot]:
    """What was found is added, what is missing written off."""
    moved: dict[int, Lot] = {}
    for number, one in _in_order(lines):
        with line(number):
            lot = _lot(served, one)
            moved[number] = inventory.adjust(
                lot=lot, pieces=one["pieces"], reason=one["reason"], by=served.by, now=served.now
            )
    return [moved[number] for number in sorted(moved)]


def count(served: Served, lines: Sequence[Line]) -> list[CountLine]:
    """What was counted, compared with the ledger; a count for each warehouse."""
    counts: dict[str, Count] = {}
    found: dict[int, CountLine] = {}
    for number, one in _in_order(lines):
        with line(number):
            lot, code = _lot(served, one), one["warehouse"]
            if code not in counts:
                counts[code] = inventory.open_count(
                    warehouse=served.warehouse(code), note=one["note"], by=served.by, now=served.now
                )
            found[number] = inventory.record_count(
                count=counts[code], lot=lot, counted=one["counted"], by=served.by, now=served.now
            )
    return [found[number] for number in sorted(found)]


def _in_order(lines: Sequence[Line]) -> Iterator[tuple[int, Line]]:
    """The lines with their numbers, in one order whoever sends them: no two messages wait for each other."""
    order = ("warehouse", "sku", "lot", "inbound_list")
    yield from sorted(enumerate(lines, start=1), key=lambda one: (*(one[1][name] for name in order), one[0]))


def _lot(served: Served, one: Line) -> Lot:
    rows = Lot.objects.filter(storefront=served.storefront_id, stock__warehouse__in=served.warehouses)
    rows = rows.filter(stock__warehouse__code=one["warehouse"])
    rows = rows.select_related("stock__warehouse", "stock__variant")
    return inventory.named_lot(rows, sku=one["sku"], code=one["lot"], listed=one["inbound_list"])


def _known(variants: dict[str, Variant], sku: str) -> Variant:
    if sku not in variants:
        raise Missing()
    return variants[sku]

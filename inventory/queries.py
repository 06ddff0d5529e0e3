"""What is available, and from which warehouse; exact inside checkout, close everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Sum

from inventory.models import Stock


@dataclass(frozen=True, slots=True)
class Offer:
    """One warehouse's view of a basket: `available` maps variant id → pieces."""

    warehouse_id: int
    code: str
    name: str
    name_zh: str
    trade_mode: str
    freight_fen: int
    freight_free_from_fen: int | None
    parcel_limit_g: int
    available: dict[int, int]

    def covers(self, wanted: dict[int, int]) -> bool:
        """Whether every wanted variant (id → quantity) can leave from here."""
        return all(self.available.get(v, 0) >= q for v, q in wanted.items())


def offers(*, storefront_id: int, variant_ids: Sequence[int], trade_modes: Sequence[str]) -> list[Offer]:
    """The storefront's active warehouses that hold any of the variants, in order of preference. One query."""
    rows = (
        Stock.objects.filter(
            storefront_id=storefront_id,
            variant_id__in=list(variant_ids),
            warehouse__active=True,
            warehouse__trade_mode__in=list(trade_modes),
        )
        .order_by("warehouse__position", "warehouse_id")
        .values_list(
            "warehouse_id",
            "warehouse__code",
            "warehouse__name",
            "warehouse__name_zh",
            "warehouse__trade_mode",
            "warehouse__freight_fen",
            "warehouse__freight_free_from_fen",
            "warehouse__parcel_limit_g",
            "variant_id",
            "on_hand",
            "reserved",
        )
    )
    found: dict[int, Offer] = {}
    for row in rows:
        head, (variant_id, on_hand, reserved) = row[:8], row[8:]
        offer = found.setdefault(head[0], Offer(*head, {}))
        offer.available[variant_id] = on_hand - reserved
    return list(found.values())


def available(*, storefront_id: int, variant_ids: Sequence[int]) -> dict[int, int]:
    """Variant id → pieces to be had in any active warehouse; variants without stock are left out."""
    rows = (
        Stock.objects.filter(
            storefront_id=storefront_id, variant_id__in=list(variant_ids), warehouse__active=True
        )
        .values("variant_id")
        .annotate(pieces=Sum(F("on_hand") - F("reserved")))
        .values_list("variant_id", "pieces")
    )
    return {variant_id: int(pieces) for variant_id, pieces in rows}

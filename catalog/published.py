"""What was public of a price at an instant, from the append-only history alone: one answer for everyone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from catalog.models import PublicPrice


@dataclass(frozen=True, slots=True)
class Published:
    """The list price and the cut that held of one variant; each with the row that told it to everyone."""

    price: PublicPrice
    cut: PublicPrice | None

    @property
    def present_fen(self) -> int:
        """What one piece cost, tax excluded, any public price cut taken off."""
        return min(self.price.price_fen, self.cut.price_fen) if self.cut else self.price.price_fen


def published(variant_ids: Iterable[int], at: datetime) -> dict[int, Published]:
    """Variant → what was public of its price at the instant; one that had no price yet is absent.

    Says in rows what the database function `catalog_public_price` says as a number, which checkout asks.
    """
    wanted = list(variant_ids)
    told = PublicPrice.objects.filter(variant_id__in=wanted, starts_at__lte=at, told_at__lte=at)
    prices = {row.variant_id: row for row in told.filter(kind="list").order_by("starts_at", "id")}
    running = told.filter(kind="cut", ends_at__gt=at).filter(Q(end=None) | Q(end__starts_at__gt=at))
    cuts = {row.variant_id: row for row in running.order_by("-price_fen")}
    return {variant_id: Published(price, cuts.get(variant_id)) for variant_id, price in prices.items()}

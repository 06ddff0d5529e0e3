"""Promotions: public price cuts that share a code, from their announcement until the last of them ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Min, QuerySet

from catalog.models import PriceCut
from kernel.errors import Missing


def promotions(storefront_id: int, *, now: datetime) -> list[dict[str, Any]]:
    """Those that run or are to come, the first to end first; one statement."""
    return [_told(row) for row in _named(storefront_id, now)]


def promotion(storefront_id: int, code: str, *, now: datetime) -> dict[str, Any]:
    """One that runs or is to come, in one statement; raises Missing."""
    row = _named(storefront_id, now).filter(promotion=code).first()
    if row is None:
        raise Missing()
    return _told(row)


def goods(storefront_id: int, code: str, *, now: datetime) -> QuerySet[PriceCut, int]:
    """The products (ids) of a promotion that runs or is to come."""
    cuts = PriceCut.objects.filter(storefront_id=storefront_id, promotion=code, ends_at__gt=now)
    return cuts.filter(variant__active=True).values_list("variant__product_id", flat=True)


def _named(storefront_id: int, now: datetime) -> QuerySet[PriceCut, dict[str, Any]]:
    """By code: the first beginning of its cuts and their last end, and their names, the youngest first."""
    cuts = PriceCut.objects.filter(storefront_id=storefront_id, ends_at__gt=now).exclude(promotion="")
    named = cuts.values("promotion").annotate(
        since=Min("starts_at"),
        until=Max("ends_at"),
        zh=ArrayAgg("name_zh", order_by="-pk"),
        en=ArrayAgg("name_en", order_by="-pk"),
    )
    return named.order_by("until", "promotion")


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": row["promotion"],
        "name": {"zh": row["zh"][0], "en": row["en"][0]},
        "starts_at": row["since"].astimezone(UTC).isoformat(),
        "ends_at": row["until"].astimezone(UTC).isoformat(),
    }

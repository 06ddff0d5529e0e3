"""No price or cut changes without being written into the public history, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from catalog.models import PriceCut, PublicPrice

_BATCH = 500


def publish_list_prices(*, storefront_id: int, prices: Mapping[int, int], now: datetime) -> None:
    """From now on each variant (id) has this list price (fen), for everyone."""
    PublicPrice.objects.bulk_create(
        (
            PublicPrice(
                storefront_id=storefront_id,
                variant_id=variant_id,
                kind=PublicPrice.Kind.LIST,
                price_fen=price_fen,
                told_at=now,
                starts_at=now,
            )
            for variant_id, price_fen in prices.items()
        ),
        batch_size=_BATCH,
    )


def publish_cut(*, cut: PriceCut, now: datetime) -> None:
    """The cut is announced: nobody could have bought at it before, whenever it says that it begins."""
    PublicPrice.objects.create(
        storefront_id=cut.storefront_id,
        variant_id=cut.variant_id,
        kind=PublicPrice.Kind.CUT,
        price_fen=cut.price_fen,
        told_at=now,
        starts_at=cut.starts_at,
        ends_at=cut.ends_at,
    )


def publish_end_of_cut(*, cut: PriceCut, now: datetime) -> None:
    """The cut ends before its time; the row of its announcement stays as it was written."""
    announced = PublicPrice.objects.filter(
        variant_id=cut.variant_id, kind=PublicPrice.Kind.CUT, starts_at=cut.starts_at, end=None
    ).latest("id")
    PublicPrice.objects.create(
        storefront_id=cut.storefront_id,
        variant_id=cut.variant_id,
        kind=PublicPrice.Kind.CUT_ENDED,
        price_fen=cut.price_fen,
        told_at=now,
        starts_at=now,
        ends=announced,
    )

"""Goods that were quoted or ordered, with what the catalogue of today shows of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from rest_framework import serializers

from catalog import queries as catalog
from catalog.queries import PricedVariant
from miniprogram_api.door import Door


class Shown(serializers.Serializer[Any]):
    """What the catalogue of today has of goods that were ordered; null where it knows them no more."""

    product = serializers.CharField(allow_null=True, help_text="code of its page")
    options = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField()), allow_null=True
    )
    thumbnail_url = serializers.CharField(allow_null=True)


def pictured(door: Door, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """SKU → what the catalogue has of it today; one statement."""
    skus = list(set(wanted))
    found = catalog.priced_variants(door.shop.id, skus, door.now) if skus else {}
    nothing = {"product": None, "options": None, "thumbnail_url": None}
    return {sku: _of_today(found[sku]) if sku in found else nothing for sku in skus}


def _of_today(variant: PricedVariant) -> dict[str, Any]:
    thumbnail = variant.thumbnail_path
    return {
        "product": variant.product_code,
        "options": variant.options,
        "thumbnail_url": f"{settings.MEDIA_URL}{thumbnail}" if thumbnail else None,
    }

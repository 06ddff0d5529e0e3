"""A place goods leave from, and under which trade mode."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from storefronts.models import Storefront


class Warehouse(models.Model):
    """A place goods leave from, under one trade mode: it belongs to the stock, not to the product."""

    class TradeMode(models.TextChoices):
        BONDED = "1210", "1210 网购保税进口 · bonded"
        DIRECT = "9610", "9610 直购进口 · direct mail"
        BONDED_A = "1239", "1239 网购保税进口A · bonded, by approval"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="warehouses")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    name_zh = models.CharField(max_length=100)
    trade_mode = models.CharField(max_length=4, choices=TradeMode.choices)
    customs_district = models.CharField(max_length=4, help_text="关区代码, customs district code")
    position = models.PositiveIntegerField(
        default=0, help_text="the lowest that can ship everything is chosen"
    )
    freight_fen = models.BigIntegerField(default=0)
    freight_free_from_fen = models.BigIntegerField(null=True, blank=True)
    parcel_limit_g = models.PositiveIntegerField(
        default=30000, help_text="one parcel per import list: what is heavier is refused at the quote"
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "code"], name="warehouse_code"),
            models.CheckConstraint(name="warehouse_freight", condition=Q(freight_fen__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.trade_mode})"

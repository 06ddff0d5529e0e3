"""What may not be sold although it is there: stopped goods, and lots too near their end."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from catalog.models import Variant
from inventory.models.stock import Lot
from storefronts.models import Storefront


class SaleStop(models.Model):
    """停售: a SKU, or one lot of it, is not sold from now on; `lifted_at` ends it."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="stops", null=True, blank=True)
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    lifted_by = models.CharField(max_length=80, blank=True, default="")
    lifted_reason = models.CharField(max_length=200, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["variant"], name="stop_one_of_sku", condition=Q(lot=None, lifted_at=None)
            ),
            models.UniqueConstraint(fields=["lot"], name="stop_one_of_lot", condition=Q(lifted_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.lot if self.lot_id else self.variant)


MOST_DAYS = 36_500  # a hundred years


class ShelfLife(models.Model):
    """保质期下限: how many days must be left for goods to be sold, and when they are near that.

    The row without a SKU speaks for every SKU of the storefront that has none of its own.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    floor_days = models.PositiveIntegerField(
        validators=[MaxValueValidator(MOST_DAYS)], help_text="with fewer days left nothing is sold"
    )
    near_days = models.PositiveIntegerField(
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="with fewer days left a lot is marked as near its end",
    )

    class Meta:
        verbose_name_plural = "shelf lives"
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "variant"], name="shelf_life_once", nulls_distinct=False
            ),
            models.CheckConstraint(name="shelf_life_order", condition=Q(near_days__gte=F("floor_days"))),
        ]

    def __str__(self) -> str:
        return f"{self.variant or self.storefront}: {self.floor_days}"

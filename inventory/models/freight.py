"""运费模板: what carrying costs, by piece or by weight, by region; and where nothing is carried to."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from storefronts.models import Storefront


class FreightTemplate(models.Model):
    """A tariff that warehouses share; its zones say the prices."""

    class By(models.TextChoices):
        PIECE = "piece"
        WEIGHT = "weight"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=60)
    by = models.CharField(max_length=10, choices=By.choices)
    free_above_fen = models.BigIntegerField(
        null=True, blank=True, help_text="goods of this amount or more are carried free"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "code"], name="freight_template_code"),
        ]

    def __str__(self) -> str:
        return self.code


class FreightZone(models.Model):
    """The price for some provinces, or for all that no other zone names; units are pieces or grams."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    template = models.ForeignKey(FreightTemplate, on_delete=models.CASCADE, related_name="zones")
    provinces = ArrayField(
        models.CharField(max_length=2),
        default=list,
        blank=True,
        help_text="province codes of two digits (GB/T 2260); empty for everywhere else",
    )
    refused = models.BooleanField(default=False, help_text="nothing is carried there")
    first = models.PositiveIntegerField(default=1, help_text="pieces or grams that the first price covers")
    first_fen = models.BigIntegerField(default=0)
    step = models.PositiveIntegerField(default=1, help_text="pieces or grams of each further price")
    step_fen = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="freight_zone_prices",
                condition=Q(first_fen__gte=0, step_fen__gte=0, first__gte=1, step__gte=1),
            ),
            models.UniqueConstraint(
                fields=["template"], name="freight_zone_elsewhere", condition=Q(provinces=[])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} {', '.join(self.provinces) or '…'}"

"""The tariff: what is levied on goods of one commodity code, from one day on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class TariffLine(models.Model):
    """The rates of one commodity code from one day on. Rates are fractions: 0.13 is 13 %.

    `excise_unit` is a number and a unit ("500g", "10l", "1piece"): what `excise_per_unit_fen` is paid for.
    Excise (消费税) falls due only at or above a threshold where one is given; goods sold by ml or g and goods
    sold by the piece have different ones.
    """

    class Excise(models.TextChoices):
        NONE = "none"
        AD_VALOREM = "ad_valorem"
        SPECIFIC = "specific"
        COMPOUND = "compound"

    class Confidence(models.TextChoices):
        CONFIRMED = "C", "read in the law or the official text"
        PARTLY = "P", "from a secondary source, or in part"
        TO_BE_CONFIRMED = "M", "to be confirmed"

    hs_code = models.CharField(max_length=10)
    first_day = models.DateField()
    name_zh = models.CharField(max_length=200)
    mfn_rate = models.DecimalField(max_digits=7, decimal_places=6)
    provisional_rate = models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)
    vat_rate = models.DecimalField(max_digits=7, decimal_places=6)
    excise_kind = models.CharField(max_length=10, choices=Excise.choices, default=Excise.NONE)
    excise_rate = models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)
    excise_per_unit_fen = models.PositiveIntegerField(null=True, blank=True)
    excise_unit = models.CharField(max_length=12, default="", blank=True)
    threshold_fen_per_ml_or_g = models.PositiveIntegerField(null=True, blank=True)
    threshold_fen_per_piece = models.PositiveIntegerField(null=True, blank=True)
    source = models.CharField(max_length=200)
    link = models.CharField(max_length=300, default="", blank=True)
    confidence = models.CharField(max_length=1, choices=Confidence.choices)
    checked_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hs_code", "first_day"], name="tariff_one_a_day"),
            models.CheckConstraint(name="tariff_code", condition=Q(hs_code__regex=r"^(\d{8}|\d{10})$")),
            models.CheckConstraint(
                name="tariff_rates",
                condition=Q(mfn_rate__range=(0, 9), vat_rate__range=(0, 1))
                & (Q(excise_rate=None) | Q(excise_rate__gt=0, excise_rate__lt=1)),
            ),
            models.CheckConstraint(
                name="tariff_excise_whole",
                condition=Q(excise_kind="none", excise_rate=None, excise_per_unit_fen=None, excise_unit="")
                | Q(
                    excise_kind="ad_valorem",
                    excise_rate__isnull=False,
                    excise_per_unit_fen=None,
                    excise_unit="",
                )
                | Q(excise_kind="specific", excise_rate=None, excise_per_unit_fen__gt=0) & ~Q(excise_unit="")
                | Q(excise_kind="compound", excise_rate__isnull=False, excise_per_unit_fen__gt=0)
                & ~Q(excise_unit=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hs_code} from {self.first_day}"

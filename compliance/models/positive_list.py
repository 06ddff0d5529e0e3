"""The positive list: which goods may enter by cross-border retail import at all, and how."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from compliance.models.tariff import TariffLine


class PositiveListLine(models.Model):
    """What the positive list (跨境电子商务零售进口商品清单) says of one 8-digit code from one day on.

    A later line with `listed` false takes the code off. `only_modes` are the trade modes that the remark
    leaves (仅限网购保税: 1210), empty for all. `limit_group` names goods with a quantity per person and year.
    `exclusion` is what the remark takes out (…的除外): someone confirms that a variant is none of it.
    """

    hs_code = models.CharField(max_length=8)
    first_day = models.DateField()
    listed = models.BooleanField(default=True)
    name_zh = models.CharField(max_length=200)
    remark = models.CharField(max_length=500, default="", blank=True)
    only_modes = ArrayField(models.CharField(max_length=4), default=list, blank=True)
    limit_group = models.CharField(max_length=40, default="", blank=True)
    exclusion = models.CharField(max_length=300, default="", blank=True)
    source = models.CharField(max_length=200)
    link = models.CharField(max_length=300, default="", blank=True)
    confidence = models.CharField(max_length=1, choices=TariffLine.Confidence.choices)
    checked_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hs_code", "first_day"], name="listing_one_a_day"),
            models.CheckConstraint(name="listing_code", condition=Q(hs_code__regex=r"^\d{8}$")),
        ]

    def __str__(self) -> str:
        return f"{self.hs_code} from {self.first_day}"

"""盘点: what was counted in a warehouse, lot by lot, beside what the ledger said at that moment."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from inventory.models.places import Warehouse
from inventory.models.stock import Lot
from storefronts.models import Storefront


class Count(models.Model):
    """One session of counting in one warehouse; it is closed when no difference is left open."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="counts")
    note = models.CharField(max_length=200, blank=True)
    opened_by = models.CharField(max_length=80)
    opened_at = models.DateTimeField()
    closed_by = models.CharField(max_length=80, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.warehouse} #{self.pk}"


class CountLine(models.Model):
    """One lot as counted; `expected` is what stood in the ledger at the moment of counting."""

    class State(models.TextChoices):
        MATCHES = "matches"
        VARIES = "varies"
        ACCEPTED = "accepted"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    count = models.ForeignKey(Count, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    expected = models.PositiveIntegerField()
    counted = models.PositiveIntegerField()
    seen = models.BigIntegerField(
        default=0, editable=False, help_text="the last movement of the lot before it was counted"
    )
    state = models.CharField(max_length=10, choices=State.choices)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    accepted_by = models.CharField(max_length=80, blank=True, default="")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["count", "lot"], name="count_line_once"),
            models.CheckConstraint(
                name="count_line_state",
                condition=Q(state="matches", counted=F("expected"))
                | (Q(state__in=["varies", "accepted"]) & ~Q(counted=F("expected"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.counted} × {self.lot}"

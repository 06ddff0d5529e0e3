"""调拨: pieces on their way between two warehouses of a storefront; until they arrive they are in neither."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from inventory.models.places import Warehouse
from inventory.models.stock import Lot
from storefronts.models import Storefront


class Transfer(models.Model):
    """One load between two warehouses of the same trade mode."""

    class State(models.TextChoices):
        IN_TRANSIT = "in_transit"
        ARRIVED = "arrived"
        RETURNED = "returned"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.IN_TRANSIT)
    reason = models.CharField(max_length=200, blank=True)
    sent_by = models.CharField(max_length=80)
    sent_at = models.DateTimeField()
    ended_by = models.CharField(max_length=80, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_between_two", condition=~Q(source=F("target"))),
            models.CheckConstraint(
                name="transfer_ends",
                condition=Q(state="in_transit", ended_at=None)
                | (~Q(state="in_transit") & Q(ended_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class TransferLine(models.Model):
    """Pieces of one lot; `arrived` is told when the load is taken in, and may be fewer."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    arrived = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "lot"], name="transfer_line_once"),
            models.CheckConstraint(name="transfer_line_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="transfer_line_arrived", condition=Q(arrived=None) | Q(arrived__lte=F("quantity"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.lot}"

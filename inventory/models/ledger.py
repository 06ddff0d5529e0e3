"""Every change of a balance, once and for good: stock and lots are the sums of what stands here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models.stock import Lot, Stock
from storefronts.models import Storefront


class Movement(models.Model):
    """One change; its columns are what is added to the balances of its stock and, but for holding, its lot.

    Writing the row changes the balances: a trigger of the table does, and refuses what would take them where
    they cannot be, what moves nothing, and what holds pieces of a lot or moves others without one. The keys
    have no constraint because that trigger looks both rows up.
    """

    class Kind(models.TextChoices):
        RECEIVE = "receive"
        RESERVE = "reserve"
        RELEASE = "release"
        PICK = "pick"
        PUT_BACK = "put_back"
        SHIP = "ship"
        RETURN = "return"
        ADJUST = "adjust"
        TRANSFER = "transfer"
        QUARANTINE = "quarantine"
        RESTORE = "restore"

    storefront = models.ForeignKey(
        Storefront, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="movements", db_constraint=False)
    lot = models.ForeignKey(
        Lot,
        on_delete=models.PROTECT,
        related_name="movements",
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    picked = models.IntegerField(default=0)
    quarantined = models.IntegerField(default=0)
    holder = models.CharField(max_length=80, blank=True, help_text="whose or which matter, opaque")
    reason = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["lot"], name="movement_lot_lot", condition=Q(lot__isnull=False)),
            models.Index(
                fields=["stock"],
                name="movement_across",
                condition=Q(kind__in=["receive", "transfer", "return"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.stock_id}"

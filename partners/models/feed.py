"""What partners may hear of a storefront, in an order that never changes: who read up to a place has all."""

from __future__ import annotations

from django.db import models

from partners.models.accounts import Partner
from storefronts.models import Storefront


class Feed(models.Model):
    """How far a storefront's notices have come; its row is held while the next one is written."""

    storefront = models.OneToOneField(Storefront, on_delete=models.CASCADE, related_name="+")
    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.storefront_id} at {self.position}"


class Notice(models.Model):
    """One fact that partners may hear: what happened to what, and when; nothing of it is personal.

    Places are given in the order in which notices are committed: none turns up before one that was read.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="+")
    position = models.BigIntegerField()
    type = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, help_text="what it happened to: order:number, return:number")
    warehouse = models.CharField(
        max_length=40, default="", blank=True, help_text="code of the warehouse whose it is"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "position"], name="notice_place")]
        indexes = [models.Index(fields=["at"], name="notice_day")]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class Latest(models.Model):
    """The place of the last notice of each object: what has changed since another place."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    number = models.CharField(max_length=60)
    position = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "latest changes"
        constraints = [
            models.UniqueConstraint(fields=["storefront", "kind", "number"], name="latest_once"),
            models.UniqueConstraint(fields=["storefront", "position"], name="latest_place"),
        ]
        indexes = [
            models.Index(fields=["storefront", "kind", "position"], name="latest_changed"),
            models.Index(fields=["storefront", "kind", "at"], name="latest_since"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}"


class Acknowledgement(models.Model):
    """A partner has an order in its own books, under a number of its own; said once."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=60, help_text="of the order")
    reference = models.CharField(max_length=60, default="", blank=True, help_text="the partner's own number")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "storefront", "number"], name="acknowledged_once")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.reference}"

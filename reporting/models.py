"""What a storefront's days came to, kept, and counted anew from the truth whenever that has moved."""

from __future__ import annotations

from django.db import models

from storefronts.models import Storefront


class Day(models.Model):
    """One storefront's day in Shanghai. Each figure belongs to the day on which it happened: a refund to that
    on which the money went back, whenever the order was placed. A quote is followed from its own day on."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    placed = models.IntegerField(default=0, help_text="orders placed")
    placed_fen = models.BigIntegerField(default=0)
    paid = models.IntegerField(default=0, help_text="orders paid")
    paid_fen = models.BigIntegerField(default=0)
    ended = models.IntegerField(default=0, help_text="orders that were cancelled or expired")
    refunded = models.IntegerField(default=0, help_text="refunds that went back, those of stray money apart")
    refunded_fen = models.BigIntegerField(default=0)
    quotes = models.IntegerField(default=0, help_text="quotes made")
    quotes_ordered = models.IntegerField(default=0, help_text="of them those on which somebody ordered")
    quotes_paid = models.IntegerField(default=0, help_text="of them those whose order was paid")
    released = models.IntegerField(default=0, help_text="lists that customs released")
    clearance = models.JSONField(
        default=dict, help_text="of them how many took so many times ten minutes since they were sent"
    )
    returns_asked = models.IntegerField(default=0)
    returns_settled = models.IntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "day"], name="day_once")]

    def __str__(self) -> str:
        return f"{self.storefront_id} {self.day}"


class ForexDay(models.Model):
    """How one day moved a storefront's position in one currency, in minor units: the position of a day is the
    sum of all moves up to it."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    currency = models.CharField(max_length=3, help_text="ISO 4217")
    promised_minor = models.BigIntegerField(default=0, help_text="promised to the brand by orders of the day")
    kept_minor = models.BigIntegerField(default=0, help_text="of all that was promised, settled on the day")
    settled_minor = models.BigIntegerField(default=0, help_text="what it came to at the institution's rates")
    credited_minor = models.BigIntegerField(default=0, help_text="credited by the brand's bank")
    charged_minor = models.BigIntegerField(default=0, help_text="kept by the brand's bank")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "day", "currency"], name="forex_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.storefront_id} {self.day} {self.currency}"


class StaleDay(models.Model):
    """A day of which something has moved since it was counted. Whoever counts it takes the mark away first,
    so that who marks it meanwhile waits, and marks it again."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "day"], name="stale_day_once")]

    def __str__(self) -> str:
        return f"{self.storefront_id} {self.day}"

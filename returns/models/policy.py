"""On which terms a storefront takes goods back, beyond what the law gives: dated, and never changed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from storefronts.models import Storefront


class ReturnPolicy(models.Model):
    """The terms from a day on; an order is judged by those of the day on which it was paid.

    Without any row the defaults below hold, which are those that cost the consumer least.
    """

    class WayBack(models.TextChoices):
        CONSUMER = "consumer", "消费者承担 · the consumer"
        BRAND = "brand", "品牌承担 · the brand"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    way_back_by = models.CharField(
        max_length=8,
        choices=WayBack.choices,
        default=WayBack.CONSUMER,
        help_text="who pays the way back of goods that are sent back without a reason",
    )
    refunds_freight = models.BooleanField(
        default=False, help_text="whether the freight of the way there goes back without a reason too"
    )
    lost_tax_percent = models.PositiveSmallIntegerField(
        default=100, help_text="what the brand bears of tax that customs does not give up, in percent"
    )
    opened_percent = models.PositiveSmallIntegerField(
        default=0, help_text="what may be kept back at most of the price of goods that were used, in percent"
    )
    claim_days = models.PositiveSmallIntegerField(
        default=15, help_text="days after receipt in which damaged, wrong or missing goods are claimed"
    )
    decide_hours = models.PositiveSmallIntegerField(default=48, help_text="by when a request is decided")
    send_days = models.PositiveSmallIntegerField(
        default=7, help_text="days after the approval in which goods are sent back"
    )
    appeal_days = models.PositiveSmallIntegerField(
        default=7, help_text="days after a refusal in which the consumer may appeal"
    )
    approves = models.BooleanField(
        default=True, help_text="whether what the law gives anyway is approved by itself"
    )
    approves_up_to_fen = models.BigIntegerField(
        default=100_000, help_text="above this sum of an order's refunds a person decides, in fen"
    )

    class Meta:
        verbose_name_plural = "return policies"
        constraints = [
            models.UniqueConstraint(fields=["storefront", "starts_on"], name="return_policy_day"),
            models.CheckConstraint(
                name="return_policy_sound",
                condition=Q(
                    lost_tax_percent__lte=100,
                    opened_percent__lte=100,
                    claim_days__gte=7,
                    decide_hours__range=(1, 240),
                    send_days__range=(1, 60),
                    appeal_days__range=(1, 60),
                    approves_up_to_fen__gte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.storefront} · {self.starts_on}"

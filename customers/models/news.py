"""News of an order by subscribe message (订阅消息): templates, who agreed to one each, and what was sent."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from customers.models.people import Customer
from customers.occasions import Occasion, unfit
from customers.states import NEWS
from kernel.clock import now as present
from storefronts.models import Storefront


class NewsTemplate(models.Model):
    """A storefront's template at WeChat for one occasion; another one takes its place once it is not active.

    `fields` says what each of its fields holds ({"character_string1": "order"}). The number cannot be
    changed: who agreed has agreed to this one.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    occasion = models.CharField(max_length=12, choices=Occasion.choices)
    template_id = models.CharField(max_length=64, help_text="模板 ID, at WeChat")
    page = models.CharField(
        max_length=120,
        default="",
        blank=True,
        help_text="page that it leads to; {order} and {return} are the numbers",
    )
    fields = models.JSONField(help_text="field → order, return, at, carrier, says or shop")
    active = models.BooleanField(default=True)
    set_at = models.DateTimeField(default=present)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "occasion"], name="news_template_one_active", condition=Q(active=True)
            ),
            models.UniqueConstraint(fields=["storefront", "template_id"], name="news_template_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_occasion_display()} · {self.template_id}"

    def clean(self) -> None:
        """Refuse fields that WeChat would refuse."""
        wrong = unfit(self.occasion, self.fields)
        if wrong:
            raise ValidationError({"fields": wrong})

    @property
    def event_key(self) -> str:
        return f"newstemplate:{self.pk}"


class NewsConsent(models.Model):
    """One “yes” of a customer to one template, good for one message; `answer_hash` is of the client's key."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="news_consents")
    by_template = models.ForeignKey(NewsTemplate, on_delete=models.PROTECT, related_name="+")
    answer_hash = models.CharField(max_length=64)
    given_at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "by_template", "answer_hash"], name="news_consent_once_an_answer"
            )
        ]
        indexes = [
            models.Index(
                fields=["customer", "by_template"], name="news_consent_open", condition=Q(spent_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.by_template_id} {self.given_at:%F}"


class News(models.Model):
    """One message of one occasion of an order, or of a return of it and what was said of that: at most one,
    whatever is told how often."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="news")
    by_template = models.ForeignKey(NewsTemplate, on_delete=models.PROTECT, related_name="+")
    consent = models.OneToOneField(
        NewsConsent, null=True, blank=True, on_delete=models.SET_NULL, related_name="news"
    )
    order_number = models.CharField(max_length=32)
    occasion = models.CharField(max_length=12, choices=Occasion.choices)
    about = models.CharField(max_length=32, default="", blank=True, help_text="number of the return")
    says = models.CharField(max_length=20, default="", blank=True, help_text="what was said of the return")
    state = models.CharField(max_length=10, choices=NEWS.choices, default=NEWS.start)
    happened_at = models.DateTimeField(help_text="what it tells of")
    made_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=20, default="", blank=True, help_text="WeChat's code")

    class Meta:
        verbose_name_plural = "news"
        constraints = [
            models.UniqueConstraint(
                fields=["order_number", "occasion", "about", "says"], name="news_once_an_occasion"
            )
        ]
        indexes = [models.Index(fields=["made_at"], name="news_age")]

    def __str__(self) -> str:
        return f"{self.order_number} {self.occasion}"

    @property
    def event_key(self) -> str:
        return f"news:{self.pk}"

    def history(self) -> dict[str, Any]:
        """What its events tell: numbers alone."""
        return {"order": self.order_number, "occasion": self.occasion}

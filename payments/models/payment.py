"""Attempts to pay an order, and every message about them as it came."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from orders.models import Order
from payments.states import PAYMENT
from storefronts.models import Storefront


class Payment(models.Model):
    """One attempt to pay one order, under a payment number of its own."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    out_trade_no = models.CharField(max_length=32, unique=True)
    mchid = models.CharField(max_length=32)
    appid = models.CharField(max_length=32)
    amount_fen = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    state = models.CharField(max_length=12, choices=PAYMENT.choices, default=PAYMENT.start)
    description = models.CharField(max_length=127, help_text="as first told to WeChat")
    notify_url = models.CharField(max_length=255, help_text="as first told to WeChat")
    names_payer = models.BooleanField(default=False, help_text="the orderer alone can pay it")
    time_expire = models.DateTimeField(help_text="as first told to WeChat")
    prepay_id = models.CharField(max_length=80, default="", blank=True)
    prepared_at = models.DateTimeField(null=True, blank=True)
    transaction_id = models.CharField(max_length=32, null=True, blank=True, unique=True)
    received_fen = models.BigIntegerField(null=True, blank=True)
    payer_fen = models.BigIntegerField(null=True, blank=True, help_text="after WeChat's own coupons")
    succeeded_at = models.DateTimeField(null=True, blank=True, help_text="of a stray one too: as WeChat says")
    stray_reason = models.CharField(max_length=20, default="", blank=True)
    created_at = models.DateTimeField()
    next_query_at = models.DateTimeField()
    queries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_positive", condition=Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="payment_succeeded_whole",
                condition=~Q(state="succeeded")
                | Q(transaction_id__isnull=False, succeeded_at__isnull=False, received_fen=F("amount_fen")),
            ),
            models.UniqueConstraint(
                fields=["order"], name="payment_one_open", condition=Q(state__in=["created", "prepared"])
            ),
            models.UniqueConstraint(
                fields=["order"], name="payment_one_success", condition=Q(state="succeeded")
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_query_at"],
                name="payment_to_query",
                condition=Q(state__in=["created", "prepared"]),
            ),
            models.Index(
                fields=["mchid", "succeeded_at"],
                name="payment_of_day",
                condition=Q(state__in=["succeeded", "stray"]),
            ),
        ]

    def __str__(self) -> str:
        return self.out_trade_no

    @property
    def event_key(self) -> str:
        return f"payment:{self.out_trade_no}"


class Notification(models.Model):
    """A delivery from WeChat Pay, kept whatever became of it. Its body opens to the payer's openid: it stays
    as it came until the message is taken in, and from then on `content`, which names no one, stands for it.
    `headers` hold the signature, and `digest` is of what was signed.
    """

    class Outcome(models.TextChoices):
        RECEIVED = "received"
        REJECTED = "rejected"  # not to be believed: noise
        UNREADABLE = "unreadable"  # signed by WeChat, and not of a form that we know
        TAKEN = "taken"
        DUPLICATE = "duplicate"
        IGNORED = "ignored"
        FAILED = "failed"

    mchid = models.CharField(max_length=32)
    headers = models.JSONField()
    body = models.BinaryField(help_text="as it came; empty once it is taken in")
    digest = models.BinaryField(default=b"", help_text="SHA-256 of what WeChat signed")
    notice_id = models.CharField(max_length=128, default="", blank=True, help_text="the same when repeated")
    event_type = models.CharField(max_length=60, default="", blank=True)
    out_trade_no = models.CharField(
        max_length=32, default="", blank=True, help_text="of the payment it names"
    )
    content = models.JSONField(default=dict, blank=True, help_text="numbers, amounts and states it told")
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.RECEIVED)
    error = models.CharField(max_length=300, default="", blank=True)
    received_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["outcome", "received_at"], name="notification_outcome"),
            models.Index(
                fields=["out_trade_no"], name="notification_of_payment", condition=~Q(out_trade_no="")
            ),
            models.Index(
                fields=["mchid", "notice_id"], name="notification_kept_whole", condition=~Q(body=b"")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mchid} {self.received_at:%F %T} {self.outcome}"

"""What goes abroad: evidence of each trade, batches for the institution, and what the bank credited."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kernel.models import File
from orders.models import Order
from settlement.states import BATCH
from storefronts.models import Storefront

BOP_CODE = "122030"  # 网络购物, of the balance-of-payments statistics (国际收支交易编码)


class Evidence(models.Model):
    """That something happened to an order which forex settlement rests on; told once, never changed."""

    class Kind(models.TextChoices):
        PAYMENT = "payment"  # the payment's declaration was taken by customs
        LOGISTICS = "logistics"  # a carrier has the parcel: its waybill
        CLEARANCE = "clearance"  # customs has released the list

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reference = models.CharField(max_length=80, help_text="number of the declaration, waybill or list")
    at = models.DateTimeField(help_text="when it happened")
    told_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["order", "kind", "reference"], name="evidence_once"),
            models.CheckConstraint(name="evidence_has_reference", condition=~Q(reference="")),
        ]
        indexes = [models.Index(fields=["reference"], name="evidence_reference")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class SettlementBatch(models.Model):
    """One file for the institution: what one storefront settles in one currency, and what came of it.

    Foreign amounts are whole minor units of `currency`; `promised_minor` is at the rates locked on the
    orders, `foreign_minor` at the institution's, and their difference is the forex result.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=32, unique=True)
    currency = models.CharField(max_length=3, help_text="ISO 4217")
    bop_code = models.CharField(max_length=6, default=BOP_CODE)
    state = models.CharField(max_length=10, choices=BATCH.choices, default=BATCH.start)
    items_count = models.PositiveIntegerField()
    net_fen = models.BigIntegerField(help_text="after refunds and fees; what is converted")
    promised_minor = models.BigIntegerField(help_text="at the rates locked on the orders")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    file = models.ForeignKey(File, on_delete=models.PROTECT, null=True, related_name="+")
    exported_at = models.DateTimeField(null=True, blank=True)
    answer = models.ForeignKey(File, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    settled_fen = models.BigIntegerField(default=0, help_text="of the items that the institution took")
    settled_promised_minor = models.BigIntegerField(default=0, help_text="promised for those items")
    foreign_minor = models.BigIntegerField(default=0, help_text="at the institution's rates")
    result_fen = models.BigIntegerField(default=0, help_text="forex result: positive is a gain")
    received_minor = models.BigIntegerField(default=0, help_text="credited or charged by the bank so far")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "settlement batches"
        constraints = [
            models.CheckConstraint(
                name="batch_goes_abroad", condition=Q(net_fen__gt=0, promised_minor__gt=0, items_count__gt=0)
            ),
            models.CheckConstraint(
                name="batch_exported_whole",
                condition=Q(state__in=["draft", "discarded"])
                | Q(file__isnull=False, exported_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_answered_whole",
                condition=Q(state__in=["draft", "discarded", "exported"])
                | Q(answer__isnull=False, answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_received_whole",
                condition=~Q(state__in=["received", "closed"]) | Q(received_minor=F("foreign_minor")),
            ),
        ]
        indexes = [models.Index(fields=["storefront", "currency", "-id"], name="batch_of_storefront")]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"batch:{self.number}"


class SettlementItem(models.Model):
    """One order's share of a batch. `turn` 0 settles the order; a later one corrects what was settled by
    what was refunded or charged since. `live` ends when the batch is discarded or the institution refuses."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(SettlementBatch, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField(help_text="in the file, from 1")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="settlements")
    turn = models.PositiveSmallIntegerField(default=0)
    live = models.BooleanField(default=True)
    gross_fen = models.BigIntegerField(help_text="goods after coupons, and freight; the tax stays in China")
    refunded_fen = models.BigIntegerField()
    fee_fen = models.BigIntegerField()
    net_fen = models.BigIntegerField()
    cny_per_100 = models.DecimalField(max_digits=14, decimal_places=4, help_text="locked on the order")
    promised_minor = models.BigIntegerField()
    evidence = models.JSONField(default=dict)
    rate = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, help_text="the institution's, yuan for 100 units"
    )
    foreign_minor = models.BigIntegerField(null=True, blank=True)
    settled_on = models.DateField(null=True, blank=True)
    refusal = models.CharField(max_length=120, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="item_net", condition=Q(net_fen=F("gross_fen") - F("refunded_fen") - F("fee_fen"))
            ),
            models.CheckConstraint(name="item_not_zero", condition=~Q(net_fen=0)),
            models.UniqueConstraint(fields=["batch", "position"], name="item_position"),
            models.UniqueConstraint(fields=["order", "turn"], name="item_one_live", condition=Q(live=True)),
            models.CheckConstraint(
                name="item_answered_whole",
                condition=Q(rate=None, foreign_minor=None, settled_on=None)
                | Q(rate__gt=0, foreign_minor__isnull=False, settled_on__isnull=False, refusal=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["storefront", "settled_on"], name="item_day", condition=Q(settled_on__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.position}"


class ForexReceipt(models.Model):
    """What the brand's bank told of one batch's money: a credit, or a charge it kept. Never changed."""

    class Kind(models.TextChoices):
        CREDIT = "credit"
        CHARGE = "charge"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(SettlementBatch, on_delete=models.PROTECT, related_name="receipts")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.CREDIT)
    reference = models.CharField(max_length=60, help_text="the bank's")
    amount_minor = models.BigIntegerField()
    credited_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "reference"], name="forex_receipt_once"),
            models.CheckConstraint(name="forex_receipt_positive", condition=Q(amount_minor__gt=0)),
        ]

    def __str__(self) -> str:
        return self.reference

"""The ledger: what became of every fen, by entries that sum to zero and are never changed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from orders.models import Order
from payments.models import BillDifference, BillLine, FundLine, Payment, Refund
from settlement.accounts import Account
from storefronts.models import Storefront


class Entry(models.Model):
    """One business fact with its postings. `key` names the fact, so that it is entered once."""

    class Kind(models.TextChoices):
        SALE = "sale"
        STRAY = "stray"
        REFUND = "refund"
        TAX_LEVIED = "tax_levied"
        TRANSFER = "transfer"
        FEE = "fee"
        COUPON = "coupon"
        PAYOUT = "payout"
        DIFFERENCE = "difference"
        CORRECTION = "correction"
        SETTLEMENT = "settlement"
        RECEIPT = "receipt"
        CLEARING = "clearing"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=120, unique=True)
    day = models.DateField(help_text="the day in Shanghai to which it belongs")
    at = models.DateTimeField(help_text="when it happened")
    entered_at = models.DateTimeField()
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="+")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, related_name="+")
    bill_line = models.ForeignKey(BillLine, on_delete=models.PROTECT, null=True, related_name="+")
    fund_line = models.ForeignKey(FundLine, on_delete=models.PROTECT, null=True, related_name="+")
    difference = models.ForeignKey(
        BillDifference, on_delete=models.PROTECT, null=True, related_name="+", help_text="that it corrects"
    )
    reverses = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="reversal",
        help_text="the correction that it takes back",
    )

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(
                name="entry_reverses_corrections",
                condition=Q(reverses__isnull=True)
                | Q(kind="correction") & (Q(difference__isnull=False) | Q(refund__isnull=False)),
            )
        ]
        indexes = [
            models.Index(fields=["storefront", "day"], name="entry_day"),
            models.Index(fields=["order"], name="entry_of_order", condition=Q(order__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key


class Posting(models.Model):
    """One line of an entry: so much to the debit (positive) or credit (negative) of an account."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=12, choices=Account.choices)
    day = models.DateField(help_text="the entry's")
    amount_fen = models.BigIntegerField(help_text="debit positive, credit negative")

    class Meta:
        constraints = [
            models.CheckConstraint(name="posting_not_zero", condition=~Q(amount_fen=0)),
            models.UniqueConstraint(fields=["entry", "account"], name="posting_account_once"),
        ]
        indexes = [
            models.Index(
                fields=["storefront", "account", "day"], include=["amount_fen"], name="posting_statement"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_fen}"

"""Bills of WeChat Pay: what it says of a day, kept line by line, and where we say otherwise."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.models.payment import Payment
from payments.models.refund import Refund
from payments.states import BILL
from storefronts.models import Storefront


class Bill(models.Model):
    """One bill of one merchant number and day. Its sums are those of its lines; what its summary row says
    is kept beside them in `told`."""

    class Kind(models.TextChoices):
        TRADE = "trade"
        FUND_BASIC = "fund_basic"
        FUND_OPERATION = "fund_operation"
        FUND_FEES = "fund_fees"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    mchid = models.CharField(max_length=32)
    day = models.DateField(help_text="in Shanghai")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=BILL.choices, default=BILL.start)
    sha1 = models.CharField(max_length=40, default="", blank=True, help_text="empty: nothing happened")
    rows = models.PositiveIntegerField(default=0)
    sales = models.PositiveIntegerField(default=0)
    sales_fen = models.BigIntegerField(default=0, help_text="before WeChat's own coupons")
    settled_fen = models.BigIntegerField(default=0, help_text="what WeChat owes us for them")
    refunds = models.PositiveIntegerField(default=0)
    refunded_fen = models.BigIntegerField(default=0, help_text="what we asked to give back")
    fee_fen = models.BigIntegerField(default=0, help_text="after fees given back")
    in_fen = models.BigIntegerField(default=0)
    out_fen = models.BigIntegerField(default=0)
    closing_fen = models.BigIntegerField(null=True, blank=True)
    told = models.JSONField(default=dict, blank=True)
    differences = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField()
    downloaded_at = models.DateTimeField(null=True, blank=True)
    matched_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mchid", "day", "kind"], name="bill_once"),
            models.CheckConstraint(
                name="bill_matched_whole",
                condition=~Q(state="matched") | Q(downloaded_at__isnull=False, matched_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="bill_to_try", condition=Q(state__in=["asked", "downloaded"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.mchid} {self.day} {self.kind}"

    @property
    def event_key(self) -> str:
        return f"bill:{self.mchid}:{self.day}:{self.kind}"


class BillLine(models.Model):
    """One row of a trade bill: evidence, so it is added and never changed. Payment and refund are those
    of ours whose numbers it bears, whatever became of them."""

    class Kind(models.TextChoices):
        SALE = "sale"
        REFUND = "refund"
        REVOKED = "revoked"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", db_index=False)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line = models.PositiveIntegerField(help_text="in the file, from 1")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()
    appid = models.CharField(max_length=64)
    transaction_id = models.CharField(max_length=64)
    out_trade_no = models.CharField(max_length=64)
    trade_type = models.CharField(max_length=64)
    currency = models.CharField(max_length=64)
    order_fen = models.BigIntegerField()
    settled_fen = models.BigIntegerField()
    coupon_fen = models.BigIntegerField()
    wechat_refund_id = models.CharField(max_length=64, blank=True)
    out_refund_no = models.CharField(max_length=64, blank=True)
    refund_fen = models.BigIntegerField()
    refund_coupon_fen = models.BigIntegerField()
    refund_asked_fen = models.BigIntegerField()
    refund_channel = models.CharField(max_length=64, blank=True)
    refund_state = models.CharField(max_length=64, blank=True, help_text="on that day; never told anew")
    fee_fen = models.BigIntegerField()
    rate_ppm = models.PositiveIntegerField(null=True, blank=True, help_text="of the fee, in millionths")
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="bill_lines"
    )
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="bill_lines"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bill", "line"], name="bill_line_once")]
        indexes = [
            models.Index(fields=["transaction_id"], name="bill_line_sale", condition=Q(kind="sale")),
            models.Index(fields=["out_refund_no"], name="bill_line_refund", condition=Q(kind="refund")),
        ]

    def __str__(self) -> str:
        return f"{self.bill_id}#{self.line}"


class FundLine(models.Model):
    """One movement of one of our accounts at WeChat Pay: evidence, added and never changed."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", db_index=False)
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="movements", db_index=False)
    line = models.PositiveIntegerField(help_text="in the file, from 1")
    at = models.DateTimeField()
    business_id = models.CharField(max_length=64, db_index=True)
    flow_id = models.CharField(max_length=64)
    business = models.CharField(max_length=64)
    business_type = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField(help_text="negative: it left")
    balance_fen = models.BigIntegerField()
    voucher = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bill", "line"], name="fund_line_once")]

    def __str__(self) -> str:
        return f"{self.bill_id}#{self.line}"


class BillDifference(models.Model):
    """Where a bill and our books do not say the same; found once, however often the day is looked at.

    Its case is the open or settled one of kind `bill.<kind>` under the same key.
    """

    class Kind(models.TextChoices):
        UNKNOWN_PAYMENT = "unknown_payment"
        MISSING_PAYMENT = "missing_payment"
        AMOUNT = "amount"
        STATE = "state"
        FEE = "fee"
        UNKNOWN_REFUND = "unknown_refund"
        MISSING_REFUND = "missing_refund"
        REFUND_AMOUNT = "refund_amount"
        REFUND_STATE = "refund_state"
        SETTLED = "settled"
        DOUBLED = "doubled"
        SUMMARY = "summary"
        FUND_BALANCE = "fund_balance"
        FUND_SUM = "fund_sum"
        FUND_OTHER = "fund_other"
        LEDGER_BALANCE = "ledger_balance"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="found", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.CharField(max_length=80, help_text="what it is about, as in its case")
    theirs_fen = models.BigIntegerField(null=True, blank=True)
    ours_fen = models.BigIntegerField(null=True, blank=True)
    says = models.CharField(max_length=120, default="", blank=True)
    line = models.ForeignKey(BillLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    found_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bill", "kind", "key"], name="difference_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

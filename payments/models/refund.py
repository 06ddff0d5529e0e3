"""Money that goes back to who paid: one row a refund number, which never changes, whatever becomes of it."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from orders.models import Order, OrderLine
from payments.models.payment import Payment
from payments.states import REFUND
from storefronts.models import Storefront

_AMOUNT = Q(
    amount_fen=F("goods_fen")
    - F("discount_fen")
    + F("freight_fen")
    + F("tax_fen")
    + F("other_fen")
    - F("spared_fen")
    - F("tax_kept_fen")
    - F("deducted_fen"),
    deducted_fen__gte=0,
    deducted_fen__lte=F("goods_fen"),
    tax_kept_fen__gte=0,
    tax_kept_fen__lte=F("tax_lost_fen"),
    tax_lost_fen__lte=F("tax_fen"),
    amount_fen__gte=0,
    goods_fen__gte=0,
    discount_fen__gte=0,
    freight_fen__gte=0,
    tax_fen__gte=0,
    other_fen__gte=0,
    spared_fen__gte=0,
)


class Refund(models.Model):
    """One refund of one payment. The parts say what of the order it gives back, `discount_fen` what coupons
    paid of it; `other_fen` is goodwill, or money that never belonged to an order (a stray payment)."""

    class Kind(models.TextChoices):
        CANCELLATION = "cancellation"  # the order ended before anything was declared
        LINES = "lines"  # pieces of the order, with their shares
        GOODWILL = "goodwill"  # beside the order: it changes nothing of what was declared
        STRAY = "stray"  # money that no order could take

    class Target(models.TextChoices):
        CONSUMER = "consumer"
        MERCHANT = "merchant"  # the consumer has nothing until they are paid by transfer
        TRANSFER = "transfer"  # our bank paid the consumer: WeChat Pay never had the refund

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    out_refund_no = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=80, help_text="whose wish it is: asked twice, it is one refund")
    amount_fen = models.BigIntegerField()
    goods_fen = models.BigIntegerField(default=0)
    discount_fen = models.BigIntegerField(default=0)
    freight_fen = models.BigIntegerField(default=0)
    tax_fen = models.BigIntegerField(default=0)
    other_fen = models.BigIntegerField(default=0)
    spared_fen = models.BigIntegerField(
        default=0, db_default=0, help_text="taken off because goodwill gave it before"
    )
    tax_lost_fen = models.BigIntegerField(
        default=0, db_default=0, help_text="of the tax what customs does not give up"
    )
    tax_kept_fen = models.BigIntegerField(
        default=0, db_default=0, help_text="of the lost tax what the consumer bears"
    )
    deducted_fen = models.BigIntegerField(
        default=0, db_default=0, help_text="kept back of the goods' price, because they were used"
    )
    whole = models.BooleanField(
        default=False, db_default=False, help_text="asked for as all that was left, not piece by piece"
    )
    freight_stays = models.BooleanField(
        default=False, db_default=False, help_text="pieces without their share of freight"
    )
    reason = models.CharField(max_length=80, help_text="shown to the consumer by WeChat Pay")
    state = models.CharField(max_length=12, choices=REFUND.choices, default=REFUND.start)
    note = models.CharField(max_length=300, default="", blank=True, help_text="why, for the house alone")
    asked_by = models.CharField(max_length=80, help_text="consumer, system, or operator:<name>")
    notify_url = models.CharField(max_length=255, default="", blank=True, help_text="as first told to WeChat")
    refund_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    channel = models.CharField(max_length=64, default="", blank=True)
    trouble = models.CharField(max_length=40, default="", blank=True, help_text="WeChat's last objection")
    redirected_to = models.CharField(
        max_length=10,
        choices=Target.choices,
        default="",
        db_default="",
        blank=True,
        help_text="whose bank card takes what the payer's account did not",
    )
    transfer_reference = models.CharField(
        max_length=80,
        default="",
        db_default="",
        blank=True,
        help_text="the bank's number of the transfer to the consumer",
    )
    transferred_at = models.DateTimeField(
        null=True, blank=True, help_text="the bank's day of the transfer to the consumer"
    )
    requested_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True, help_text="when it was free to leave")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="when it was last sent to WeChat")
    succeeded_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveIntegerField(default=0)
    held_until = models.DateTimeField(
        null=True, blank=True, help_text="until when one try or redirection has it for itself"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="refund_amount", condition=_AMOUNT),
            models.CheckConstraint(
                name="refund_succeeded_whole",
                condition=~Q(state="succeeded")
                | Q(succeeded_at__isnull=False)
                & (Q(refund_id__isnull=False) | Q(redirected_to="transfer") | Q(amount_fen=0)),
            ),
            models.CheckConstraint(
                name="refund_of_nothing_is_told_nobody",
                condition=Q(amount_fen__gt=0)
                | Q(kind__in=["lines", "cancellation"], accepted_at=None, refund_id=None),
            ),
            models.CheckConstraint(
                name="refund_transferred_whole",
                condition=Q(transferred_at__isnull=True, transfer_reference="")
                | Q(
                    state="succeeded",
                    redirected_to__in=["merchant", "transfer"],
                    transferred_at__isnull=False,
                )
                & ~Q(transfer_reference=""),
            ),
            models.CheckConstraint(
                name="refund_by_transfer_whole",
                condition=~Q(redirected_to="transfer")
                | Q(state="succeeded", refund_id__isnull=True, transferred_at__isnull=False),
            ),
            models.UniqueConstraint(fields=["payment", "key"], name="refund_wish_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="refund_to_try",
                condition=Q(state__in=["requested", "accepted", "processing", "abnormal"]),
            ),
            models.Index(fields=["order"], name="refund_of_order"),
            models.Index(
                fields=["storefront", "succeeded_at"],
                name="refund_day",
                condition=Q(succeeded_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.out_refund_no

    @property
    def event_key(self) -> str:
        return f"refund:{self.out_refund_no}"

    @property
    def owed(self) -> bool:
        """Whether the money lies in the merchant's bank, and the consumer has not been paid by transfer."""
        return (
            self.state == "succeeded"
            and self.redirected_to == self.Target.MERCHANT
            and self.transferred_at is None
        )

    @property
    def consumer_state(self) -> str:
        """The state as the consumer sees it: what they are still owed is on its way."""
        return "processing" if self.owed else self.state

    @property
    def arrived_at(self) -> datetime | None:
        """When the consumer had the money."""
        return None if self.owed else self.transferred_at or self.succeeded_at


class RefundLine(models.Model):
    """What a refund gives back of one line of the order, in pieces and fen.

    What an accountant names afterwards for a refund that nobody here asked for is a row of its own `turn`,
    and what they take back another with the other signs: the sum of all is what went back.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    turn = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="0: asked for; odd: named by an accountant; even: that was taken back",
    )
    quantity = models.IntegerField(help_text="0: a part of the money, no piece")
    goods_fen = models.BigIntegerField()
    discount_fen = models.BigIntegerField()
    freight_fen = models.BigIntegerField()
    duty_fen = models.BigIntegerField()
    vat_fen = models.BigIntegerField()
    excise_fen = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "line", "turn"], name="refund_line_once"),
            models.CheckConstraint(
                name="refund_line_signs", condition=Q(quantity__gte=0) | Q(turn__gt=0, quantity__lt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line}"

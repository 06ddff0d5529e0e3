"""A consumer's complaint, whichever way it came: one row, with its clocks and what we answered."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from compliance.models import DataKey
from kernel.ids import uuid7
from orders.models import Order
from payments.models.payment import Payment
from payments.models.refund import Refund
from payments.states import ANSWER, COMPLAINT
from storefronts.models import Storefront

LONGEST_NUMBER = 54  # of a case's key of 80, which names the storefront and the round too


def key_of(storefront_id: int, external_id: str) -> str:
    """What events and cases of a complaint are found by: its number is another matter at each storefront."""
    return f"complaint:{external_id[:LONGEST_NUMBER]}@{storefront_id}"


class Complaint(models.Model):
    """One complaint (消费者投诉) of one storefront, whatever another one is told under the same number. Words
    and telephone rest sealed under the order's key, or under one of its own where it names no order of ours;
    the telephone is encrypted to the merchant as well."""

    class Channel(models.TextChoices):
        PAYMENT = "payment"  # WeChat Pay
        MINI_PROGRAM = "mini_program"  # the mini-program's own

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=12, choices=Channel.choices)
    external_id = models.CharField(max_length=64)
    mchid = models.CharField(max_length=32, default="", blank=True)
    state = models.CharField(max_length=12, choices=COMPLAINT.choices, default=COMPLAINT.start)
    told_state = models.CharField(max_length=40, help_text="in the other side's own word")
    problem_type = models.CharField(max_length=40, default="", blank=True)
    out_trade_no = models.CharField(max_length=128, default="", blank=True)
    transaction_id = models.CharField(max_length=128, default="", blank=True)
    amount_fen = models.BigIntegerField(null=True, blank=True)
    wished_fen = models.BigIntegerField(null=True, blank=True)
    full_refunded = models.BooleanField(default=False)
    waits_for_answer = models.BooleanField(default=False, help_text="the consumer wrote again")
    times = models.PositiveIntegerField(default=1)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    refund = models.ForeignKey(Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    refund_on = models.DateField(null=True, blank=True, help_text="the day by which it was promised")
    joined = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="others",
        help_text="the other channel's complaint of the same payment, with which it is one matter",
    )
    key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="+")
    detail_sealed = models.BinaryField(default=b"")
    phone_sealed = models.BinaryField(default=b"")
    complained_at = models.DateTimeField()
    heard_at = models.DateTimeField(help_text="when what is known was asked for")
    reply_by = models.DateTimeField()
    finish_by = models.DateTimeField()
    replied_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "channel", "external_id"], name="complaint_once"),
        ]
        indexes = [
            models.Index(
                fields=["reply_by"], name="complaint_open", condition=Q(state__in=["pending", "processing"])
            ),
            models.Index(fields=["order"], name="complaint_of_order"),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def event_key(self) -> str:
        return key_of(self.storefront_id, self.external_id)

    @property
    def case_key(self) -> str:
        """Taken up again it is another matter, with clocks and cases of its own; what came by both channels
        is one."""
        if self.joined is not None and self.times <= 1:
            return self.joined.case_key
        return self.event_key if self.times <= 1 else f"{self.event_key}:{self.times}"


class ComplaintAct(models.Model):
    """One thing we say in a complaint: committed before it is sent, and one at a time."""

    class Kind(models.TextChoices):
        REPLY = "reply"
        APPROVE = "approve"
        REJECT = "reject"
        COMPLETE = "complete"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=ANSWER.choices, default=ANSWER.start)
    text_sealed = models.BinaryField(default=b"")
    images = ArrayField(
        models.CharField(max_length=512),
        default=list,
        blank=True,
        help_text="media_ids of pictures left with WeChat",
    )
    days = models.PositiveIntegerField(default=0, help_text="until the approved refund leaves")
    by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=40, default="", blank=True, help_text="WeChat's last objection")
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["complaint"],
                name="complaint_one_act_at_a_time",
                condition=Q(state__in=["asked", "sent"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="complaint_act_to_try", condition=Q(state__in=["asked", "sent"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.asked_at:%F %T}"

    @property
    def event_key(self) -> str:
        return self.complaint.event_key

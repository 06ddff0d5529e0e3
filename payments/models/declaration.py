"""The payment record (支付单) as customs is told of it, one row a payment and port."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from orders.models import Order
from payments.models.payment import Payment
from payments.ports import choices
from payments.states import DECLARATION
from storefronts.models import MerchantAccount, Storefront
from wechat.pay.customs import Match


class CustomsNumber(models.Model):
    """The number under which the storefront is on file at a port, as registered at WeChat Pay's platform.

    One row a port; a port without its row holds declarations back.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    port = models.CharField(max_length=30, choices=choices())
    number = models.CharField(max_length=60, help_text="merchant_customs_no, 商户海关备案号")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "port"], name="customs_number_of_port")]

    def __str__(self) -> str:
        return f"{self.port} {self.number}"


class PaymentDeclaration(models.Model):
    """What of a payment is declared at one port, and how far it has come.

    `round` counts the amendments: what is answered about an earlier one says nothing about this one.
    `department` and its number are WeChat's, for customs' request of the original payment data.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="declarations")
    port = models.CharField(max_length=30, choices=choices())
    family = models.CharField(max_length=2, choices=MerchantAccount.CustomsFamily.choices)
    customs_number = models.CharField(max_length=60, default="", blank=True)
    order_fen = models.BigIntegerField(help_text="what is declared: paid, less what was refunded")
    transport_fen = models.BigIntegerField()
    product_fen = models.BigIntegerField()
    duty_fen = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=DECLARATION.choices, default=DECLARATION.start)
    round = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=40, default="", blank=True, help_text="why a person must look")
    coupon_accepted = models.BooleanField(
        default=False, help_text="declared although WeChat's own coupon paid a part"
    )
    match = models.CharField(
        max_length=10, choices=[(m.value, m.value) for m in Match], default="", blank=True
    )
    department = models.CharField(max_length=20, default="", blank=True)
    department_number = models.CharField(max_length=64, default="", blank=True)
    explanation = models.CharField(max_length=200, default="", blank=True, help_text="customs' own words")
    modified_at = models.DateTimeField(null=True, blank=True, help_text="as WeChat says")
    opened_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, help_text="first told to WeChat, or tried to")
    submitted_at = models.DateTimeField(null=True, blank=True, help_text="known to WeChat, of this round")
    succeeded_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveIntegerField(default=0)
    resends = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "port"], name="declaration_once_a_port"),
            models.CheckConstraint(
                name="declaration_sum",
                condition=Q(
                    order_fen=F("transport_fen") + F("product_fen"),
                    transport_fen__gte=0,
                    product_fen__gte=0,
                    duty_fen__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="declaration_has_amount", condition=Q(state="withdrawn") | Q(order_fen__gt=0)
            ),
            models.CheckConstraint(
                name="declaration_succeeded_whole",
                condition=~Q(state="succeeded") | Q(succeeded_at__isnull=False) & ~Q(customs_number=""),
            ),
            models.CheckConstraint(name="declaration_held_why", condition=~Q(state="held") | ~Q(trouble="")),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="declaration_to_try",
                condition=Q(state__in=["to_declare", "amending", "submitted", "processing", "excepted"]),
            ),
            models.Index(
                fields=["next_try_at"],
                name="declaration_silent",
                condition=Q(state="succeeded", family="v2", match=""),
            ),
            models.Index(fields=["order"], name="declaration_of_order"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.port}"

    @property
    def event_key(self) -> str:
        return f"declaration:{self.pk}"

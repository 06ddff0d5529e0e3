"""What WeChat is told of an order's shipping (发货信息), and what it says of it; one row an order."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel.clock import now as present
from logistics.states import SHIPPING_INFO
from orders.models import Order
from storefronts.models import Storefront


class ShippingInfo(models.Model):
    """How far WeChat knows that a paid order has left; its history is told under its own key.

    `wanted`, `sent` and `known` are lists of [carrier, waybill]: what WeChat is to know, what it may have
    heard, what it has. A call is committed (`attempted_at`) before it is made: whoever goes on asks first.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="shipping_info")
    number = models.CharField(max_length=32, help_text="of the order, which is the key of its history")
    transaction_id = models.CharField(max_length=32, help_text="WeChat's number of the payment")
    state = models.CharField(max_length=12, choices=SHIPPING_INFO.choices, default=SHIPPING_INFO.start)
    paid_at = models.DateTimeField()
    late_at = models.DateTimeField(null=True, blank=True, help_text="when an operator is told of it")
    wanted = models.JSONField(default=list, blank=True, help_text="waybills that WeChat is to know")
    sent = models.JSONField(default=list, blank=True, help_text="waybills that WeChat may have")
    known = models.JSONField(default=list, blank=True, help_text="waybills that WeChat has")
    partial = models.BooleanField(default=False, help_text="more parcels are to leave")
    known_partial = models.BooleanField(default=False, help_text="WeChat was told that more are to come")
    shipped_at = models.DateTimeField(null=True, blank=True, help_text="first scanned by a carrier")
    attempted_at = models.DateTimeField(null=True, blank=True, help_text="first told to WeChat, or tried to")
    said_at = models.DateTimeField(null=True, blank=True, help_text="upload_time, which increases")
    known_at = models.DateTimeField(null=True, blank=True)
    retold_at = models.DateTimeField(null=True, blank=True, help_text="the one change was made")
    delivered_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True, help_text="the consumer is to be reminded")
    reminded_at = models.DateTimeField(null=True, blank=True)
    receipt_at = models.DateTimeField(null=True, blank=True, help_text="receipt confirmed at WeChat")
    settles_at = models.DateTimeField(null=True, blank=True, help_text="when WeChat expects to settle")
    money_at = models.DateTimeField(null=True, blank=True, help_text="settled by WeChat")
    trouble = models.CharField(max_length=160, default="", blank=True, help_text="why WeChat refused")
    next_try_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="shipping_info_told_has_day", condition=~Q(state="told") | Q(known_at__isnull=False)
            ),
            models.CheckConstraint(
                name="shipping_info_retold_has_day",
                condition=~Q(state="retold") | Q(retold_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="shipping_info_to_try", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["late_at"], name="shipping_info_late", condition=Q(late_at__isnull=False)),
            models.Index(fields=["storefront", "transaction_id"], name="shipping_info_payment"),
            models.Index(fields=["storefront", "paid_at"], name="shipping_info_paid"),
            models.Index(fields=["storefront", "state", "-id"], name="shipping_info_queue"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"shipping_info:{self.number}"


class TradeManagement(models.Model):
    """Whether WeChat manages a mini-program's trades (交易管理), as it said last; asked once a day."""

    storefront = models.OneToOneField(Storefront, on_delete=models.PROTECT, related_name="trade_management")
    managed = models.BooleanField(null=True, blank=True, help_text="orders are under WeChat's management")
    confirmed = models.BooleanField(null=True, blank=True, help_text="confirmed in WeChat's console")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="when WeChat said so")
    path = models.CharField(max_length=128, default="", blank=True, help_text="where WeChat's messages lead")
    check_at = models.DateTimeField(default=present, help_text="next comparison with WeChat's list")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="last comparison that was finished")

    class Meta:
        indexes = [models.Index(fields=["check_at"], name="trade_management_check")]

    def __str__(self) -> str:
        return str(self.storefront)

    @property
    def event_key(self) -> str:
        return f"trade_management:{self.storefront_id}"

"""What leaves a warehouse for one order; under an import list it is one parcel (law.md R2.2: packNo=1)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Warehouse
from logistics.states import SHIPMENT
from orders.models import Order
from storefronts.models import Storefront


class Shipment(models.Model):
    """An order's goods on their way, in one state; its history is told under the order's key.

    It has left when all its parcels have: until then it is `leaving`, and each parcel says where it is.

    That the consumer has them (确认收货) is a fact beside the state, which is the carrier's: a consumer may
    have a parcel before its carrier says so.
    """

    class ReceivedBy(models.TextChoices):
        CONSUMER = "consumer", "the consumer confirmed it here"
        DAYS = "days", "the days for it were over"
        WECHAT = "wechat", "confirmed at WeChat"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="shipment")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=32, help_text="of the order, which is the key of its history")
    state = models.CharField(max_length=12, choices=SHIPMENT.choices, default=SHIPMENT.start)
    opened_at = models.DateTimeField()
    ship_by = models.DateField(
        null=True, blank=True, help_text="by when it leaves, as promised when it was paid"
    )
    late_at = models.DateTimeField(
        null=True, blank=True, help_text="when that day is over; empty once it has left or was told of"
    )
    dispatched_at = models.DateTimeField(null=True, blank=True, help_text="left the warehouse")
    handed_over_at = models.DateTimeField(null=True, blank=True, help_text="first scanned by a carrier")
    delivered_at = models.DateTimeField(null=True, blank=True)
    receipt_due_at = models.DateTimeField(null=True, blank=True, help_text="receipt counts as confirmed then")
    receipt_at = models.DateTimeField(null=True, blank=True, help_text="receipt confirmed")
    receipt_by = models.CharField(max_length=10, choices=ReceivedBy.choices, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="shipment_left_has_day",
                condition=Q(state__in=["to_pick", "packing", "labelled", "leaving", "cancelled"])
                | Q(handed_over_at__isnull=False)
                | Q(state__in=["dispatched", "lost", "returned"], dispatched_at__isnull=False),
            ),
            models.CheckConstraint(
                name="shipment_delivered_has_day",
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="shipment_received_left",
                condition=Q(receipt_at=None, receipt_by="")
                | Q(receipt_at__isnull=False, handed_over_at__isnull=False) & ~Q(receipt_by=""),
            ),
        ]
        indexes = [
            models.Index(fields=["storefront", "state", "-id"], name="shipment_queue"),
            models.Index(
                fields=["receipt_due_at"],
                name="shipment_receipt_due",
                condition=Q(receipt_due_at__isnull=False, receipt_at=None),
            ),
            models.Index(fields=["late_at"], name="shipment_late", condition=Q(late_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"order:{self.number}"

"""What came to the return centre and nobody expected (无主包裹): kept apart until a person decides."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Lot
from orders.models import Order, OrderLine
from returns.models.request import ReturnGrade, ReturnRequest
from returns.states import STRAY
from storefronts.models import Storefront

Grade = ReturnGrade.Grade


class StrayParcel(models.Model):
    """A parcel of a return that is not expected (any more), of an order without one, or of nobody known.

    Pieces that we sold lie in quarantine under its number; of all else there are words and a number alone.
    """

    number = models.CharField(max_length=32, unique=True)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="+")
    request = models.ForeignKey(ReturnRequest, on_delete=models.PROTECT, null=True, related_name="strays")
    state = models.CharField(max_length=12, choices=STRAY.choices, default=STRAY.start)
    waybill = models.CharField(max_length=64, default="", blank=True, help_text="what stood on the parcel")
    contents = models.CharField(
        max_length=200, default="", blank=True, help_text="what else is in it, without personal data"
    )
    pieces = models.PositiveIntegerField(default=0, help_text="of what else is in it")
    came_on = models.DateField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, default="", blank=True, help_text="what became of it")
    result = models.ForeignKey(
        ReturnRequest, on_delete=models.PROTECT, null=True, related_name="+", help_text="by which refunded"
    )

    class Meta:
        indexes = [models.Index(fields=["order"], name="stray_of_order", condition=Q(order__isnull=False))]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"stray:{self.number}"


class StrayPiece(models.Model):
    """So many pieces of a line of the order that lay in it, of which lot and how they are; never changed."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    parcel = models.ForeignKey(StrayParcel, on_delete=models.PROTECT, related_name="found")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    grade = models.CharField(
        max_length=8, choices=[one for one in Grade.choices if one[0] in ("as_new", "opened", "damaged")]
    )
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="stray_piece_quantity", condition=Q(quantity__gt=0))]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line}"

"""What customs asked for of a payment (GACC 2018 No. 165 and 179), and what became of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from customs.states import DATA_REQUEST
from kernel.ids import uuid7
from orders.models import Order
from storefronts.models import Storefront


class DataRequest(models.Model):
    """One session (会话) in which customs asked for the original payment data (支付原始数据) of an order.

    Whose order it is, is looked up after customs had its answer: until then, and for a number that is not
    known, there is neither order nor storefront. What is given rests sealed under the order's key, the same
    bytes at each try.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, null=True, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="+")
    session = models.CharField(max_length=36, unique=True, help_text="sessionID")
    number = models.CharField(max_length=60, help_text="orderNo, as customs asked")
    service_ms = models.BigIntegerField(help_text="serviceTime, as customs told it")
    state = models.CharField(max_length=12, choices=DATA_REQUEST.choices, default=DATA_REQUEST.start)
    trouble = models.CharField(max_length=40, default="", blank=True, help_text="why it is not given")
    code = models.CharField(max_length=10, default="", blank=True, help_text="customs' answer to the upload")
    body_sealed = models.BinaryField(default=b"", help_text="payExInfoStr as it was signed")
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True, help_text="signed and sealed")
    given_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="data_request_given_whole",
                condition=~Q(state="given")
                | Q(order__isnull=False, made_at__isnull=False, given_at__isnull=False, code="10000"),
            ),
            models.CheckConstraint(
                name="data_request_not_given_why",
                condition=~Q(state__in=["refused", "failing"]) | ~Q(trouble=""),
            ),
            models.CheckConstraint(
                name="data_request_of_storefront",
                condition=Q(order=None, storefront=None) | Q(order__isnull=False, storefront__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="data_request_to_try", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["storefront", "state", "-id"], name="data_request_board"),
            models.Index(fields=["number"], name="data_request_number"),
            models.Index(fields=["asked_at"], name="data_request_day"),
        ]

    def __str__(self) -> str:
        return self.session

    @property
    def event_key(self) -> str:
        return f"data_request:{self.session}"

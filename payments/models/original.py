"""What WeChat Pay was asked when a payment was prepared and what it answered, exactly as it went and came."""

from __future__ import annotations

from django.db import models

from kernel.ids import uuid7
from payments.models.payment import Payment
from storefronts.models import Storefront


class PaymentOriginal(models.Model):
    """One request for a prepay_id and its answer (支付原始数据), which customs may ask for.

    Sealed under the key of the order. A payment that was prepared anew has several; the first that was
    answered is the one it began with.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="originals")
    request_sealed = models.BinaryField(help_text="the body as it was sent")
    response_sealed = models.BinaryField(help_text="the body as it came")
    kept_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["payment", "id"], name="original_of_payment")]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.kept_at:%F %T}"

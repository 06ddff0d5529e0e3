"""The original data of a payment: kept sealed as it was sent and received, opened for a purpose on record."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from compliance import vault
from orders.models import Order
from payments import labels
from payments.models import Payment, PaymentOriginal


class Original(NamedTuple):
    """What was sent and what was answered."""

    request: str
    response: str


def keep_original(*, payment: Payment, original: Original, now: datetime) -> None:
    """Seal what WeChat was asked and answered under the order's key, in the caller's transaction.

    Kept whole whatever its length: customs takes 8000 characters, and original data is never shortened; a
    longer one is put before a person when it is asked for.
    """
    key = vault.unwrap(Order.objects.select_related("key").get(pk=payment.order_id).key)
    row = PaymentOriginal(storefront_id=payment.storefront_id, payment=payment, kept_at=now)
    row.request_sealed = key.seal(labels.ORIGINAL_REQUEST, row.public_id, original.request)
    row.response_sealed = key.seal(labels.ORIGINAL_RESPONSE, row.public_id, original.response)
    row.save(force_insert=True)


def open_original(*, payment: Payment, who: str, purpose: str, now: datetime) -> Original | None:
    """What the payment was prepared with at first, opened with two rows of access; None where nothing was
    kept. Raises VaultClosed once the key of the order is destroyed."""
    row = PaymentOriginal.objects.filter(payment=payment).order_by("id").first()
    if row is None:
        return None
    key = vault.unwrap(Order.objects.select_related("key").get(pk=payment.order_id).key)
    request, response = vault.open_many_as(
        who=who,
        purpose=purpose,
        storefront_id=payment.storefront_id,
        key=key,
        sealed=[
            (labels.ORIGINAL_REQUEST, row.public_id, bytes(row.request_sealed)),
            (labels.ORIGINAL_RESPONSE, row.public_id, bytes(row.response_sealed)),
        ],
        now=now,
    )
    return Original(request, response)

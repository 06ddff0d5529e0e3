"""A partner says once that it has an order in its own books, and under which number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from kernel import events
from kernel.errors import Conflict
from partners.models import Acknowledgement, Connection

WORTH_NOTING: Final = 100  # places


@dataclass(eq=False)
class AcknowledgedElse(Conflict):
    """It was acknowledged under another number."""

    code = "acknowledged_else"
    title = "You acknowledged this order before, under the number {reference}."
    title_zh = "该订单此前已以编号 {reference} 确认。"
    reference: str


def acknowledge(*, connection: Connection, number: str, reference: str, now: datetime) -> Acknowledgement:
    """Keep it; told again under the same number it changes nothing. Raises AcknowledgedElse."""
    where = {"partner_id": connection.partner_id, "storefront_id": connection.storefront_id, "number": number}
    try:
        with transaction.atomic():
            made = Acknowledgement.objects.create(**where, reference=reference, at=now)
            facts = {"partner": connection.name, "reference": reference}
            key = f"order:{number}"
            name = "order.acknowledged"
            events.record(storefront_id=connection.storefront_id, name=name, key=key, facts=facts, now=now)
            return made
    except IntegrityError:
        before = Acknowledgement.objects.get(**where)
        if before.reference != reference:
            raise AcknowledgedElse(reference=before.reference) from None
        return before


def note_all_acknowledged(*, connection: Connection, to: int) -> None:
    """Every order that this connection sees up to this place is acknowledged, and stays so: none turns up
    before it, and one that changes moves up. What is behind it need not be looked through again."""
    if to - connection.acknowledged_to >= WORTH_NOTING:
        Connection.objects.filter(pk=connection.pk, acknowledged_to__lt=to).update(acknowledged_to=to)

"""What the carrier told customs of a parcel (511) is read from the last copy that came into the box."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models.functions import Least

from compliance import vault
from customs import labels
from customs.ceb.message import Values
from customs.ceb.read import document
from customs.documents.build import CHANGED
from customs.documents.facts import Carried, Waybill
from customs.models import Declaration, Filing
from customs.services.filing import standing
from customs.services.gather import PURPOSE, WHO

COPY, TAKEN_BACK = "CEB511Message", "3"
SKEW = timedelta(minutes=1)  # of the carrier's clock


def as_carried(declaration: Declaration, waybill: Waybill, *, now: datetime) -> Waybill:
    """The waybill with what its carrier says of it, opened with a row of access; as it was without a copy.

    The last copy counts, by when the carrier made it, of two of one second the later to come. Where it was
    asked to tell its waybill anew, what it told before does not count.
    """
    filing = standing(declaration, Filing.Kind.WAYBILL)
    if filing is None or filing.key != f"{waybill.carrier.code}/{waybill.number}":
        return waybill
    copies = filing.receipts.filter(name=COPY).exclude(raw_sealed=b"")
    if filing.app_type == CHANGED:
        copies = copies.filter(told_at__gte=filing.made_at - SKEW)
    last = copies.alias(at=Least("told_at", "received_at")).order_by("at", "id").last()
    if last is None:
        return waybill
    raw = vault.open_as(
        who=WHO,
        purpose=PURPOSE,
        storefront_id=declaration.storefront_id,
        key=vault.unwrap(declaration.order.key),
        label=labels.RECEIPT_RAW,
        ref=last.public_id,
        blob=bytes(last.raw_sealed),
        now=now,
    )
    return replace(waybill, told=_told(document(COPY, raw.encode()).head))


def _told(head: Values) -> Carried:
    return Carried(
        taken_back=head.get("appType") == TAKEN_BACK,
        order_number=str(head.get("orderNo", "")),
        consignee=str(head.get("consignee", "")),
        phone=str(head.get("consigneeTelephone", "")),
        address=str(head.get("consigneeAddress", "")),
        weight_kg=Decimal(str(head.get("weight", 0))),
    )

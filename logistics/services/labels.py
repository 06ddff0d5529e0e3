"""The label of a parcel is made when it is asked for, and kept sealed; each look is on record."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance import vault
from kernel import files
from kernel.clock import SHANGHAI
from kernel.errors import Conflict, Problem
from kernel.tenancy import tenant
from logistics.label_pdf import Label, LabelLacksCharacters, LabelTooLong, render
from logistics.models import Parcel, Shipment
from logistics.services.receiver import ReceiverGone, receiver_for_label, sender_of
from logistics.services.shipments import locked
from logistics.vocabulary import carriers

SEALED = "logistics.parcel.label"
KEPT = timedelta(days=14)
OVER = ("cancelled", "returned")


class NoWaybill(Conflict):
    """A label needs a waybill number."""

    code = "label_without_waybill"
    title = "This parcel has no waybill yet."
    title_zh = "该包裹尚未取得运单号。"


@dataclass(eq=False)
class NothingLeaves(Conflict):
    """What was cancelled does not leave, and what came back does not leave again under its number."""

    code = "label_of_nothing_leaving"
    title = "No label: the order is “{order}”, its shipment “{shipment}”."
    title_zh = "订单状态为“{order}”，发货单状态为“{shipment}”，不可打印面单。"
    order: str
    shipment: str


def label_of(*, parcel: Parcel, by: str, now: datetime, kind: str = "operator") -> bytes:
    """The label as a PDF; the one that is kept, or a new one. `by` is an operator, or of another `kind`.

    Raises NothingLeaves, NoWaybill, ReceiverGone, LabelTooLong and LabelLacksCharacters; that the
    receiver was opened for a label that is then refused stays on record.
    """
    made = _label_of(parcel, f"{kind}:{by}", now)
    if isinstance(made, Problem):
        raise made
    return made


def _label_of(parcel: Parcel, who: str, now: datetime) -> bytes | Problem:
    with tenant(parcel.storefront_id):
        order, shipment = locked(Shipment.objects.get(pk=parcel.shipment_id))
        if order.state != "paid" or shipment.state in OVER:
            raise NothingLeaves(order=order.state, shipment=shipment.state)
        row = (
            Parcel.objects.select_for_update(of=("self",))
            .select_related("shipment__order__key", "shipment__warehouse", "carrier_account", "label")
            .get(pk=parcel.pk)
        )
        if row.state != "issued" or row.carrier_account is None:
            raise NoWaybill()
        order = row.shipment.order
        try:
            key = vault.unwrap(order.key)
        except vault.VaultClosed as closed:
            raise ReceiverGone() from closed
        if row.label is not None and row.label.expires_at is not None and row.label.expires_at > now:
            return base64.b64decode(
                vault.open_as(
                    who=who,
                    purpose="print the label of a parcel",
                    storefront_id=row.storefront_id,
                    key=key,
                    label=SEALED,
                    ref=f"{row.own_number}:{row.waybill}",
                    blob=files.read(row.label),
                    now=now,
                )
            )
        label = Label(
            carrier=carriers()[row.carrier].name_zh,
            waybill=row.waybill,
            routing=row.routing,
            receiver=receiver_for_label(order=order, who=who, now=now),
            sender=sender_of(row.shipment.warehouse, row.carrier_account),
            order=order.number,
            content=tuple(f"{line.name_zh} × {pieces}" for line, pieces in row.contents()),
            weight_g=row.weight_g,
            printed=f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        )
        try:
            content = render(label)
        except (LabelTooLong, LabelLacksCharacters) as refused:
            return refused
        sealed = key.seal(SEALED, f"{row.own_number}:{row.waybill}", base64.b64encode(content).decode())
        row.label = files.store(
            storefront_id=row.storefront_id,
            name=f"{row.waybill}.pdf",
            media_type="application/pdf",
            content=sealed,
            now=now,
            expires_at=now + KEPT,
            sealed=True,
        )
        row.save(update_fields=["label"])
        return content

"""To whom a parcel goes is given to a partner field by field, for a purpose, and recorded before it goes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from compliance import vault
from customers import divisions
from kernel.errors import Conflict
from logistics.models import Parcel
from logistics.services.labels import label_of
from logistics.services.receiver import FIELDS, ReceiverGone
from orders import labels
from orders.models import Order
from orders.services.disclose_to_partner import disclose_to_partner, mind_country
from partners.models import Partner

# By the scope that allows it: the word of the disclosure, the column, and its label in the vault.
GIVEN: Final = {
    "personal:name": ("consignee_name", "consignee_name_sealed", labels.CONSIGNEE_NAME),
    "personal:phone": ("consignee_phone", "consignee_phone_sealed", labels.CONSIGNEE_PHONE),
    "personal:address": ("consignee_address", "consignee_street_sealed", labels.CONSIGNEE_STREET),
}
PURPOSES: Final = ("fulfil", "deliver", "after_sales")


class ReceiverNotDue(Conflict):
    """Of an order that is not paid nobody outside has to know to whom it goes."""

    code = "receiver_not_due"
    title = "The order is not paid, or was cancelled: to whom it would go is nobody's to know."
    title_zh = "订单未支付或已取消，不提供收件信息。"


def give_label(*, parcel: Parcel, partner: Partner, now: datetime) -> bytes:
    """The label of a parcel for a partner that packs it, which shows to whom it goes.

    It is recorded before it goes, in the log and for the person to see. Raises ReceiverStays,
    ReceiverNotDue, and what `label_of` raises.
    """
    order = parcel.shipment.order
    if order.subject_id is None:
        raise ReceiverNotDue()
    mind_country(partner)
    content = label_of(parcel=parcel, by=partner.name, kind="partner", now=now)
    disclose_to_partner(order=order, partner=partner, purpose="deliver", fields=FIELDS, now=now)
    return content


def give_receiver(
    *, order: Order, partner: Partner, purpose: str, scopes: Collection[str], now: datetime
) -> dict[str, Any]:
    """The receiver in plain, as far as `scopes` allow, for one of PURPOSES; no other field is opened.

    What is given is recorded first, in this transaction, in the log and for the person to see. Raises
    ReceiverNotDue, ReceiverStays, ReceiverGone, ValueError where no scope allows any field.
    """
    given = [GIVEN[scope] for scope in GIVEN if scope in scopes]
    if order.state != "paid" or order.subject_id is None:
        raise ReceiverNotDue()
    mind_country(partner)
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed as closed:
        raise ReceiverGone() from closed
    told_of = [*(word for word, *_ in given), "order_number"]
    disclose_to_partner(order=order, partner=partner, purpose=purpose, fields=told_of, now=now)
    plain = vault.open_many_as(
        who=partner.actor,
        purpose=purpose,
        storefront_id=order.storefront_id,
        key=key,
        sealed=[(label, order.number, bytes(getattr(order, column))) for _, column, label in given],
        now=now,
    )
    told: dict[str, Any] = dict(zip((word for word, *_ in given), plain, strict=True))
    street = told.pop("consignee_address", None)
    if street is not None:
        told["address"] = {
            "division_code": order.division_code,
            "region": divisions.path(order.division_code),
            "street": street,
        }
    return {word.removeprefix("consignee_"): value for word, value in told.items()}

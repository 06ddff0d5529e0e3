"""To whom a parcel goes is opened for one call or label alone; what a carrier is told is on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from compliance import masking, vault
from compliance import services as compliance
from customers import divisions
from inventory.models import Warehouse
from kernel.errors import Conflict
from logistics.gateways.waybills import Place
from logistics.models import CarrierAccount, Parcel
from orders import labels
from orders.models import Order
from wechat.shipping import masked_contact

WHO = "logistics"
LEGAL_NAMES = {"SF": "顺丰速运有限公司"}
MUNICIPALITIES = ("11", "12", "31", "50")
GROUPS = "直辖县级行政区划"
FIELDS = ("consignee_name", "consignee_phone", "consignee_address", "order_number", "goods")


class ReceiverGone(Conflict):
    """The order's key was destroyed: nobody knows any more to whom it went."""

    code = "receiver_gone"
    title = "The receiver of this order can no longer be read."
    title_zh = "该订单的收货信息已不可读取。"


def receiver_for_carrier(*, order: Order, carrier: str, now: datetime) -> Place:
    """The receiver in plain, for one call; that the carrier is told is recorded first, in this transaction.

    Raises ReceiverGone.
    """
    assert order.subject_id is not None  # a paid order keeps its subject
    place = _open(order, WHO, "ask the carrier for a waybill", now)
    compliance.disclose(
        storefront_id=order.storefront_id,
        subject_id=order.subject_id,
        order_number=order.number,
        recipient_kind="carrier",
        recipient=LEGAL_NAMES[carrier],
        country="CN",
        purpose="deliver",
        basis="contract",
        fields=FIELDS,
        now=now,
    )
    return place


def receiver_for_label(*, order: Order, who: str, now: datetime) -> Place:
    """The receiver as the label shows it: the telephone masked but for its ends. Raises ReceiverGone."""
    place = _open(order, who, "print the label of a parcel", now)
    return replace(place, phone=masking.phone(place.phone))


def phone_for_wechat(*, order: Order, now: datetime) -> str:
    """The receiver's telephone as WeChat may know it: its last four digits. Raises ReceiverGone."""
    return masked_contact(_open(order, WHO, "tell WeChat of shipping", now).phone)


def sender_of(warehouse: Warehouse, account: CarrierAccount) -> Place:
    """From where a parcel of this warehouse leaves; what the warehouse does not say, the account does."""
    company, hotline = warehouse.sender or account.sender, warehouse.hotline or account.hotline
    where = warehouse if warehouse.origin else account
    province, city, county = _three(where.origin)
    return Place(company, hotline, province, city, county, where.origin_place, company)


def hotline_of(parcel: Parcel) -> str:
    """The sender's telephone by which a carrier finds a parcel: the one that it was told; "" where none."""
    if parcel.hotline or parcel.carrier_account is None:
        return parcel.hotline
    return sender_of(parcel.shipment.warehouse, parcel.carrier_account).phone


def _open(order: Order, who: str, purpose: str, now: datetime) -> Place:
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed as closed:
        raise ReceiverGone() from closed
    name, phone, street = vault.open_many_as(
        who=who,
        purpose=purpose,
        storefront_id=order.storefront_id,
        key=key,
        sealed=[
            (labels.CONSIGNEE_NAME, order.number, bytes(order.consignee_name_sealed)),
            (labels.CONSIGNEE_PHONE, order.number, bytes(order.consignee_phone_sealed)),
            (labels.CONSIGNEE_STREET, order.number, bytes(order.consignee_street_sealed)),
        ],
        now=now,
    )
    province, city, county = _three(order.division_code)
    return Place(name, phone, province, city, county, street)


def _three(code: str) -> tuple[str, str, str]:
    """Province, city and county, as carriers name them.

    A municipality (直辖市) is its own city. A county right under its province is its own city and has no
    county, as has a city without counties: 东莞, 仙桃. What only groups such counties is no place.
    """
    names = [name for name in divisions.path(code) if not name.endswith(GROUPS)]
    if names and code[:2] in MUNICIPALITIES:
        return names[0], names[0], "" if len(names) == 1 else names[-1]
    province, city, county = [*names, "", "", ""][:3]
    return province, city, county

"""In the hold after payment the consumer mends to whom and where an order goes, before anyone is told of it.

Nothing is picked, labelled or declared until the hold is over: carrier and customs learn of the mended
address alone. The price stays as agreed, so an address whose freight is another is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from compliance import vault
from customers.services import addresses
from customers.services.addresses import AddressText
from inventory import queries as inventory
from inventory.models import Reservation
from kernel import events
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders import labels
from orders.models import Order, OrderLine
from orders.services.cancel_paid import hold_ends_at

_MEND = "SELECT orders_mend_address(%s, %s, %s, %s, %s, %s, %s)"
_SEALED = {
    "name": (labels.CONSIGNEE_NAME, "consignee_name_sealed"),
    "phone": (labels.CONSIGNEE_PHONE, "consignee_phone_sealed"),
    "street": (labels.CONSIGNEE_STREET, "consignee_street_sealed"),
}


@dataclass(eq=False)
class AddressNotPaid(Conflict):
    """The order is not paid, or has ended: there is no hold in which its address is mended."""

    code = "order_address_not_paid"
    title = "This order is “{state}”; only a paid order's address is mended. Place a new order instead."
    title_zh = "订单当前状态为“{state}”，仅已付款订单可修改收货信息，请重新下单。"
    state: str


class AddressTooLate(Conflict):
    """The hold is over: parcel, waybill and declaration say the address as it is."""

    code = "order_address_too_late"
    title = "The order is being prepared; its address stays. Ask for a refund and place a new order."
    title_zh = "订单已进入备货申报流程，收货信息不可再修改，请申请退款后重新下单。"


class AddressNotDelivered(Conflict):
    """The order's warehouse does not deliver to the province of the new address."""

    code = "order_address_not_delivered"
    title = "This order's warehouse does not deliver there. Choose another address, or cancel the order."
    title_zh = "该订单的发货仓暂不支持配送至新地址所在地区，请更换地址或取消订单。"


@dataclass(eq=False)
class FreightDiffers(Conflict):
    """Freight to the new address is not what was paid, and the order's price stays."""

    code = "order_address_freight"
    title = "Freight to this address is another than was paid. Cancel the order and place a new one."
    title_zh = "新地址的运费与已付运费不同，请取消订单后重新下单。"
    paid_fen: int
    freight_fen: int


def mend_address(*, number: str, text: AddressText, by: str, now: datetime) -> Order:
    """Put this address in the place of a paid order's, in the time in which it can be cancelled.

    Locks the order. The same address again changes nothing, whenever it comes. Raises BadAddress,
    AddressNotPaid, AddressTooLate, AddressNotDelivered, FreightDiffers. After the event
    `order.address_mended` the order is looked at anew for one address and one telephone (personal use).
    """
    addresses.check(text)
    text = AddressText(text.name.strip(), text.phone, text.division_code, text.street.strip())
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        waited = Order.objects.select_for_update(of=("self",), no_key=True).select_related("key")
        order = waited.get(number=number)
        if order.state != "paid":
            raise AddressNotPaid(state=order.state)
        key = vault.unwrap(order.key)
        changed = _changed(order, key, text)
        if not changed:
            return order
        ends = hold_ends_at(order)
        if ends is None or now > ends or _is_picked(order):
            raise AddressTooLate()
        if text.division_code[:2] != order.division_code[:2]:
            _check_freight(order, text.division_code[:2], now)
        _replace(order, key, text)
        events.record(
            storefront_id=order.storefront_id,
            name="order.address_mended",
            key=order.event_key,
            facts={"by": by, "fields": changed},
            now=now,
        )
    return order


def _changed(order: Order, key: vault.Key, text: AddressText) -> list[str]:
    """The parts that are others than before, by name alone."""
    changed = [
        f"consignee_{name}"
        for name, (label, column) in _SEALED.items()
        if key.open(label, order.number, bytes(getattr(order, column))) != getattr(text, name)
    ]
    return changed + ["division_code"] * (order.division_code != text.division_code)


def _is_picked(order: Order) -> bool:
    """Whether the parcel was begun: by who took the order's row before us, after the hold as they saw it."""
    begun = [Reservation.State.PICKED, Reservation.State.SHIPPED]
    return Reservation.objects.filter(holder=order.event_key, state__in=begun).exists()


def _check_freight(order: Order, province: str, now: datetime) -> None:
    """Another province, the same freight; the terms are today's."""
    lines = OrderLine.objects.filter(order=order)
    terms = inventory.terms(warehouse_ids=[order.warehouse_id], day=shanghai_day(now))[order.warehouse_id]
    freight_fen = terms.freight_fen(
        province=province,
        weight_g=sum(int(line.customs.get("weight_g") or 0) * line.quantity for line in lines),
        pieces=sum(line.quantity for line in lines),
        goods_fen=order.goods_fen,
    )
    if freight_fen is None:
        raise AddressNotDelivered()
    if freight_fen != order.freight_fen:
        raise FreightDiffers(paid_fen=order.freight_fen, freight_fen=freight_fen)


def _replace(order: Order, key: vault.Key, text: AddressText) -> None:
    """Through the owner's door, which holds what is said here to the rows themselves."""
    sealed = {
        column: key.seal(label, order.number, getattr(text, name))
        for name, (label, column) in _SEALED.items()
    }
    place = f"{text.division_code} {text.street}"
    with connection.cursor() as cursor:
        cursor.execute(
            _MEND,
            [
                order.number,
                *sealed.values(),
                text.division_code,
                vault.blind("phone", text.phone),
                vault.blind("address", place),
            ],
        )
    order.refresh_from_db(fields=[*sealed, "division_code", "phone_index", "address_index"])

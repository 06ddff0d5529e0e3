"""A paid order is shipped once, in parcels that hold its lines; what is cancelled does not leave.

Each verb locks the order, then its shipment, then the shipment's parcels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory import queries as inventory
from kernel import events
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict, Invalid, Missing
from kernel.tenancy import tenant
from logistics.models import CarrierAccount, Parcel, ParcelLine, Shipment
from logistics.states import SHIPMENT, WAYBILL
from logistics.vocabulary import carriers
from orders.models import Order, OrderLine
from orders.services.cancel_paid import hold_ends_at

PACKING_G = 200  # a carton and its filling, where nobody weighed
LEFT_CANCELLED, FAILING = "shipment.left_cancelled", "waybill.failing"
PACKED_REFUNDED = "shipment.packed_refunded"
NOT_LEFT = ("to_pick", "packing", "labelled")
# What an operator says of a parcel that no tracker says.
FOUND_OUT = {"lose": "lost", "damage": "damaged", "return": "returned", "move": "in_transit"}


@dataclass(eq=False)
class StillHeld(Conflict):
    """The consumer may still cancel, so nothing is taken from its shelf."""

    code = "shipment_still_held"
    title = "The consumer may still cancel this order; pack it after {until}."
    title_zh = "消费者仍可取消该订单，请在 {until} 之后打包。"
    until: str


class Packed(Conflict):
    """An import list holds one parcel, and this order has it."""

    code = "shipment_packed"
    title = "This order already has its parcel: an import list holds one."
    title_zh = "该订单已有包裹：一份清单只对应一个包裹。"


class NothingToPack(Conflict):
    """No piece is held for the order any more: all were refunded, or have left."""

    code = "shipment_nothing_to_pack"
    title = "No piece of this order is to be shipped any more."
    title_zh = "该订单已无待发商品。"


@dataclass(eq=False)
class NoCarrier(Invalid):
    """No account of the storefront issues waybills of this carrier."""

    code = "carrier_not_set"
    title = "The storefront has no account with {carrier}; set it first."
    title_zh = "店铺尚未设置承运商 {carrier} 的账户。"
    carrier: str


def open_shipment(*, order: Order, now: datetime) -> Shipment | None:
    """The shipment of a paid order, made if there is none; None where the order is not paid any more."""
    with tenant(order.storefront_id):
        order = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        if order.state != "paid":
            return None
        made, new = Shipment.objects.get_or_create(
            order=order,
            defaults={
                "storefront_id": order.storefront_id,
                "warehouse_id": order.warehouse_id,
                "number": order.number,
                "opened_at": now,
            },
        )
        if new:
            events.record(
                storefront_id=order.storefront_id,
                name=f"shipment.{SHIPMENT.start}",
                key=made.event_key,
                facts={"order": order.number},
                now=now,
            )
        return made


def start_packing(*, shipment: Shipment, by: str, now: datetime) -> Shipment:
    """Goods are taken from the shelf. Raises StillHeld, WrongState."""
    with tenant(shipment.storefront_id):
        order, row = locked(shipment)
        until = hold_ends_at(order)
        if until is not None and now <= until:
            raise StillHeld(until=until.isoformat(timespec="minutes"))
        SHIPMENT.move(row, "pick", now=now, facts={"order": row.number, "by": by})
        return row


def pack(*, shipment: Shipment, carrier: str, by: str, now: datetime, weight_g: int | None = None) -> Parcel:
    """All that is held for the order in one parcel, for which the carrier will be asked for a waybill.

    What was refunded before is not held for it any more. A shipment that is still to pick is picked. Raises
    StillHeld, WrongState, Packed, NoCarrier, NothingToPack.
    """
    if shipment.state == SHIPMENT.start:
        shipment = start_packing(shipment=shipment, by=by, now=now)
    with tenant(shipment.storefront_id):
        _, row = locked(shipment)
        if row.state != "packing":
            SHIPMENT.move(row, "label", now=now)  # says what the state is, and that it does not lead there
        account = account_of(row.storefront_id, CarrierAccount.Provider.SF)
        if account is None or carrier != "SF":
            raise NoCarrier(carrier=carriers()[carrier].name if carrier in carriers() else carrier)
        before = Parcel.objects.filter(shipment=row)
        if before.exclude(state="cancelled").exists():
            raise Packed()
        contents = _contents(row)
        if not contents:
            raise NothingToPack()
        parcel = Parcel.objects.create(
            storefront_id=row.storefront_id,
            shipment=row,
            carrier_account=account,
            own_number=f"{row.number}-{before.count() + 1}",
            carrier=carrier,
            weight_g=weight_g or weight_of(contents),
            asked_at=now,
            next_try_at=now,
        )
        ParcelLine.objects.bulk_create(
            ParcelLine(storefront_id=row.storefront_id, parcel=parcel, line=line, quantity=pieces)
            for line, pieces in contents
        )
        _told(parcel, "asked", now, by=by, weight_g=parcel.weight_g)
        return parcel


def withdraw(*, parcel: Parcel, by: str, now: datetime) -> Parcel:
    """Have the carrier take its waybill back; until it has, the parcel keeps it. Raises WrongState."""
    with tenant(parcel.storefront_id):
        _, shipment = locked(Shipment.objects.get(pk=parcel.shipment_id))
        if shipment.state not in (*NOT_LEFT, "cancelled"):
            SHIPMENT.move(shipment, "unlabel", now=now)  # what left is not taken back: it says so
        row = Parcel.objects.select_for_update(of=("self",)).get(pk=parcel.pk)
        _take_back(row, by, now)
        return row


def try_again(*, parcel: Parcel, by: str, now: datetime) -> Parcel:
    """Ask the carrier once more for a waybill that it refused, after a mend. Raises WrongState."""
    with tenant(parcel.storefront_id):
        row = Parcel.objects.select_for_update(of=("self",)).get(pk=parcel.pk)
        WAYBILL.move(row, "again", now=now, facts={"by": by}, trouble="", tries=0, next_try_at=now)
        return row


def cancel_shipment(*, order: Order, by: str, now: datetime) -> None:
    """Nothing leaves for a cancelled order; where it has left, a person must look."""
    with tenant(order.storefront_id):
        made = Shipment.objects.filter(order=order).first()
        if made is None:
            return
        _, row = locked(made)
        if row.state == "cancelled":
            return
        if row.state not in NOT_LEFT:
            open_case(
                storefront_id=row.storefront_id,
                kind=LEFT_CANCELLED,
                key=row.event_key,
                title="A cancelled order has left the warehouse",
                facts={"order": row.number, "state": row.state},
                now=now,
            )
            return
        SHIPMENT.move(row, "cancel", now=now, facts={"order": row.number, "by": by})
        for parcel in Parcel.objects.select_for_update(of=("self",)).filter(shipment=row).order_by("id"):
            if parcel.state in ("asked", "issued", "refused"):
                _take_back(parcel, by, now)


def find_out(*, shipment: Shipment, verb: str, by: str, now: datetime) -> Shipment:
    """What an operator learnt of a parcel from the carrier: lost, damaged, returned, or found again.

    Raises WrongState.
    """
    if verb not in FOUND_OUT:
        raise Missing()
    with tenant(shipment.storefront_id):
        _, row = locked(shipment)
        SHIPMENT.move(row, verb, now=now, facts={"order": row.number, "by": by})
        return row


def locked(shipment: Shipment) -> tuple[Order, Shipment]:
    """The order and its shipment as they are now, locked in this order."""
    order = Order.objects.select_for_update(no_key=True).get(pk=shipment.order_id)
    return order, Shipment.objects.select_for_update(of=("self",)).get(pk=shipment.pk)


def account_of(storefront_id: int, provider: str) -> CarrierAccount | None:
    """The storefront's active account at a provider."""
    return (
        CarrierAccount.objects.select_related("storefront__key")
        .filter(storefront_id=storefront_id, provider=provider, active=True)
        .first()
    )


def weight_of(contents: Iterable[tuple[OrderLine, int]]) -> int:
    """What these pieces weigh with their packing, in grams."""
    return sum(pieces * line.variant.weight_g for line, pieces in contents) + PACKING_G


def look_at_parcel(*, order: Order, now: datetime) -> None:
    """Pieces of the order are not to be shipped any more: where a parcel has them already, a person must
    take them out."""
    with tenant(order.storefront_id):
        made = Shipment.objects.filter(order=order).first()
        if made is None:
            return
        _, row = locked(made)
        lines = ParcelLine.objects.filter(parcel__shipment=row).exclude(parcel__state="cancelled")
        too_many: Counter[str] = Counter()
        for sku, pieces in lines.values_list("line__sku", "quantity"):
            too_many[sku] += pieces
        for line, pieces in _contents(row):
            too_many[line.sku] -= pieces
        if too_many := +too_many:
            open_case(
                storefront_id=row.storefront_id,
                kind=PACKED_REFUNDED,
                key=row.event_key,
                title="A parcel has pieces that were refunded",
                facts={
                    "order": row.number,
                    "state": row.state,
                    "pieces": " ".join(f"{sku}×{pieces}" for sku, pieces in sorted(too_many.items())),
                },
                now=now,
            )


def _contents(shipment: Shipment) -> list[tuple[OrderLine, int]]:
    """The lines of an order with the pieces that are held for them; lines without any are left out."""
    left = inventory.held(holder=shipment.order.event_key)
    found = []
    lines = OrderLine.objects.select_related("variant").filter(order_id=shipment.order_id)
    for line in lines.order_by("position"):
        pieces = min(line.quantity, left.get(line.variant_id, 0))
        if pieces:
            left[line.variant_id] -= pieces
            found.append((line, pieces))
    return found


def _take_back(parcel: Parcel, by: str, now: datetime) -> None:
    facts = {"by": by, "waybill": parcel.waybill}
    if parcel.state == "refused" or (parcel.state == "asked" and parcel.sent_at is None):
        if parcel.state == "asked":
            WAYBILL.move(parcel, "withdraw", now=now, facts=facts)
        WAYBILL.move(parcel, "cancel", now=now, facts=facts, next_try_at=None)
        settle_open(kinds=[FAILING], key=parcel.event_key, by=by, note="cancelled", now=now)
        return
    WAYBILL.move(parcel, "withdraw", now=now, facts=facts, tries=0, next_try_at=now)


def _told(parcel: Parcel, what: str, now: datetime, **facts: Any) -> None:
    events.record(
        storefront_id=parcel.storefront_id,
        name=f"waybill.{what}",
        key=parcel.event_key,
        facts=facts,
        now=now,
    )

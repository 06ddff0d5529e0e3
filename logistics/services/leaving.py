"""Goods leave the house when they may (law.md R2.5), in the parcels they were picked for, and only then.

From a bonded zone (1210, 1239) after customs' release (放行) alone. From abroad (9610) once the order is
paid, judged for its declaration and labelled: there the release gates the hand-over inside China, from the
supervised site, which is not ours. Domestic goods once they are paid and labelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inventory import services as inventory
from kernel.errors import Conflict, Refused
from kernel.models import Case
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.models import Parcel, Shipment
from logistics.services import contents
from logistics.services.gone import let_go
from logistics.services.packing import NotPaid
from logistics.services.shipments import DECLARED_TAKEN, SEVERAL, TO_LEAVE, locked
from logistics.services.standing import advance
from logistics.services.tracking import AFTER_RELEASE_ONLY, is_released
from logistics.states import SHIPMENT, WAYBILL
from orders.models import Order
from orders.services.judge_for_declaration import judge_for_declaration


class NotReleased(Conflict):
    """Customs has not let the goods go, and they stay in the bonded zone until it has."""

    code = "shipment_not_released"
    title = "Customs has not released this order yet; its goods stay in the bonded zone."
    title_zh = "该订单尚未放行，货物不得出区。"


class NotDeclared(Conflict):
    """The list at customs names a waybill that was taken back since."""

    code = "shipment_waybill_not_declared"
    title = (
        "Customs' list names a waybill that was taken back; have it changed there and settle the case first."
    )
    title_zh = "清单所列运单已取消，须先办妥海关变更并办结相应事项，方可出库。"


class Left(Conflict):
    """What has left does not leave again."""

    code = "parcel_left"
    title = "This parcel has left the warehouse before."
    title_zh = "该包裹此前已出库。"


@dataclass(eq=False)
class NotWeighed(Conflict):
    """Nothing leaves that was not on the scales."""

    code = "parcel_not_weighed"
    title = "Parcel {parcel} was not weighed."
    title_zh = "包裹 {parcel} 尚未称重。"
    parcel: str


class PackedOtherwise(Conflict):
    """What lies in the parcels is not what is picked for the order any more: pieces were refunded since."""

    code = "parcel_packed_otherwise"
    title = "The parcels hold something else than was picked; take the waybill back and pack anew."
    title_zh = "包裹内容与拣货记录不符，请取消运单后重新打包。"


def dispatch(*, shipment: Shipment, by: str, now: datetime, parcel: Parcel | None = None) -> Shipment:
    """Let a labelled shipment out of the house, or one of its parcels; the pieces that lie in what leaves go
    off the ledger, by the lots that were picked.

    What left before stays as it is. What goes from abroad is judged for its declaration first, and the
    judgement stays whatever it says. Raises WrongState, NotPaid, NotReleased, NotDeclared, Refused,
    NotWeighed, PackedOtherwise; SaleStopped of inventory.
    """
    if shipment.state == "labelled":
        _judge(shipment, now)
    with tenant(shipment.storefront_id):
        order, row = locked(shipment)
        if row.state not in (*TO_LEAVE, "cancelled"):
            return row
        if row.state not in SHIPMENT.moves["dispatch"]:
            SHIPMENT.move(row, "dispatch", now=now)  # says that it does not lead there
        if order.state != "paid":
            raise NotPaid()
        if order.trade_mode in AFTER_RELEASE_ONLY and not is_released(order):
            raise NotReleased()
        rows = Parcel.objects.select_for_update(of=("self",)).filter(shipment=row, left_at=None)
        live = list(rows.exclude(state="cancelled").order_by("id"))
        if parcel is not None:
            live = [one for one in live if one.pk == parcel.pk]
        elif order.trade_mode in SEVERAL and inventory.in_hand(holder=order.event_key):
            raise PackedOtherwise()
        for one in live:
            _may_leave(one, order)
        if Case.objects.filter(kind=DECLARED_TAKEN, key=row.event_key, state=Case.State.OPEN).exists():
            raise NotDeclared()
        for one in live:
            let_go(order=order, row=row, parcel=one, by=by, now=now)
        advance(order=order, row=row, by=by, now=now)
        return row


def _may_leave(parcel: Parcel, order: Order) -> None:
    if parcel.state != "issued":  # it is being taken back
        raise WrongState(machine=WAYBILL.name, verb="dispatch", state=parcel.state)
    if parcel.weighed_g is None:
        raise NotWeighed(parcel=parcel.own_number)
    if contents.packed(parcel) != contents.picked(parcel, order.event_key):
        raise PackedOtherwise()


def _judge(shipment: Shipment, now: datetime) -> None:
    """What is sent from abroad before its list is judged as the list will be; raises Refused."""
    order = Order.objects.get(pk=shipment.order_id)
    if order.trade_mode != "9610" or order.gate != Order.Gate.BEFORE_LIST or order.state != "paid":
        return  # judged when the list was sent; or a matter of the release, or of no list at all
    waybill = (
        Parcel.objects.filter(shipment=shipment, state="issued").values_list("waybill", flat=True).first()
    )
    verdict = judge_for_declaration(number=order.number, waybill_number=waybill or "", now=now)
    if not verdict.allowed:
        raise Refused(refusals=verdict.refusals)

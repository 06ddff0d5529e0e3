"""A warehouse picks and packs by the rules of logistics, as the brand's own people do in the admin."""

from __future__ import annotations

from collections import Counter
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from inventory import services as inventory
from inventory.models import Lot
from inventory.services import CannotPick
from kernel.documents import answers
from kernel.errors import Missing
from kernel.states import WrongState
from logistics.models import Shipment
from logistics.services import packing
from logistics.services.shipments import SEVERAL, locked
from logistics.services.weighing import WeightDiffers
from logistics.states import SHIPMENT
from partner_api.door import Json, PartnerDoor
from partner_api.lines import MOST_LINES, line
from partner_api.parcels import one_parcel
from partner_api.shipments import NUMBER, WRITE, ParcelOut, WholeShipmentOut, answer_of, seen

HEAVIEST_G = 1_000_000


class PackLine(serializers.Serializer[Any]):
    """Pieces of one picked lot."""

    sku = serializers.CharField(max_length=30)
    lot = serializers.CharField(required=False, default="", allow_blank=True, max_length=60)
    inbound_list = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=30, help_text="核注清单编号, if bonded"
    )
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)


class PackBody(serializers.Serializer[Any]):
    """What lies in the parcel, and what the scales say."""

    weight_g = serializers.IntegerField(min_value=1, max_value=HEAVIEST_G, help_text="weighed, with packing")
    lines = serializers.ListField(
        child=PackLine(),
        required=False,
        allow_empty=False,
        max_length=MOST_LINES,
        help_text="none: all that is picked and not packed. What goes in one parcel is all of it",
    )


class SwapBody(PackLine):
    """Picked pieces of one lot that cannot leave."""

    damaged = serializers.BooleanField(required=False, default=False, help_text="true: set aside, not sold")
    reason = serializers.CharField(max_length=100)


class Pick(PartnerDoor):
    """Picking."""

    scopes = {"POST": WRITE}
    lasting = (CannotPick,)

    @extend_schema(request=None, parameters=[NUMBER], responses=answers(200, WholeShipmentOut, 409))
    def post(self, request: Request, number: str) -> Json:
        """Set the pieces aside, first expired first, or nothing; the answer says of which lots. Of what is
        picked already what was damaged since is picked anew. It may be done before the release, and not while
        the consumer may still cancel."""
        row = held(self, number)
        if row.state != SHIPMENT.start and not inventory.lacking(holder=row.event_key):
            raise WrongState(machine=SHIPMENT.name, verb="pick", state=row.state)
        packing.start_packing(shipment=row, by=self.by, now=self.now)
        return answer_of(self, number)


class Pack(PartnerDoor):
    """Packing."""

    scopes = {"POST": WRITE}
    lasting = (CannotPick, WeightDiffers)

    @extend_schema(request=PackBody, parameters=[NUMBER], responses=answers(201, ParcelOut, 409))
    def post(self, request: Request, number: str) -> Json:
        """Pack a parcel of picked pieces and ask the carrier for its waybill, which comes a little later
        (`shipment.labelled`). What is not picked yet is picked first. A parcel that weighs something else
        than its goods is refused with both figures, until the brand has looked into it."""
        told = self.taken(PackBody).validated_data
        row = held(self, number)
        _mind_packed(row)
        if row.state == SHIPMENT.start:
            row = packing.start_packing(shipment=row, by=self.by, now=self.now)
        made = packing.pack(
            shipment=row,
            carrier="SF",
            weight_g=told["weight_g"],
            lots=_lots(row, told["lines"]) if "lines" in told else None,
            by=self.by,
            now=self.now,
        )
        return Json(one_parcel(made, way=False), status=201)


class Swap(PartnerDoor):
    """Swapping."""

    scopes = {"POST": WRITE}
    lasting = (CannotPick,)

    @extend_schema(request=SwapBody, parameters=[NUMBER], responses=answers(200, WholeShipmentOut, 409))
    def post(self, request: Request, number: str) -> Json:
        """Put picked pieces back that lie in no parcel and cannot leave, and pick others for them, first
        expired first. Damaged ones are set aside also where no others are there: pick again once more has
        come in."""
        told = self.taken(SwapBody).validated_data
        row = held(self, number)
        packing.swap_picked(
            shipment=row,
            lot=_picked_lot(row, told),
            pieces=told["quantity"],
            damaged=told["damaged"],
            reason=told["reason"],
            by=self.by,
            now=self.now,
        )
        return answer_of(self, number)


def held(door: PartnerDoor, number: str) -> Shipment:
    """The shipment of this order, held with it until the call ends: what is asked of it stays true."""
    row = seen(door).filter(order__number=number[:32]).first()
    if row is None:
        raise Missing()
    return locked(row)[1]


def _mind_packed(row: Shipment) -> None:
    """Packed again under another key is another parcel: refused where there is nothing for it."""
    order = row.order
    if order.trade_mode not in SEVERAL and row.parcels.exclude(state="cancelled").exists():
        raise packing.Packed()
    begun = row.state in packing.TO_PACK
    if begun and not packing.to_pack(order, row) and not inventory.lacking(holder=row.event_key):
        raise packing.NothingToPack()


def _lots(row: Shipment, lines: list[dict[str, Any]]) -> dict[int, int]:
    """Lot → pieces; a line that names no picked lot is named."""
    found: Counter[int] = Counter()
    for number, one in enumerate(lines, start=1):
        with line(number):
            found[_picked_lot(row, one).pk] += one["quantity"]
    return found


def _picked_lot(row: Shipment, one: dict[str, Any]) -> Lot:
    """The one that is named of those that are picked and lie in no parcel; raises Missing, SeveralLists."""
    picked = {pick.lot_id for pick in inventory.in_hand(holder=row.event_key)}
    lots = Lot.objects.filter(pk__in=picked).select_related("stock__variant", "stock__warehouse")
    return inventory.named_lot(lots, sku=one["sku"], code=one["lot"], listed=one["inbound_list"])

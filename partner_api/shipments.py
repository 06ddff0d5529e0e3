"""Shipments as a warehouse sees them: what is to be picked of which lot, and the parcels it lies in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from inventory.models import Pick, Reservation
from kernel.documents import Text, answers, in_path
from logistics.models import Parcel, ParcelLine, Shipment, TrackingEvent
from logistics.services.shipments import SEVERAL
from logistics.services.tracking import AFTER_RELEASE_ONLY, released
from logistics.states import SHIPMENT, WAYBILL
from logistics.vocabulary import Code
from orders.models import OrderLine
from partner_api.changes import Changed, ChangeQuery, Changes
from partner_api.door import Json, PartnerDoor, marked
from partner_api.pages import Sparse, paged

READ, WRITE = "fulfilment:read", "fulfilment:write"
NUMBER = in_path("number", "number of the order 订单号")


class ShipmentQuery(ChangeQuery):
    """Which shipments."""

    state = serializers.ChoiceField(SHIPMENT.states, required=False, default="")
    warehouse = serializers.SlugField(required=False, default="", max_length=40)
    waybill = serializers.CharField(
        required=False, default="", max_length=40, help_text="the one whose parcel bears this number now"
    )


class LotOfOut(serializers.Serializer[Any]):
    """Pieces of one lot."""

    lot = serializers.CharField(allow_blank=True)
    inbound_list = serializers.CharField(allow_null=True, help_text="核注清单编号")
    expires_on = serializers.DateField(allow_null=True)
    quantity = serializers.IntegerField()


class ToPickOut(serializers.Serializer[Any]):
    """A SKU of the order: how many pieces are to leave, and of which lots they were picked."""

    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField(help_text="to leave; what was refunded meanwhile is not in it")
    lots = serializers.ListField(
        child=LotOfOut(), help_text="picked, first expired first; empty before it is picked"
    )


class InParcelOut(LotOfOut):
    """Pieces of one lot that lie in a parcel."""

    sku = serializers.CharField()


class TrackedOut(serializers.Serializer[Any]):
    """One thing that was told of a parcel."""

    at = serializers.DateTimeField()
    code = serializers.ChoiceField(Code.choices)
    text = serializers.CharField(allow_blank=True, help_text="names and numbers in it are masked")


class ParcelOut(serializers.Serializer[Any]):
    """A parcel and its waybill 运单."""

    id = serializers.UUIDField()
    order = serializers.CharField(help_text="number of its order")
    carrier = serializers.CharField()
    waybill = serializers.CharField(allow_null=True, help_text="none until the carrier has given it")
    state = serializers.ChoiceField(WAYBILL.states)
    trouble = serializers.CharField(allow_null=True, help_text="why the carrier refused")
    weight_g = serializers.IntegerField(allow_null=True, help_text="by the scales; none: not weighed")
    expected_g = serializers.IntegerField(help_text="what its goods and its packing weigh")
    left_at = serializers.DateTimeField(allow_null=True)
    latest = serializers.ChoiceField(Code.choices, allow_null=True, help_text="where it is by what was told")
    latest_at = serializers.DateTimeField(allow_null=True)
    lines = serializers.ListField(child=InParcelOut())


class WholeParcelOut(ParcelOut):
    """A parcel with its way."""

    events = serializers.ListField(child=TrackedOut(), help_text="the oldest first")


class ShipmentOut(Sparse):
    """A shipment; with `fields` those alone."""

    number = serializers.CharField(help_text="of the order")
    state = serializers.ChoiceField(SHIPMENT.states)
    changed_at = serializers.DateTimeField()
    warehouse = serializers.CharField()
    trade_mode = serializers.CharField(help_text="1210, 9610, 1239 or 0110")
    several_parcels = serializers.BooleanField(help_text="general trade alone; else it is one parcel")
    released = serializers.BooleanField(
        allow_null=True, help_text="放行, before which bonded goods stay; none: not asked for"
    )
    ship_by = serializers.DateField(allow_null=True, help_text="the promised day")
    opened_at = serializers.DateTimeField()
    dispatched_at = serializers.DateTimeField(allow_null=True)
    handed_over_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    lines = serializers.ListField(child=ToPickOut())
    parcels = serializers.ListField(child=ParcelOut())


class WholeShipmentOut(ShipmentOut):
    """A shipment, its parcels with their way."""

    parcels = serializers.ListField(child=WholeParcelOut())


# A shipment is told of under its order.
LIST = Changes("shipments", kind="order", by="order__number", shape=ShipmentOut)


class Shipments(PartnerDoor):
    """Shipments, in the order in which they last changed."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[ShipmentQuery], responses=answers(200, paged(ShipmentOut), 422))
    def get(self, request: Request) -> Json:
        """Shipments, in the order in which they last changed, without the parcels' way. `next` stands also at
        the end: ask again with it for what changes from now on."""
        asked = self.asked(ShipmentQuery).validated_data
        rows = seen(self)
        if asked["state"]:
            rows = rows.filter(state=asked["state"])
        if asked["warehouse"]:
            rows = rows.filter(warehouse=self.warehouse(asked["warehouse"]))
        if asked["waybill"]:
            bears = Parcel.objects.filter(storefront=self.storefront, waybill=asked["waybill"])
            rows = rows.filter(pk__in=bears.exclude(state="cancelled").values("shipment"))
        return LIST.page(asked, LIST.behind(self, asked, rows), partial(shown, way=False))


class OneShipment(PartnerDoor):
    """A shipment."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[NUMBER], responses=answers(200, WholeShipmentOut))
    def get(self, request: Request, number: str) -> Json:
        """The shipment of an order: what is to be picked of which lot, parcels and their way; its ETag."""
        return answer_of(self, number)


def seen(door: PartnerDoor) -> QuerySet[Shipment]:
    """The shipments of the warehouses that the partner serves."""
    return Shipment.objects.filter(storefront=door.storefront, warehouse__in=door.warehouses())


def answer_of(door: PartnerDoor, number: str, status: int = 200) -> Json:
    """The shipment of this order as it stands, with its mark."""
    (row,) = shown([LIST.one(door, number, seen(door))], way=True)
    return marked(row, status=status)


def shown(changes: Sequence[Changed], *, way: bool) -> list[dict[str, Any]]:
    """These shipments in their order; as many statements for one as for a hundred."""
    found = Shipment.objects.select_related("order", "warehouse").in_bulk([one.pk for one in changes])
    goods, parcels = _goods(found), parcels_of(Parcel.objects.filter(shipment__in=list(found)), way=way)
    told = released([row.order for row in found.values()])
    return [
        {
            "number": row.number,
            "state": row.state,
            "changed_at": one.at,
            "warehouse": row.warehouse.code,
            "trade_mode": row.order.trade_mode,
            "several_parcels": row.order.trade_mode in SEVERAL,
            "released": row.number in told if row.order.trade_mode in AFTER_RELEASE_ONLY else None,
            "ship_by": row.ship_by,
            "opened_at": row.opened_at,
            "dispatched_at": row.dispatched_at,
            "handed_over_at": row.handed_over_at,
            "delivered_at": row.delivered_at,
            "lines": goods[row.event_key],
            "parcels": parcels[row.pk],
        }
        for one in changes
        for row in (found[one.pk],)
    ]


def _goods(shipments: dict[int, Shipment]) -> dict[str, list[dict[str, Any]]]:
    """By holder what is held for it, or has left, and the lots of that."""
    held = Reservation.objects.filter(holder__in=[row.event_key for row in shipments.values()])
    held = held.exclude(state=Reservation.State.RELEASED).select_related("stock__variant")
    names = {
        (line.order_id, line.variant_id): line
        for line in OrderLine.objects.filter(order__in=[row.order_id for row in shipments.values()])
    }
    orders = {row.event_key: row.order_id for row in shipments.values()}
    picked: dict[int, list[dict[str, Any]]] = defaultdict(list)
    picks = Pick.objects.filter(reservation__in=held, put_back_at=None).select_related("lot")
    for one in picks.order_by("reservation", "pk"):
        picked[one.reservation_id].append(_lot(one.lot, one.quantity))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in held.order_by("holder", "stock_id"):
        variant = row.stock.variant
        line = names[orders[row.holder], variant.pk]
        name = {"zh": line.name_zh, "en": line.name}
        told = {"sku": line.sku, "name": name, "quantity": row.quantity, "lots": picked[row.pk]}
        found[row.holder].append(told)
    return found


def parcels_of(found: QuerySet[Parcel], *, way: bool) -> dict[int, list[dict[str, Any]]]:
    """By shipment its parcels in the order in which they were packed, with their way if it is asked for."""
    rows = list(found.select_related("shipment").order_by("pk"))
    ids = [row.pk for row in rows]
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    inside = ParcelLine.objects.filter(parcel__in=ids).select_related("line", "lot")
    for one in inside.order_by("line__position", "pk"):
        lines[one.parcel_id].append({"sku": one.line.sku, **_lot(one.lot, one.quantity)})
    events: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for told in TrackingEvent.objects.filter(parcel__in=ids if way else []):
        events[told.parcel_id].append({"at": told.at, "code": told.code, "text": told.text})
    by_shipment: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        shown = {
            "id": str(row.public_id),
            "order": row.shipment.number,
            "carrier": row.carrier,
            "waybill": row.waybill or None,
            "state": row.state,
            "trouble": row.trouble or None,
            "weight_g": row.weighed_g,
            "expected_g": row.expected_g,
            "left_at": row.left_at,
            "latest": row.latest or None,
            "latest_at": row.latest_at,
            "lines": lines[row.pk],
        }
        by_shipment[row.shipment_id].append({**shown, "events": events[row.pk]} if way else shown)
    return by_shipment


def _lot(lot: Any, quantity: int) -> dict[str, Any]:
    return {
        "lot": lot.code,
        "inbound_list": lot.inbound_list or None,
        "expires_on": lot.expires_on,
        "quantity": quantity,
    }

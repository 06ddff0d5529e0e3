"""Where an order's parcels are, when they should arrive, and that the consumer has them (确认收货)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import Text, answers, in_path
from kernel.throttle import Limit
from logistics import queries as logistics
from logistics.queries import ParcelSeen, Point
from logistics.services.receipt import confirm_receipt
from logistics.states import SHIPMENT
from logistics.vocabulary import Code
from miniprogram_api.door import Door, Json
from orders import queries as orders

CODES = [code.value for code in Code]
SAID_BY = ["carrier", "usual"]
RECEIVED_BY = ["consumer", "days", "wechat"]
NUMBER = in_path("number", "of the order")


class PointOut(serializers.Serializer[Any]):
    """One thing that happened on the way; `text` is in the carrier's own words, telephones masked."""

    at = serializers.DateTimeField()
    code = serializers.ChoiceField(CODES)
    says = Text()
    text = serializers.CharField(allow_blank=True)


class CarrierOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="as WeChat's logistics plug-in knows it (物流查询插件)")
    name = Text()


class ArrivalOut(serializers.Serializer[Any]):
    """预计送达: both days included; no promise."""

    first = serializers.DateField()
    last = serializers.DateField()
    said_by = serializers.ChoiceField(SAID_BY, help_text="the carrier, or the usual days of such a way")


class ParcelPiece(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()


class ParcelOut(serializers.Serializer[Any]):
    """A parcel with its way, the newest first."""

    carrier = CarrierOut()
    waybill = serializers.CharField()
    latest = PointOut(allow_null=True, help_text="what was told last; null before anything was")
    arrival = ArrivalOut(allow_null=True, help_text="null where nobody can say, or when it has arrived")
    handed_over_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    pieces = ParcelPiece(many=True)
    way = PointOut(many=True)


class ReceiptOut(serializers.Serializer[Any]):
    """确认收货."""

    at = serializers.DateTimeField()
    by = serializers.ChoiceField(
        RECEIVED_BY, help_text="the consumer here, the days after delivery, or at WeChat"
    )


class ParcelsOut(serializers.Serializer[Any]):
    """`state` is null until the order was paid; `receipt_due_at` is when receipt confirms itself."""

    state = serializers.ChoiceField(SHIPMENT.states, allow_null=True)
    may_confirm = serializers.BooleanField()
    receipt_due_at = serializers.DateTimeField(allow_null=True)
    receipt = ReceiptOut(allow_null=True)
    parcels = ParcelOut(many=True)


class OrderParcels(Door):
    """订单物流."""

    @extend_schema(
        operation_id="order_parcels",
        tags=["orders"],
        parameters=[NUMBER],
        responses=answers(200, ParcelsOut, 401, 404),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """The parcels of an order that have a waybill, as they were packed; none yet is an empty list."""
        seen = logistics.on_its_way(orders.order(customer_id=self.own.customer_id, number=number), self.now)
        receipt = {"at": seen.receipt_at, "by": seen.receipt_by} if seen.receipt_at else None
        return Json(
            {
                "state": seen.state or None,
                "may_confirm": seen.may_confirm,
                "receipt_due_at": seen.receipt_due_at,
                "receipt": receipt,
                "parcels": [_told(one) for one in seen.parcels],
            }
        )


class OrderReceipt(Door):
    """确认收货."""

    limits = {"POST": Limit("receipts", 120, 3600)}

    @extend_schema(
        operation_id="confirm_receipt",
        tags=["orders"],
        parameters=[NUMBER],
        request=None,
        responses=answers(200, ReceiptOut, 401, 404, 409, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Confirm that the goods are here; a second time answers as the first."""
        order = orders.order(customer_id=self.own.customer_id, number=number)
        row = confirm_receipt(order=order, now=self.now)
        return Json({"at": row.receipt_at, "by": row.receipt_by})


def _told(one: ParcelSeen) -> dict[str, Any]:
    arrival = one.arrival
    return {
        "carrier": {"code": one.carrier.code, "name": {"zh": one.carrier.name_zh, "en": one.carrier.name}},
        "waybill": one.waybill,
        "latest": _point(one.way[0]) if one.way else None,
        "arrival": arrival and {"first": arrival.first, "last": arrival.last, "said_by": arrival.said_by},
        "handed_over_at": one.handed_over_at,
        "delivered_at": one.delivered_at,
        "pieces": [
            {"sku": piece.sku, "name": {"zh": piece.name_zh, "en": piece.name}, "quantity": piece.quantity}
            for piece in one.pieces
        ],
        "way": [_point(point) for point in one.way],
    }


def _point(point: Point) -> dict[str, Any]:
    return {"at": point.at, "code": point.code, "says": _says(point.code), "text": point.text}


def _says(code: str) -> dict[str, str]:
    zh, _, en = str(Code(code).label).partition(" · ")
    return {"zh": zh, "en": en}

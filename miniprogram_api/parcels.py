"""Where an order's parcels are: carrier, waybill, what was told on the way, and when they should arrive."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from logistics import queries as logistics
from logistics.queries import ParcelSeen
from logistics.states import SHIPMENT
from logistics.vocabulary import Code
from miniprogram_api.documents import Text, answers, in_path
from miniprogram_api.door import Door, Json
from orders import queries as orders

CODES = [code.value for code in Code]


class PointOut(serializers.Serializer[Any]):
    """One thing that happened on the way, in the carrier's words."""

    at = serializers.DateTimeField()
    code = serializers.ChoiceField(CODES)
    says = Text()
    text = serializers.CharField(allow_blank=True)


class CarrierOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="as WeChat's logistics plug-in knows it (物流查询插件)")
    name = Text()


class ParcelOut(serializers.Serializer[Any]):
    """A parcel with its way, the newest first."""

    carrier = CarrierOut()
    waybill = serializers.CharField()
    state = serializers.ChoiceField(SHIPMENT.states)
    expected_on = serializers.DateField(allow_null=True, help_text="estimated arrival; no promise")
    handed_over_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    way = PointOut(many=True)


class ParcelsOut(serializers.Serializer[Any]):
    parcels = ParcelOut(many=True)


class OrderParcels(Door):
    """订单物流."""

    @extend_schema(
        operation_id="order_parcels",
        tags=["orders"],
        parameters=[in_path("number", "of the order")],
        responses=answers(200, ParcelsOut, 401, 404),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """The parcels of an order that have a waybill; none yet is an empty list."""
        row = orders.order(customer_id=self.own.customer_id, number=number)
        return Json({"parcels": [_told(one) for one in logistics.parcels_of(row)]})


def _told(one: ParcelSeen) -> dict[str, Any]:
    return {
        "carrier": {"code": one.carrier.code, "name": {"zh": one.carrier.name_zh, "en": one.carrier.name}},
        "waybill": one.waybill,
        "state": one.state,
        "expected_on": one.expected_on,
        "handed_over_at": one.handed_over_at,
        "delivered_at": one.delivered_at,
        "way": [
            {"at": point.at, "code": point.code, "says": _says(point.code), "text": point.text}
            for point in one.way
        ],
    }


def _says(code: str) -> dict[str, str]:
    zh, _, en = str(Code(code).label).partition(" · ")
    return {"zh": zh, "en": en}

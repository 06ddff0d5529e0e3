"""To whom and where a paid order goes, mended while it can be cancelled; the whole address or nothing."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customers.services.addresses import AddressText
from kernel.documents import answers
from kernel.throttle import Limit
from miniprogram_api.addresses import ConsigneeIn
from miniprogram_api.door import Door, Json
from miniprogram_api.orders import NUMBER, ConsigneeOut, consignee_told
from orders import queries as orders
from orders.services.mend_address import mend_address


class OrderAddressOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    consignee = ConsigneeOut()


class OrderAddress(Door):
    """修改收货信息."""

    limits = {"PUT": Limit("order_address", 30, 3600)}

    @extend_schema(
        operation_id="mend_order_address",
        tags=["orders"],
        parameters=[NUMBER],
        request=ConsigneeIn,
        responses=answers(200, OrderAddressOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def put(self, request: Request, number: str) -> HttpResponse:
        """Send a paid order elsewhere, until `cancellable_until`; the same address again is the same.

        The price stays: an address whose freight is another, or to which the warehouse does not deliver, is
        refused, and the order can be cancelled and placed anew. The address book stays as it is.
        """
        row = orders.order(customer_id=self.own.customer_id, number=number)
        text = AddressText(**self.taken(ConsigneeIn).validated_data)
        mend_address(number=row.number, text=text, by="consumer", now=self.now)
        row = orders.order(customer_id=self.own.customer_id, number=number)
        return Json({"number": row.number, "consignee": consignee_told(row)})

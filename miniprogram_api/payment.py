"""Paying: the parameters for `wx.requestPayment`, and asking WeChat once the client has come back."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customers import queries as customers
from kernel.documents import answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.orders import NUMBER, OrderState
from orders import queries as orders
from orders.models import Order
from payments.models import Payment
from payments.services.query import query
from payments.services.start import start_payment

CALLS = Limit("payment", 60, 60)
OPEN = ("created", "prepared")


class PaymentParameters(serializers.Serializer[Any]):
    """Hand these to `wx.requestPayment` as they are."""

    timeStamp = serializers.CharField()
    nonceStr = serializers.CharField()
    package = serializers.CharField()
    signType = serializers.ChoiceField(["RSA"])
    paySign = serializers.CharField()


class StartPayment(Door):
    """发起支付."""

    own_transaction = frozenset({"POST"})
    limits = {"POST": CALLS}

    @extend_schema(
        operation_id="start_payment",
        tags=["orders"],
        parameters=[NUMBER],
        request=None,
        responses=answers(200, PaymentParameters, 401, 404, 409, 429, 502),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Prepare the payment at WeChat. After a 503 the same call may be made again: it is one payment."""
        row = order_of(self, number)
        openid = customers.openid(self.customer())
        return Json(start_payment(order=row, openid=openid, now=self.now))


class SyncPayment(Door):
    """支付结果查询."""

    own_transaction = frozenset({"POST"})
    limits = {"POST": CALLS}

    @extend_schema(
        operation_id="sync_payment",
        tags=["orders"],
        parameters=[NUMBER],
        request=None,
        responses=answers(200, OrderState, 401, 404, 429, 502),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Ask WeChat whether the money has come, instead of waiting for its notification."""
        row = order_of(self, number)
        if row.state in ("placed", "closing"):
            for payment in list(Payment.objects.filter(order=row, state__in=OPEN)):
                query(payment=payment, now=self.now)
            row = order_of(self, number)
        return Json({"number": row.number, "state": row.state})


def order_of(door: Door, number: str) -> Order:
    """The caller's order, read outside a transaction; raises Missing."""
    return orders.order(customer_id=door.own.customer_id, number=number)

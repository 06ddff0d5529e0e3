"""What the user centre counts: badges, each in one statement, whatever the customer has bought."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance.models import PayerCheck
from kernel.documents import answers
from logistics.stages import STAGES, counts
from miniprogram_api.door import Door, Json
from orders import queries as orders
from orders.models import Order
from returns import queries as returns
from reviews import queries as reviews


class StageCounts(serializers.Serializer[Any]):
    """Orders by stage, as `GET /orders?stage=` lists them."""

    to_pay = serializers.IntegerField(help_text="待付款")
    to_ship = serializers.IntegerField(help_text="待发货")
    on_the_way = serializers.IntegerField(help_text="待收货")
    received = serializers.IntegerField()
    over = serializers.IntegerField()


class SummaryOut(serializers.Serializer[Any]):
    orders = StageCounts()
    payers_to_name = serializers.IntegerField(help_text="paid orders whose payer can still be named")
    to_review = serializers.IntegerField(help_text="待评价, lines of orders")
    returns_open = serializers.IntegerField(help_text="退换/售后")
    coupons = serializers.IntegerField(help_text="usable now")
    cart_lines = serializers.IntegerField()


class MySummary(Door):
    """个人中心数字."""

    @extend_schema(operation_id="my_summary", tags=["me"], responses=answers(200, SummaryOut, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """How many orders are in each stage, and what else waits for the customer; seven statements."""
        who = self.own.customer_id
        found = counts(customer_id=who)
        held = orders.held_counts(customer_id=who, now=self.now)
        open_orders = Order.objects.filter(customer_id=who, state="paid", gate=Order.Gate.BEFORE_LIST)
        to_name = PayerCheck.objects.filter(
            state="different", deadline_at__gt=self.now, order_number__in=open_orders.values("number")
        )
        return Json(
            {
                "orders": {stage: found[stage] for stage in STAGES},
                "payers_to_name": to_name.count(),
                "to_review": reviews.open_lines(who).count(),
                "returns_open": returns.open_count(customer_id=who),
                **held,
            }
        )

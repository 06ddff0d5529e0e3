"""Why an order costs what it costs: the published prices and the public promotion from which it follows."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers
from miniprogram_api.door import Door, Json
from miniprogram_api.orders import NUMBER
from orders import queries as orders
from orders.price_proof import PriceProof, ProvedLine, price_proof


class PublishedPrice(serializers.Serializer[Any]):
    """What was told to everyone, of one piece, tax excluded."""

    price_fen = serializers.IntegerField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True, help_text="of a price cut")


class ProvedLineOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    goods_fen = serializers.IntegerField(help_text="as charged, of the whole line")
    list_price = PublishedPrice(allow_null=True)
    price_cut = PublishedPrice(allow_null=True, help_text="the public cut in force when the quote was made")
    derived = serializers.BooleanField(help_text="what was charged follows from what was published")


class PriceProofOut(serializers.Serializer[Any]):
    """The proof: goods, instant and coupon terms go in, nothing about the person does."""

    number = serializers.CharField()
    quoted_at = serializers.DateTimeField()
    lines = ProvedLineOut(many=True)
    coupon_fen = serializers.IntegerField(help_text="what the coupon's public terms give, 0 without one")
    discount_fen = serializers.IntegerField(help_text="what was taken off")
    derived = serializers.BooleanField(help_text="the whole price of the goods follows from what was public")


class OrderPrice(Door):
    """价格依据."""

    @extend_schema(
        operation_id="order_price",
        tags=["orders"],
        parameters=[NUMBER],
        responses=answers(200, PriceProofOut, 401, 404),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """From which published price and public promotion each line of an order follows."""
        found = orders.order(customer_id=self.own.customer_id, number=number)
        return Json(_shown(price_proof(found)))


def _shown(proof: PriceProof) -> dict[str, Any]:
    return {
        "number": proof.number,
        "quoted_at": proof.quoted_at,
        "lines": [_line(line) for line in proof.lines],
        "coupon_fen": proof.coupon_fen,
        "discount_fen": proof.discount_fen,
        "derived": proof.holds,
    }


def _line(line: ProvedLine) -> dict[str, Any]:
    price, cut = (line.public.price, line.public.cut) if line.public else (None, None)
    return {
        "sku": line.sku,
        "quantity": line.quantity,
        "goods_fen": line.goods_fen,
        "list_price": price
        and {"price_fen": price.price_fen, "since": price.starts_at, "until": price.ends_at},
        "price_cut": cut and {"price_fen": cut.price_fen, "since": cut.starts_at, "until": cut.ends_at},
        "derived": line.holds,
    }

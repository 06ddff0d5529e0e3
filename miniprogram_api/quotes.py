"""What a basket costs, to the fen and by kind, and whether the law lets it pass."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance.law import Law
from compliance.notice import GROUNDS, return_exclusion
from kernel.documents import Text, answers, in_path
from kernel.throttle import Limit
from miniprogram_api.cart import shown_cart
from miniprogram_api.door import Door, Json
from miniprogram_api.pictured import Shown, pictured
from miniprogram_api.sayings import AN_ID, AN_OBJECT, ONE_OF_TWO
from miniprogram_api.ways_out import RefusalOut, with_ways
from orders import queries as orders
from orders.models import Amounts, Quote
from orders.services.quote import MAX_LINES, MAX_QUANTITY, Wanted, make_quote


class WantedLine(serializers.Serializer[Any]):
    default_error_messages = {"invalid": AN_OBJECT}

    sku = serializers.CharField(max_length=64)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)


class QuoteIn(serializers.Serializer[Any]):
    """Either `lines`, or `"cart": true` for all that is valid in the cart. Without `address_id` the default
    address is taken."""

    lines = serializers.ListField(child=WantedLine(), required=False, min_length=1, max_length=MAX_LINES)
    cart = serializers.BooleanField(required=False)
    address_id = serializers.UUIDField(required=False, allow_null=True, error_messages={"invalid": AN_ID})
    coupon_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="`id` of a claim", error_messages={"invalid": AN_ID}
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two ways to name the goods, not both."""
        if bool(attrs.get("lines")) == bool(attrs.get("cart")):
            raise serializers.ValidationError(str(ONE_OF_TWO))
        return attrs


class ReturnExclusionOut(serializers.Serializer[Any]):
    """What the consumer may confirm of a line, and never has to: the 7-day return is then given up."""

    ground = serializers.ChoiceField(GROUNDS)
    version = serializers.CharField(help_text="of the wording")
    sha256 = serializers.CharField(help_text="of the wording, in both languages")
    text = Text()
    confirmed = serializers.BooleanField(help_text="never beforehand: show an empty box")


class TaxedLine(serializers.Serializer[Any]):
    """One line with every share that it carries, in fen, of the whole line."""

    sku = serializers.CharField()
    name = Text()
    hs_code = serializers.CharField()
    quantity = serializers.IntegerField()
    list_price_fen = serializers.IntegerField(help_text="of one piece")
    price_fen = serializers.IntegerField(help_text="of one piece, after a public price cut")
    goods_fen = serializers.IntegerField()
    price_cut_fen = serializers.IntegerField()
    coupon_fen = serializers.IntegerField()
    freight_fen = serializers.IntegerField()
    duty_fen = serializers.IntegerField(help_text="关税")
    vat_fen = serializers.IntegerField(help_text="增值税")
    excise_fen = serializers.IntegerField(help_text="消费税")
    tax_fen = serializers.IntegerField()
    return_exclusion = ReturnExclusionOut(
        allow_null=True, help_text="七日无理由退货例外; null where the law gives no ground: always returnable"
    )


class ShownLine(TaxedLine, Shown):
    """The same with its picture."""


class AmountsOut(serializers.Serializer[Any]):
    """total = goods + freight + tax − coupon. A price cut has lowered the goods, and so the tax; a coupon
    pays a part and lowers no tax."""

    list_goods_fen = serializers.IntegerField()
    price_cut_fen = serializers.IntegerField()
    goods_fen = serializers.IntegerField()
    freight_fen = serializers.IntegerField()
    coupon_fen = serializers.IntegerField()
    duty_fen = serializers.IntegerField()
    vat_fen = serializers.IntegerField()
    excise_fen = serializers.IntegerField()
    tax_fen = serializers.IntegerField()
    total_fen = serializers.IntegerField()


class WarehouseOut(serializers.Serializer[Any]):
    name = Text()


class QuoteOut(serializers.Serializer[Any]):
    """The price that an order on this token will have until `expires_at`."""

    token = serializers.UUIDField()
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    trade_mode = serializers.ChoiceField(["1210", "9610", "1239"])
    warehouse = WarehouseOut()
    ship_by = serializers.DateField(
        allow_null=True,
        help_text="day of hand-over to the carrier, as the warehouse works, if paid now",
    )
    over_limit = serializers.BooleanField(help_text="one piece above the limit, taxed in full")
    address_id = serializers.UUIDField(allow_null=True)
    coupon_id = serializers.UUIDField(allow_null=True)
    lines = ShownLine(many=True)
    amounts = AmountsOut()
    refusals = RefusalOut(many=True)
    placeable = serializers.BooleanField(help_text="nothing speaks against an order but the risk notice")
    obstacles = serializers.ListField(
        child=serializers.ChoiceField(["refused", "address_needed", "expired", "used"])
    )
    order = serializers.CharField(allow_null=True, help_text="the order placed on this quote")


class Quotes(Door):
    """确认订单."""

    sells = frozenset({"POST"})
    limits = {"POST": Limit("quotes", 120, 60)}

    @extend_schema(
        operation_id="make_quote",
        tags=["orders"],
        request=QuoteIn,
        responses=answers(201, QuoteOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request) -> HttpResponse:
        """Price a basket. Refusals of law are listed in the quote, each with its citation."""
        wanted = self.taken(QuoteIn).validated_data
        if wanted.get("cart"):
            basket = [Wanted(line["sku"], line["quantity"]) for line in shown_cart(self)["lines"]]
        else:
            basket = [Wanted(line["sku"], line["quantity"]) for line in wanted["lines"]]
        made = make_quote(
            customer=self.customer(),
            wanted=basket,
            address_id=wanted.get("address_id"),
            coupon_claim_id=wanted.get("coupon_id"),
            now=self.now,
        )
        return Json(quote_shown(self, made, None), 201)


class QuoteView(Door):
    """报价."""

    sells = frozenset({"GET"})

    @extend_schema(
        operation_id="quote",
        tags=["orders"],
        parameters=[in_path("token", "of the quote", OpenApiTypes.UUID)],
        responses=answers(200, QuoteOut, 401, 404),
    )
    def get(self, request: Request, token: UUID) -> HttpResponse:
        """A quote as it was made."""
        found = orders.quote(customer_id=self.own.customer_id, token=token)
        return Json(quote_shown(self, found, orders.number_of(found)))


def taxed_line(line: dict[str, Any], day: date) -> dict[str, Any]:
    """A line of a quote or an order as JSON; wordings are those of `day`, on which it was quoted."""
    list_fen = line["list_price_fen"] * line["quantity"]
    return {
        "sku": line["sku"],
        "name": {"zh": line["name_zh"], "en": line["name"]},
        "hs_code": line["hs_code"],
        "quantity": line["quantity"],
        "list_price_fen": line["list_price_fen"],
        "price_fen": line["price_fen"],
        "goods_fen": line["goods_fen"],
        "price_cut_fen": list_fen - line["goods_fen"],
        "coupon_fen": line["discount_fen"],
        "freight_fen": line["freight_fen"],
        "duty_fen": line["duty_fen"],
        "vat_fen": line["vat_fen"],
        "excise_fen": line["excise_fen"],
        "tax_fen": line["duty_fen"] + line["vat_fen"] + line["excise_fen"],
        "return_exclusion": _exclusion(line, day),
    }


def _exclusion(line: dict[str, Any], day: date) -> dict[str, Any] | None:
    ground = line["return_exclusion"]
    if not ground:
        return None
    wording = return_exclusion(Law(day), ground)
    return {
        "ground": ground,
        "version": wording.version,
        "sha256": wording.sha256,
        "text": {"zh": " ".join(wording.zh), "en": " ".join(wording.en)},
        "confirmed": bool(line.get("exclusion_hash")),
    }


def amounts(row: Amounts, lines: list[dict[str, Any]]) -> dict[str, int]:
    """The sums of a quote or an order as JSON, the two kinds of reduction apart."""
    price_cut_fen = sum(line["price_cut_fen"] for line in lines)
    return {
        "list_goods_fen": row.goods_fen + price_cut_fen,
        "price_cut_fen": price_cut_fen,
        "goods_fen": row.goods_fen,
        "freight_fen": row.freight_fen,
        "coupon_fen": row.discount_fen,
        "duty_fen": row.duty_fen,
        "vat_fen": row.vat_fen,
        "excise_fen": row.excise_fen,
        "tax_fen": row.tax_fen,
        "total_fen": row.total_fen,
    }


def quote_shown(door: Door, quote: Quote, order: str | None) -> dict[str, Any]:
    """A quote as JSON; `order` is the number of the one placed on it."""
    shown = pictured(door, (line["sku"] for line in quote.lines))
    lines = [taxed_line(line, quote.day) | shown[line["sku"]] for line in quote.lines]
    speaking_against = {
        "refused": bool(quote.refusals),
        "address_needed": quote.address is None or quote.address.removed_at is not None,
        "expired": quote.expires_at <= door.now,
        "used": order is not None,
    }
    obstacles = [name for name, holds in speaking_against.items() if holds]
    return {
        "token": quote.token,
        "made_at": quote.made_at,
        "expires_at": quote.expires_at,
        "trade_mode": quote.trade_mode,
        "warehouse": {"name": {"zh": quote.warehouse.name_zh, "en": quote.warehouse.name}},
        "ship_by": quote.ship_by,
        "over_limit": quote.over_limit,
        "address_id": quote.address.public_id if quote.address else None,
        "coupon_id": quote.claim.public_id if quote.claim else None,
        "lines": lines,
        "amounts": amounts(quote, lines),
        "refusals": with_ways(quote.refusals, quote.day),
        "placeable": not obstacles,
        "obstacles": obstacles,
        "order": order,
    }

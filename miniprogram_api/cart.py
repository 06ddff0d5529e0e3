"""The cart at present prices: what can be bought, what cannot any more, and the sums of what can."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog import queries as catalog
from catalog.queries import PricedVariant
from customers import queries as customers
from inventory import queries as inventory
from inventory.queries import Offer
from kernel.clock import shanghai_day
from kernel.documents import Text, answers, in_path
from kernel.errors import Missing
from kernel.throttle import Limit
from miniprogram_api import shelf
from miniprogram_api.door import Door, Json
from orders import queries as orders
from orders.queries import CartItem
from orders.services.allocation import one_order
from orders.services.apart import Apart, CannotShipTogether, Line, RegionRefused, TooHeavy
from orders.services.cart import put
from orders.services.quote import NotForSale

CHANGES = Limit("cart", 600, 600)
SKU = in_path("sku", "of the variant")
GONE, SOLD_OUT, TOO_FEW = "off_sale", "sold_out", "too_few"


class CartLineIn(serializers.Serializer[Any]):
    """How many pieces the cart shall hold; 0 takes the line out."""

    quantity = serializers.IntegerField(min_value=0, max_value=99)


class CartLineOut(serializers.Serializer[Any]):
    """A line at its present price. `valid` says that it could be ordered as it stands, else `why` not."""

    sku = serializers.CharField()
    product = serializers.CharField()
    name = Text()
    brand = Text()
    options = serializers.DictField(child=serializers.DictField(child=serializers.CharField()))
    thumbnail_url = serializers.CharField(allow_null=True)
    quantity = serializers.IntegerField()
    price_fen = serializers.IntegerField()
    list_price_fen = serializers.IntegerField()
    amount_fen = serializers.IntegerField()
    in_stock = serializers.BooleanField()
    left = serializers.IntegerField(allow_null=True)
    valid = serializers.BooleanField()
    why = serializers.ChoiceField([GONE, SOLD_OUT, TOO_FEW], allow_null=True)


class ShortOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    wanted = serializers.IntegerField()
    available = serializers.IntegerField(required=False, help_text="pieces that can be ordered")
    at_most = serializers.IntegerField(required=False, help_text="pieces that fit one parcel")


class GroupOut(serializers.Serializer[Any]):
    """Goods that can be one order."""

    warehouse = serializers.CharField()
    trade_mode = serializers.ChoiceField(["1210", "9610", "1239"])
    skus = serializers.ListField(child=serializers.CharField())


class ApartOut(serializers.Serializer[Any]):
    """Why the valid lines are no single order to the default address: what can be ordered together, and what
    cannot be ordered as it stands. `POST /quotes` of the cart answers the same."""

    code = serializers.ChoiceField([one.code for one in (CannotShipTogether, TooHeavy, RegionRefused)])
    text = Text()
    groups = GroupOut(many=True)
    short = ShortOut(many=True)
    heavy = ShortOut(many=True)
    undelivered = serializers.ListField(child=serializers.CharField())


class CartOut(serializers.Serializer[Any]):
    """`lines` can be bought, or could with fewer pieces; `invalid` are gone. Sums are of the valid lines,
    without tax and freight."""

    lines = CartLineOut(many=True)
    invalid = CartLineOut(many=True)
    pieces = serializers.IntegerField()
    goods_fen = serializers.IntegerField()
    list_goods_fen = serializers.IntegerField()
    apart = ApartOut(allow_null=True, help_text="null: the valid lines can be one order")


class CartView(Door):
    """购物车."""

    sells = frozenset({"GET"})

    @extend_schema(operation_id="cart", tags=["cart"], responses=answers(200, CartOut, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """The cart at present prices and availability."""
        return Json(shown_cart(self))


class CartLineView(Door):
    """购物车商品."""

    sells = frozenset({"PUT", "DELETE"})
    limits = {"PUT": CHANGES, "DELETE": CHANGES}

    @extend_schema(
        operation_id="put_in_cart",
        tags=["cart"],
        parameters=[SKU],
        request=CartLineIn,
        responses=answers(200, CartOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def put(self, request: Request, sku: str) -> HttpResponse:
        """Set the number of pieces of a SKU; the whole cart as it is then."""
        quantity = self.taken(CartLineIn).validated_data["quantity"]
        try:
            put(customer=self.customer(), sku=sku, quantity=quantity, now=self.now)
        except NotForSale as failure:
            raise Missing() from failure  # no such SKU in this storefront
        return Json(shown_cart(self))

    @extend_schema(
        operation_id="take_out_of_cart",
        tags=["cart"],
        parameters=[SKU],
        responses=answers(200, CartOut, 401, 404, 429),
    )
    def delete(self, request: Request, sku: str) -> HttpResponse:
        """Take a SKU out; the whole cart as it is then. Raises 404 for a SKU that is not in it."""
        if all(item.sku != sku for item in orders.cart(customer_id=self.own.customer_id)):
            raise Missing()
        put(customer=self.customer(), sku=sku, quantity=0, now=self.now)
        return Json(shown_cart(self))


def shown_cart(door: Door) -> dict[str, Any]:
    """The caller's cart as JSON, in five statements."""
    held = orders.cart(customer_id=door.own.customer_id)
    priced = catalog.priced_variants(door.shop.id, [item.sku for item in held], door.now) if held else {}
    ids = [variant.variant_id for variant in priced.values()]
    offers = (
        inventory.offers(
            storefront_id=door.shop.id,
            variant_ids=ids,
            trade_modes=door.shop.trade_modes,
            day=shanghai_day(door.now),
        )
        if ids
        else []
    )
    at_hand = Counter[int]()
    for offer in offers:
        at_hand.update(offer.available)
    lines = [
        _line(item, priced[item.sku], at_hand[priced[item.sku].variant_id])
        for item in held
        if item.sku in priced
    ]
    valid = [line for line in lines if line["valid"]]
    return {
        "lines": [line for line in lines if line["why"] in (None, TOO_FEW)],
        "invalid": [line for line in lines if line["why"] in (GONE, SOLD_OUT)],
        "pieces": sum(line["quantity"] for line in valid),
        "goods_fen": sum(line["amount_fen"] for line in valid),
        "list_goods_fen": sum(line["list_price_fen"] * line["quantity"] for line in valid),
        "apart": _apart(door, valid, priced, offers) if valid else None,
    }


def _apart(
    door: Door, valid: list[dict[str, Any]], priced: dict[str, PricedVariant], offers: list[Offer]
) -> dict[str, Any] | None:
    wanted = [(priced[line["sku"]], line["quantity"]) for line in valid]
    try:
        one_order(
            offers=offers,
            lines=[Line(v.variant_id, v.sku, v.weight_g, quantity) for v, quantity in wanted],
            province=customers.default_province(door.own.customer_id),
            goods_fen=sum(line["amount_fen"] for line in valid),
            now=door.now,
        )
    except Apart as told:
        lists = {name: getattr(told, name) for name in ("groups", "short", "heavy", "undelivered")}
        return {"code": told.code, "text": {"zh": told.text("zh"), "en": told.text("en")}, **lists}
    return None


def _line(item: CartItem, variant: PricedVariant, pieces: int) -> dict[str, Any]:
    why = None
    if not variant.on_sale:
        why = GONE
    elif pieces <= 0:
        why = SOLD_OUT
    elif pieces < item.quantity:
        why = TOO_FEW
    thumbnail = variant.thumbnail_path
    return {
        "sku": item.sku,
        "product": variant.product_code,
        "name": {"zh": variant.name_zh, "en": variant.name_en},
        "brand": {"zh": variant.brand_zh, "en": variant.brand_en},
        "options": variant.options,
        "thumbnail_url": f"{settings.MEDIA_URL}{thumbnail}" if thumbnail else None,
        "quantity": item.quantity,
        "price_fen": variant.price_fen,
        "list_price_fen": variant.list_price_fen,
        "amount_fen": variant.price_fen * item.quantity,
        **shelf.shown(pieces),
        "valid": why is None,
        "why": why,
    }

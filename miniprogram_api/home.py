"""The first page of the mini-program, block by block as the storefront has furnished it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import APPID, Picture, Text, answers
from miniprogram_api.door import Door, Json
from miniprogram_api.products import Card, with_stock
from miniprogram_api.shop import PREVIEW, PREVIEWED, ShopStorefront, apart, looked_at, storefront
from shopfront import queries as shopfront
from shopfront.form import LINKS, PAGES
from shopfront.services.previews import check_preview
from storefronts.queries import Shop


class Link(serializers.Serializer[Any]):
    """Where a touch leads."""

    kind = serializers.ChoiceField(LINKS)
    code = serializers.CharField(
        allow_blank=True,
        help_text="of product, category or brand; the words to search for; or the page: " + ", ".join(PAGES),
    )


class BannerItem(serializers.Serializer[Any]):
    picture = Picture()
    link = Link()
    says = Text()


class BannerBlock(serializers.Serializer[Any]):
    """Large pictures, one after the other."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(["banner"])
    items = BannerItem(many=True)


class GridItem(serializers.Serializer[Any]):
    picture = Picture(allow_null=True)
    name = Text()
    link = Link()


class GridBlock(serializers.Serializer[Any]):
    """Small pictures with names, so many in a row."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(["grid"])
    columns = serializers.IntegerField(min_value=2, max_value=5)
    items = GridItem(many=True)


class ProductsBlock(serializers.Serializer[Any]):
    """Products; `more` leads to all of their kind."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(["products"])
    title = Text()
    layout = serializers.ChoiceField(["rail", "grid", "list"])
    more = Link(allow_null=True)
    items = Card(many=True)


class TextBlock(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(["text"])
    title = Text()
    paragraphs = Text(many=True)


class CouponsBlock(serializers.Serializer[Any]):
    """Here the mini-program lists the coupons that can be claimed, as `GET /coupons` tells the customer."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(["coupons"])
    title = Text()


BLOCKS = PolymorphicProxySerializer(
    component_name="Block",
    serializers={
        "banner": BannerBlock,
        "grid": GridBlock,
        "products": ProductsBlock,
        "text": TextBlock,
        "coupons": CouponsBlock,
    },
    resource_type_field_name="kind",
    many=True,
)


@extend_schema_field(BLOCKS)
class Blocks(serializers.ListField):
    """The blocks in their order."""


class HomeOut(serializers.Serializer[Any]):
    storefront = ShopStorefront()
    blocks = Blocks()


class Home(Door):
    """首页."""

    audience = "storefront"
    sells = frozenset({"GET"})

    @classmethod
    def admit(cls, request: HttpRequest, shop: Shop, now: datetime) -> None:
        """Who furnishes the shop sees its draft while others are told of the maintenance."""
        if (token := request.GET.get(PREVIEW)) is None:
            super().admit(request, shop, now)
        else:
            check_preview(token=token, storefront_id=shop.id, now=now)

    @extend_schema(
        operation_id="home",
        tags=["shelves"],
        parameters=[APPID, PREVIEWED],
        responses=answers(200, HomeOut, 401, 404, 422, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """What the first page shows."""
        _, content = looked_at(self, request)
        blocks = shopfront.blocks(self.shop.id, content, now=self.now)
        rails = [block for block in blocks if block["kind"] == "products"]
        for block in rails:
            block["items"] = with_stock(block["items"], self.shop.id)
        skus = [sku for block in rails for card in block["items"] for sku in card["skus"]]
        return apart(request, Json({"storefront": storefront(self.shop), "blocks": blocks}, skus=skus))

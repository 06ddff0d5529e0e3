"""The first page of the mini-program: the storefront, its shelves, what is new and what sells."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog import queries as catalog
from kernel.documents import APPID, Text, answers
from miniprogram_api.door import Door, Json
from miniprogram_api.products import BrandOut, Card, CardBrand, with_stock

SHOWN = 8


class HomeStorefront(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = Text()
    trade_modes = serializers.ListField(child=serializers.ChoiceField(["1210", "9610", "1239"]))


class HomeOut(serializers.Serializer[Any]):
    storefront = HomeStorefront()
    categories = CardBrand(many=True)
    brands = BrandOut(many=True)
    newest = Card(many=True)
    popular = Card(many=True)


class Home(Door):
    """首页."""

    audience = "storefront"

    @extend_schema(
        operation_id="home",
        tags=["shelves"],
        parameters=[APPID],
        responses=answers(200, HomeOut, 404, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """What the first page shows."""
        shop = self.shop
        newest, popular = (
            with_stock(catalog.products(shop.id, now=self.now, sort=sort, limit=SHOWN).items, shop.id)
            for sort in ("newest", "sold")
        )
        body = {
            "storefront": {
                "code": shop.code,
                "name": {"zh": shop.name_zh, "en": shop.name},
                "trade_modes": shop.trade_modes,
            },
            "categories": [{"code": c["code"], "name": c["name"]} for c in catalog.categories(shop.id)],
            "brands": catalog.brands(shop.id),
            "newest": newest,
            "popular": popular,
        }
        return Json(body, skus=[sku for card in newest + popular for sku in card["skus"]])

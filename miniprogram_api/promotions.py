"""Promotions: what public price cuts are called, and until when; their goods are a list of products."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog import promotions as catalog
from kernel.documents import APPID, Text, answers, in_path
from miniprogram_api.door import Door, Json


class PromotionOut(serializers.Serializer[Any]):
    """Public price cuts of one name. Its goods: `GET /products?promotion=` with its code."""

    code = serializers.CharField()
    name = Text()
    starts_at = serializers.DateTimeField(help_text="when the first of its cuts begins")
    ends_at = serializers.DateTimeField(help_text="when the last of them ends")


class PromotionList(serializers.Serializer[Any]):
    items = PromotionOut(many=True)


class Promotions(Door):
    """促销活动."""

    sells = frozenset({"GET"})
    audience = "storefront"

    @extend_schema(
        operation_id="promotions",
        tags=["shelves"],
        parameters=[APPID],
        responses=answers(200, PromotionList, 404, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """The promotions that run or are announced, the first to end first."""
        return Json({"items": catalog.promotions(self.shop.id, now=self.now)})


class Promotion(Door):
    """促销活动详情."""

    sells = frozenset({"GET"})
    audience = "storefront"

    @extend_schema(
        operation_id="promotion",
        tags=["shelves"],
        parameters=[APPID, in_path("code", "of the promotion")],
        responses=answers(200, PromotionOut, 404, 429),
        auth=[],
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """A promotion that runs or is announced."""
        return Json(catalog.promotion(self.shop.id, code, now=self.now))

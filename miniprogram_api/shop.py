"""What the mini-program is to look like, and whether it serves: the one page that is always answered."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import APPID, Picture, Text, answers
from miniprogram_api.door import Door, Json
from shopfront import queries as shopfront
from shopfront.form import TABS
from shopfront.services.previews import check_preview
from storefronts.queries import Shop

PREVIEW = "preview"
PREVIEWED = OpenApiParameter(
    PREVIEW,
    OpenApiTypes.STR,
    description="a token from the admin: the draft is answered, and nobody keeps it",
)
_COLOUR = r"^#[0-9a-f]{6}$"


class ShopStorefront(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = Text()
    trade_modes = serializers.ListField(child=serializers.ChoiceField(["1210", "9610", "1239"]))


class Look(serializers.Serializer[Any]):
    """Colours, shapes and what the shop is called. Ink on page and surface, and `on_primary` on `primary`,
    have a contrast of at least 4.5, accent on surface of 3."""

    primary = serializers.RegexField(_COLOUR, help_text="buttons and what is chosen")
    on_primary = serializers.RegexField(_COLOUR, help_text="words on `primary`")
    accent = serializers.RegexField(_COLOUR, help_text="prices, badges")
    page = serializers.RegexField(_COLOUR, help_text="background of a page")
    ink = serializers.RegexField(_COLOUR, help_text="text")
    surface = serializers.RegexField(_COLOUR, help_text="background of a card")
    corner = serializers.ChoiceField(["square", "soft", "round"])
    card = serializers.ChoiceField(["flat", "outline", "shadow"])
    logo = Picture(allow_null=True)
    wordmark = Text(help_text="shown where there is no logo")
    slogan = Text(help_text="may be empty")


class Tab(serializers.Serializer[Any]):
    tab = serializers.ChoiceField(TABS)
    text = Text()
    icon = serializers.CharField(allow_null=True, help_text="an address of a picture; null: your own")
    icon_selected = serializers.CharField(allow_null=True)


class ShopNotice(serializers.Serializer[Any]):
    """A notice that holds now."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(["info", "warning"])
    text = Text()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of Python's."""
        times = {name: serializers.DateTimeField(allow_null=True) for name in ("from", "until")}
        return {**super().get_fields(), **times}


class CustomerService(serializers.Serializer[Any]):
    """Whom a consumer can ask; either may be empty."""

    phone = serializers.CharField(allow_blank=True)
    hours = Text()


class Maintenance(serializers.Serializer[Any]):
    text = Text()
    until = serializers.DateTimeField(allow_null=True, help_text="expected end")


class ShopOut(serializers.Serializer[Any]):
    storefront = ShopStorefront()
    version = serializers.IntegerField(help_text="of the look; 0 before one was published")
    look = Look()
    tabs = Tab(many=True, help_text="the four, in this order")
    notices = ShopNotice(many=True)
    search_words = Text(many=True, help_text="popular searches")
    customer_service = CustomerService()
    minimum_version = serializers.CharField(allow_null=True, help_text="older ones are answered 426")
    maintenance = Maintenance(allow_null=True)


class ShopView(Door):
    """店铺外观与营业状态."""

    audience = "storefront"
    any_version = True

    @extend_schema(
        operation_id="shop",
        tags=["shelves"],
        parameters=[APPID, PREVIEWED],
        responses=answers(200, ShopOut, 401, 404, 422, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """Look, tabs, notices, search words, customer service, minimum version and maintenance."""
        shop, serving = self.shop, self.shop.serving
        number, content = looked_at(self, request)
        text = dict(zip(("zh", "en"), serving.maintenance, strict=True)) if serving.maintenance else None
        return apart(
            request,
            Json(
                {
                    "storefront": storefront(shop),
                    "version": number,
                    **shopfront.shell(content, now=self.now),
                    "minimum_version": serving.minimum_version or None,
                    "maintenance": {"text": text, "until": serving.until} if text else None,
                }
            ),
        )


def storefront(shop: Shop) -> dict[str, Any]:
    """What every page calls the shop."""
    name = {"zh": shop.name_zh, "en": shop.name}
    return {"code": shop.code, "name": name, "trade_modes": shop.trade_modes}


def looked_at(door: Door, request: Request) -> tuple[int, dict[str, Any]]:
    """What consumers see; for who brings a token from the admin the draft. Raises PreviewOver."""
    shop, token = door.shop, request.query_params.get(PREVIEW)
    names = shop.name_zh, shop.name
    if token is None:
        return shopfront.published(shop.id, names)
    check_preview(token=token, storefront_id=shop.id, now=door.now)
    return shopfront.drafted(shop.id, names)


def apart(request: Request, answer: Json) -> Json:
    """A draft is nobody's to keep."""
    if PREVIEW in request.query_params:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer

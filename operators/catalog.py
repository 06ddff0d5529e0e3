"""The catalogue as merchandisers see it: to look up, to publish, to price; every change by its services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html

from catalog.models import Media, Variant
from catalog.services import price_changes, prices, publication
from compliance.kinds import eaten, for_adults
from compliance.law import Law
from kernel.clock import now, shanghai_day
from operators import goods_import, readiness
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.goods_bulk import Bulk
from operators.goods_pictures import PICTURES, shown
from operators.goods_steps import CUSTOMS
from operators.lists import Listed
from operators.scope import SELLERS
from operators.steps import Stepped
from storefronts.services import ask_for_gate


@register("catalog.Category")
class CategoryAdmin(Scoped):
    """The shelves."""

    list_display = ("code", "name_zh", "name_en", "parent", "position", "storefront")
    list_select_related = ("parent", "storefront")
    search_fields = ("code__startswith", "name_zh", "name_en")
    ordering = ("storefront", "position", "code")


@register("catalog.Brand")
class BrandAdmin(Scoped):
    """The labels under which the storefront sells."""

    list_display = ("code", "name_zh", "name_en", "origin_country", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("code__startswith", "name_zh", "name_en")
    ordering = ("storefront", "code")


@register("catalog.Product")
class ProductAdmin(Bulk, Stepped, Listed):
    """Products with their state; published and withdrawn from here."""

    writers = SELLERS
    hidden = ("search",)
    list_display = (
        "picture",
        "code",
        "name_zh",
        "name_en",
        "category",
        "brand",
        "from_price_fen",
        "state",
        "sold_count",
        "storefront",
    )
    list_select_related = ("category", "brand", "storefront")
    list_filter = (states("state"), "published_at")
    search_fields = ("code__startswith", "name_zh", "name_en", "variants__sku__startswith")
    list_display_links = ("code",)
    ordering = ("-id",)
    actions = ("publish", "withdraw", "edit_many", "price_many")
    steps = PICTURES
    change_form_outer_before_template = "operators/goods_checks.html"
    change_form_outer_after_template = "operators/stock_story.html"

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        told = {"checks": readiness.of_product(row), "story": shown(row)} if row else {}
        return super().changeform_view(request, object_id, form_url, {**told, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        first = Media.objects.filter(product=OuterRef("pk")).order_by("position").values("thumbnail_path")[:1]
        rows: QuerySet[Any] = super().get_queryset(request).defer("search")
        return rows.annotate(thumbnail=Subquery(first))  # type: ignore[no-any-return]

    @admin.display(description=say("图片", "picture"))
    def picture(self, row: Any) -> Any:
        if not row.thumbnail:
            return "-"
        return format_html(
            '<img src="{}{}" alt="" loading="lazy" width="40" height="40" class="goods-picture in-list">',
            settings.MEDIA_URL,
            row.thumbnail,
        )

    @admin.action(description=say("上架", "Publish"), permissions=["write"])
    def publish(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(
            request,
            rows,
            lambda p: publication.publish(storefront_id=p.storefront_id, code=p.code, now=now()),
        )

    @admin.action(description=say("下架", "Withdraw"), permissions=["write"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(
            request,
            rows,
            lambda p: publication.withdraw(storefront_id=p.storefront_id, code=p.code, now=now()),
        )


@register("catalog.Variant")
class VariantAdmin(Bulk, Stepped, Listed):
    """What can be bought, with what customs must know of it; its price is changed here."""

    writers = SELLERS
    editable = ("price_fen",)
    list_display = (
        "sku",
        "product",
        "price_fen",
        "hs_code",
        "origin_iso",
        "weight_g",
        "customs_confirmed",
        "active",
        "storefront",
    )
    list_select_related = ("product", "storefront")
    list_filter = ("active", "customs_confirmed", "is_food", "adult_only", "exclusion_ruled_out")
    search_fields = ("sku__startswith", "bar_code__exact", "hs_code__startswith", "product__name_zh")
    ordering = ("-id",)
    actions = ("edit_many", "price_many", "take_home", "ask_for_gate")
    steps = (CUSTOMS,)
    change_form_outer_before_template = "operators/goods_checks.html"
    change_form_outer_after_template = "operators/stock_story.html"

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        shown = {"checks": readiness.of_variant(row), "story": [readiness.prices_of(row)]} if row else {}
        return super().changeform_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def __init__(self, model: Any, site: Any) -> None:
        super().__init__(model, site)
        self.documents |= {"is_food": "food", "adult_only": "adults"}

    @admin.display(description=say("食品（按规则）", "food, as the rules see it"))
    def food(self, row: Variant) -> Any:
        return _judged(row.is_food, eaten, row.hs_code)

    @admin.display(description=say("仅限成年人（按规则）", "for adults alone, as the rules see it"))
    def adults(self, row: Variant) -> Any:
        return _judged(row.adult_only, for_adults, row.hs_code)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        prices.set_price(
            storefront_id=self.checked_storefront(request, obj),
            sku=obj.sku,
            price_fen=form.cleaned_data["price_fen"],
            now=now(),
        )

    @admin.action(description=say("导出为 XLSX（可再导入）", "Export as XLSX, to be imported again"))
    def take_home(self, request: HttpRequest, rows: QuerySet[Any]) -> Any:
        return goods_import.taken_home(request, rows, "xlsx")

    @admin.action(description=say("申请合规放行", "Ask compliance to open the gate"), permissions=["write"])
    def ask_for_gate(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """Goods behind the gate (GATE-1) are sold once a colleague has said yes to the item."""
        self.act(
            request,
            rows,
            lambda v: ask_for_gate(
                storefront=v.storefront, what=f"sku:{v.sku}", by=request.user.get_username(), now=now()
            ),
        )


def _judged(marked: bool, kind: Callable[..., bool], hs_code: str) -> Any:
    """Yes or no as a rule would say it today, and what says so: the commodity code or the item's own mark."""
    law = Law(shanghai_day(now()))
    if kind(marked=False, hs_code=hs_code, law=law):
        return say("是：按商品编码", "yes, by its commodity code")
    return say("是：按商品标注", "yes, by its own mark") if marked else say("否", "no")


@register("catalog.PublicPrice")
class PublicPriceAdmin(Scoped):
    """What was told to everyone of prices, and when: the history on which the proof of a price rests."""

    hidden = ("ends",)
    list_display = ("variant", "kind", "price_fen", "told_at", "starts_at", "ends_at", "storefront")
    list_select_related = ("variant", "storefront")
    list_filter = (states("kind"), "starts_at")
    search_fields = ("variant__sku__startswith",)
    ordering = ("-id",)


@register("catalog.PriceCut")
class PriceCutAdmin(Scoped):
    """Public price cuts (公开降价): announced here, ended here, never rewritten."""

    writers = SELLERS
    addable = ("variant", "price_fen", "starts_at", "ends_at", "name_zh", "name_en", "promotion")
    autocomplete_fields = ("variant",)
    list_display = (
        "variant",
        "price_fen",
        "starts_at",
        "ends_at",
        "name_zh",
        "name_en",
        "promotion",
        "storefront",
    )
    list_select_related = ("variant", "storefront")
    list_filter = ("starts_at", "ends_at")
    search_fields = ("variant__sku__startswith", "name_zh", "name_en", "promotion__startswith")
    ordering = ("-id",)
    actions = ("end",)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.storefront_id = obj.variant.storefront_id
        obj.pk = prices.cut_price(
            storefront_id=self.checked_storefront(request, obj),
            sku=obj.variant.sku,
            now=now(),
            **{name: form.cleaned_data[name] for name in self.addable if name != "variant"},
        ).pk

    @admin.action(description=say("立即结束", "End now"), permissions=["write"])
    def end(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(
            request, rows, lambda c: prices.end_cut(storefront_id=c.storefront_id, cut_id=c.pk, now=now())
        )


@register("catalog.PriceChange")
class PriceChangeAdmin(Listed):
    """List prices that are to come, came, or were called off (定时调价)."""

    writers = SELLERS
    list_display = ("variant", "from_fen", "price_fen", "starts_at", "state", "asked_by", "storefront")
    list_select_related = ("variant", "storefront")
    list_filter = (states("state"), "starts_at")
    search_fields = ("variant__sku__startswith", "batch__exact")
    ordering = ("-id",)
    actions = ("call_off",)

    @admin.action(description=say("取消未生效的", "Call off what is not in force"), permissions=["write"])
    def call_off(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(
            request,
            rows,
            lambda c: price_changes.cancel(
                storefront_id=c.storefront_id, changes=[c.pk], by=request.user.get_username(), now=now()
            ),
        )


@register("catalog.Media")
class MediaAdmin(Scoped):
    """The pictures of a product."""

    list_display = ("path", "product", "width", "height", "position", "storefront")
    list_select_related = ("product", "storefront")
    search_fields = ("product__code__startswith",)
    ordering = ("-id",)


@register("catalog.CatalogVersion")
class CatalogVersionAdmin(Scoped):
    """How often the catalogue was changed."""

    list_display = ("storefront", "version")
    list_select_related = ("storefront",)

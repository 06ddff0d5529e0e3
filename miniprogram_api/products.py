"""The shelves: categories, brands, lists, search, detail. Everyone sees the same, so the pages are kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog import queries as catalog
from compliance.notice import GROUNDS
from inventory import queries as inventory
from inventory.queries import NextLot
from kernel.clock import shanghai_day
from kernel.documents import APPID, Picture, Text, answers, in_path
from miniprogram_api import shelf
from miniprogram_api.door import Door, Json
from miniprogram_api.reviews import ReviewSummary, summary_shown
from reviews import queries as reviews

AT_MOST_FEN = 10**12


class CategoryOut(serializers.Serializer[Any]):
    """A category with what lies below it."""

    code = serializers.CharField()
    name = Text()
    children = serializers.ListField(child=serializers.DictField(), help_text="categories of the same shape")


class CategoryTree(serializers.Serializer[Any]):
    items = CategoryOut(many=True)


class BrandOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = Text()
    origin_country = serializers.CharField()


class BrandList(serializers.Serializer[Any]):
    items = BrandOut(many=True)


class CardBrand(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = Text()


class Card(serializers.Serializer[Any]):
    """A product in a list. Prices are without tax; `left` is told where ten pieces or fewer are left."""

    code = serializers.CharField()
    name = Text()
    subtitle = Text()
    brand = CardBrand()
    category = serializers.CharField()
    price_fen = serializers.IntegerField(help_text="the lowest present price of its variants")
    list_price_fen = serializers.IntegerField(help_text="of that variant, before a public price cut")
    price_varies = serializers.BooleanField()
    skus = serializers.ListField(child=serializers.CharField())
    picture = Picture(allow_null=True)
    in_stock = serializers.BooleanField()
    left = serializers.IntegerField(allow_null=True)


class ProductPage(serializers.Serializer[Any]):
    items = Card(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class Cut(serializers.Serializer[Any]):
    name = Text()
    ends_at = serializers.DateTimeField()
    promotion = serializers.CharField(allow_null=True, help_text="`code` of the promotion it is part of")


class LotOut(serializers.Serializer[Any]):
    """批次: of which the next piece that is sold would be; what is sent may be of a later one."""

    code = serializers.CharField(allow_blank=True, help_text="批号")
    produced_on = serializers.DateField(allow_null=True, help_text="生产日期")
    expires_on = serializers.DateField(allow_null=True, help_text="保质期至")
    near_expiry = serializers.BooleanField(help_text="临期")


class Origin(serializers.Serializer[Any]):
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2")
    name = Text()


class Content(serializers.Serializer[Any]):
    value = serializers.CharField()
    unit = serializers.ChoiceField(["ml", "g", "piece"])


class ListingOut(serializers.Serializer[Any]):
    """What the positive list (正面清单) says today of the goods' commodity code."""

    remark = serializers.CharField(allow_blank=True, help_text="备注, in Chinese")
    only_modes = serializers.ListField(
        child=serializers.CharField(), help_text="trade modes that the remark leaves; empty for all"
    )
    grams_per_year = serializers.IntegerField(
        allow_null=True, help_text="what one person may buy in a calendar year, with all goods of the group"
    )


class ExclusionOffered(serializers.Serializer[Any]):
    """On what ground the consumer may be asked, when ordering, to give up the return within seven days."""

    ground = serializers.ChoiceField(GROUNDS)
    text = Text(help_text="what would be confirmed then; nobody has to")


class TaxOut(serializers.Serializer[Any]):
    """进口税: rates in percent, and the tax of one piece that is bought alone, freight left out."""

    composite_rate = serializers.CharField(
        allow_null=True,
        help_text="跨境电商综合税税率: all that is levied; null where excise goes by quantity or tax is full",
    )
    duty_rate = serializers.CharField(help_text="关税")
    vat_rate = serializers.CharField(help_text="增值税, by law")
    excise_rate = serializers.CharField(help_text="消费税, by law; 0: none falls due")
    excise_by_quantity = serializers.BooleanField(help_text="excise is levied by quantity (too)")
    levied_share = serializers.CharField(
        help_text="of VAT and excise; 100: one piece is above the single-transaction limit and taxed in full"
    )
    tax_fen = serializers.IntegerField()


class VariantOut(serializers.Serializer[Any]):
    """What can be bought, with what customs must know of it."""

    sku = serializers.CharField()
    options = serializers.DictField(child=serializers.DictField(child=serializers.CharField()))
    price_fen = serializers.IntegerField()
    list_price_fen = serializers.IntegerField()
    cut = Cut(allow_null=True)
    weight_g = serializers.IntegerField()
    bar_code = serializers.CharField(allow_blank=True)
    hs_code = serializers.CharField()
    origin = Origin()
    unit = serializers.CharField(help_text="申报计量单位, in Chinese")
    net_content = Content(allow_null=True)
    spec_zh = serializers.CharField()
    e_label_zh = serializers.CharField(allow_blank=True, help_text="中文电子标签")
    is_food = serializers.BooleanField(help_text="by its commodity code, or by its own mark")
    adult_only = serializers.BooleanField(
        help_text="sold to persons of 18 years and more, by its commodity code or by its own mark"
    )
    return_exclusion = ExclusionOffered(
        allow_null=True, help_text="七日无理由退货例外; null: always returnable within seven days"
    )
    listing = ListingOut(allow_null=True, help_text="null: not on the list, and not to be bought")
    tax = TaxOut(allow_null=True, help_text="null: it cannot be told before a quote")
    lot = LotOut(
        allow_null=True, help_text="a minute old at most; null: none in stock, or without lots and days"
    )
    in_stock = serializers.BooleanField()
    left = serializers.IntegerField(allow_null=True)


class ProductOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = Text()
    subtitle = Text()
    description = Text()
    brand = BrandOut()
    category = CardBrand()
    pictures = Picture(many=True)
    variants = VariantOut(many=True)
    reviews = ReviewSummary(help_text="a minute old at most")


class ProductQuery(serializers.Serializer[Any]):
    """Filters, order and place of a list."""

    category = serializers.CharField(max_length=60, required=False, allow_blank=True)
    brand = serializers.CharField(max_length=60, required=False, allow_blank=True)
    promotion = serializers.CharField(max_length=40, required=False, allow_blank=True)
    q = serializers.CharField(max_length=60, required=False, allow_blank=True, help_text="search words")
    min_price_fen = serializers.IntegerField(min_value=0, max_value=AT_MOST_FEN, required=False)
    max_price_fen = serializers.IntegerField(min_value=0, max_value=AT_MOST_FEN, required=False)
    sort = serializers.ChoiceField(sorted(catalog.SORTS), required=False)
    cursor = serializers.CharField(max_length=300, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=catalog.MAX_LIMIT, required=False)


LIST_PARAMETERS = tuple(ProductQuery().fields)


class Categories(Door):
    """分类."""

    sells = frozenset({"GET"})
    audience = "storefront"

    @extend_schema(
        operation_id="categories",
        tags=["shelves"],
        parameters=[APPID],
        responses=answers(200, CategoryTree, 404, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """The category tree."""
        return Json({"items": catalog.categories(self.shop.id)})


class Brands(Door):
    """品牌."""

    sells = frozenset({"GET"})
    audience = "storefront"

    @extend_schema(
        operation_id="brands",
        tags=["shelves"],
        parameters=[APPID],
        responses=answers(200, BrandList, 404, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """The storefront's brands."""
        return Json({"items": catalog.brands(self.shop.id)})


class Products(Door):
    """商品列表与搜索."""

    sells = frozenset({"GET"})
    audience = "storefront"

    @extend_schema(
        operation_id="products",
        tags=["shelves"],
        parameters=[APPID, ProductQuery],
        responses=answers(200, ProductPage, 404, 422, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """A page of products, filtered, searched and sorted; follow `next_cursor` for more."""
        wanted = self.asked(ProductQuery).validated_data
        page = catalog.products(self.shop.id, now=self.now, **wanted)
        items = with_stock(page.items, self.shop.id)
        skus = [sku for card in items for sku in card["skus"]]
        return Json({"items": items, "next_cursor": page.next_cursor}, skus=skus)


class Product(Door):
    """商品详情."""

    sells = frozenset({"GET"})
    audience = "storefront"

    @extend_schema(
        operation_id="product",
        tags=["shelves"],
        parameters=[APPID, in_path("code", "of the product")],
        responses=answers(200, ProductOut, 404, 429),
        auth=[],
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """A product with its variants, pictures and customs attributes."""
        found = catalog.product(self.shop.id, code, now=self.now)
        at_hand = shelf.present(self.shop.id)
        skus = [variant["sku"] for variant in found["variants"]]
        lots = inventory.next_lots(
            storefront_id=self.shop.id,
            skus=skus,
            trade_modes=self.shop.trade_modes,
            day=shanghai_day(self.now),
        )
        for variant in found["variants"]:
            variant.update(shelf.show([variant["sku"]], at_hand) | {"lot": _lot(lots.get(variant["sku"]))})
        found["reviews"] = summary_shown(reviews.summary(self.shop.id, code))
        return Json(found, skus=skus)


def _lot(lot: NextLot | None) -> dict[str, Any] | None:
    return asdict(lot) if lot and (lot.code or lot.produced_on or lot.expires_on) else None


def with_stock(cards: list[dict[str, Any]], storefront_id: int) -> list[dict[str, Any]]:
    """The cards, each with whether it can be bought now."""
    at_hand = shelf.present(storefront_id)
    return [card | shelf.show(card["skus"], at_hand) for card in cards]

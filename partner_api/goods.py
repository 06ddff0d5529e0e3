"""How goods are told to partners and by them: in the same fields, so that what was read may be sent back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from rest_framework import serializers

from catalog.models import PriceCut, Product, Variant
from catalog.services.publication import NoSuchProduct
from catalog.states import PRODUCT
from kernel.documents import Text
from partner_api.door import PartnerDoor

READ, WRITE = "catalogue:read", "catalogue:write"
MOST_VARIANTS: Final = 200
# What is told and not taken.
READ_ONLY: Final = frozenset({"state", "published_at", "present_price_fen", "cut"})
_TEXTS = ("name_zh", "name_en", "subtitle_zh", "subtitle_en", "description_zh", "description_en")
_AS_IT_IS = (
    *("sku", "options", "price_fen", "weight_g", "bar_code", "active", "hs_code", "unit", "legal_unit_1"),
    *("legal_unit_2", "net_content_unit", "spec_zh", "e_label_zh", "is_food", "adult_only"),
    *("return_exclusion", "classes", "exclusion_ruled_out", "customs_confirmed", "customs_note"),
)
_DECIMALS = ("legal_quantity_1", "legal_quantity_2", "net_content")


class Options(serializers.Serializer[Any]):
    """Names and values by language, in the same order."""

    zh = serializers.DictField(child=serializers.CharField(max_length=60), required=False)
    en = serializers.DictField(child=serializers.CharField(max_length=60), required=False)


def _may(kind: Any, what: str = "", **more: Any) -> Any:
    return kind(required=False, allow_null=True, help_text=what, **more)


def _text(longest: int, what: str = "") -> Any:
    return _may(serializers.CharField, what, allow_blank=True, max_length=longest)


class _OfProduct(serializers.Serializer[Any]):
    category = _text(60, "new product: code of its category")
    brand = _text(60, "new product: code of its brand")
    name_zh = _text(120, "new product")
    name_en = _text(160, "new product")
    subtitle_zh = _text(120)
    subtitle_en = _text(160)
    description_zh = _text(5000)
    description_en = _text(5000)


class VariantRow(serializers.Serializer[Any]):
    """One SKU of a product. Of a known one name what changes; of a new one all that is marked new."""

    sku = serializers.CharField(max_length=30)
    options = _may(Options)
    price_fen = _may(serializers.IntegerField, "new: list price, tax excluded", min_value=1)
    price_tax_included_fen = _may(serializers.IntegerField, "instead of it: with tax (包税)", min_value=1)
    weight_g = _may(serializers.IntegerField, "new: gross weight of one piece", min_value=1)
    bar_code = _text(20, "GTIN")
    active = _may(serializers.BooleanField)
    hs_code = _text(10, "new: 商品编码, 10 digits")
    origin = _text(2, "new: 原产国, ISO 3166-1 alpha-2")
    unit = _text(10, "new: 申报计量单位, code or name")
    legal_unit_1 = _text(10, "new: 法定第一计量单位")
    legal_quantity_1 = _text(20, "new: 法定第一数量 in one piece, a decimal")
    legal_unit_2 = _text(10)
    legal_quantity_2 = _text(20)
    net_content = _text(20, "净含量 of one piece, a decimal")
    net_content_unit = _text(5, "ml, g or piece")
    spec_zh = _text(250, "new: 规格型号")
    e_label_zh = _text(5000, "中文电子标签, without which nothing is shown")
    is_food = _may(serializers.BooleanField)
    adult_only = _may(serializers.BooleanField)
    return_exclusion = _text(12, "opened, activated, near_expiry or custom_made")
    classes = _may(serializers.ListField, child=serializers.CharField(max_length=40))
    exclusion_ruled_out = _may(serializers.BooleanField, "to say yes needs catalogue:classify")
    customs_confirmed = _may(serializers.BooleanField, "归类已确认; to say yes needs catalogue:classify")
    customs_note = _text(250, "what is still to be confirmed, where customs_confirmed is no")


class UpsertRow(_OfProduct, VariantRow):
    """One SKU. Of a known one name what changes; of a new one all that is marked new. Null empties."""

    product_code = _text(60, "new: which product it is a variant of, like rose-serum")


class ProductBody(_OfProduct):
    """A product and its variants, as you read it; what you leave out stays as it is."""

    variants = serializers.ListField(
        child=VariantRow(), required=False, max_length=MOST_VARIANTS, help_text="new product: at least one"
    )


class CutOut(serializers.Serializer[Any]):
    """A public price cut that holds now."""

    name = Text()
    price_fen = serializers.IntegerField()
    ends_at = serializers.DateTimeField()


class VariantOut(serializers.Serializer[Any]):
    """One SKU, with its prices (tax excluded) and what customs must know of it."""

    sku = serializers.CharField()
    product_code = serializers.CharField()
    options = Options()
    price_fen = serializers.IntegerField(help_text="list price, the one that you send")
    present_price_fen = serializers.IntegerField(help_text="what it costs now, a public price cut taken off")
    cut = CutOut(allow_null=True)
    weight_g = serializers.IntegerField()
    bar_code = serializers.CharField(allow_blank=True)
    active = serializers.BooleanField()
    hs_code = serializers.CharField(help_text="商品编码")
    origin = serializers.CharField(help_text="原产国, ISO 3166-1 alpha-2")
    unit = serializers.CharField(help_text="申报计量单位, customs unit code")
    legal_unit_1 = serializers.CharField()
    legal_quantity_1 = serializers.CharField(help_text="in one piece, a decimal")
    legal_unit_2 = serializers.CharField(allow_null=True)
    legal_quantity_2 = serializers.CharField(allow_null=True)
    net_content = serializers.CharField(allow_null=True, help_text="净含量 of one piece, a decimal")
    net_content_unit = serializers.ChoiceField(Variant.ContentUnit.values, allow_null=True)
    spec_zh = serializers.CharField(help_text="规格型号")
    e_label_zh = serializers.CharField(allow_blank=True, help_text="中文电子标签")
    is_food = serializers.BooleanField()
    adult_only = serializers.BooleanField()
    return_exclusion = serializers.ChoiceField(Variant.ReturnExclusion.values, allow_blank=True)
    classes = serializers.ListField(child=serializers.CharField())
    exclusion_ruled_out = serializers.BooleanField()
    customs_confirmed = serializers.BooleanField(help_text="归类已确认; else it is neither shown nor sold")
    customs_note = serializers.CharField(allow_blank=True)


class ProductOut(serializers.Serializer[Any]):
    """A product with its variants, in their order."""

    product_code = serializers.CharField()
    category = serializers.CharField()
    brand = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()
    subtitle_zh = serializers.CharField(allow_blank=True)
    subtitle_en = serializers.CharField(allow_blank=True)
    description_zh = serializers.CharField(allow_blank=True)
    description_en = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(PRODUCT.states)
    published_at = serializers.DateTimeField(allow_null=True, help_text="first publication")
    variants = VariantOut(many=True)


def product(door: PartnerDoor, code: str) -> dict[str, Any]:
    """A product of this storefront as it is told. Raises NoSuchProduct."""
    rows = Product.objects.filter(storefront=door.storefront, code=code)
    found = rows.select_related("category", "brand").defer("search").first()
    if found is None:
        raise NoSuchProduct(product=code[:80])
    return shown([found], door.now)[0]


def shown(rows: Sequence[Product], now: datetime) -> list[dict[str, Any]]:
    """Products as they are told; two statements, however many."""
    variants = list(Variant.objects.filter(product__in=rows).order_by("position", "id"))
    of: dict[int, list[Variant]] = defaultdict(list)
    for one in variants:
        of[one.product_id].append(one)
    cuts = cuts_of(variants, now)
    return [
        {
            "product_code": row.code,
            "category": row.category.code,
            "brand": row.brand.code,
            **{name: getattr(row, name) for name in _TEXTS},
            "state": row.state,
            "published_at": row.published_at,
            "variants": [variant(one, row.code, cuts.get(one.pk)) for one in of[row.pk]],
        }
        for row in rows
    ]


def cuts_of(variants: Sequence[Variant], now: datetime) -> dict[int, PriceCut]:
    held = PriceCut.objects.filter(variant__in=variants, starts_at__lte=now, ends_at__gt=now)
    return {cut.variant_id: cut for cut in held}


def variant(row: Variant, code: str, cut: PriceCut | None) -> dict[str, Any]:
    held = None
    if cut is not None:
        name = {"zh": cut.name_zh, "en": cut.name_en}
        held = {"name": name, "price_fen": cut.price_fen, "ends_at": cut.ends_at}
    return {
        **{name: getattr(row, name) for name in _AS_IT_IS},
        **{name: _decimal(getattr(row, name)) for name in _DECIMALS},
        "product_code": code,
        "origin": row.origin_iso,
        "present_price_fen": row.price_fen if cut is None else min(cut.price_fen, row.price_fen),
        "cut": held,
    }


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"

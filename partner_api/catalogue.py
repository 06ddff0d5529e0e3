"""Goods as an ERP or a broker sees and changes them: thousands at once, each row told apart."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.services.editing import UPSERT
from catalog.services.upserts import MOST
from kernel.documents import answers
from partner_api.door import Json, PartnerDoor
from partner_api.jobs import JobOut, queued
from partner_api.work import CLASSIFY
from partners.services import jobs

READ, WRITE = "catalogue:read", "catalogue:write"
MODES = ("rows", "whole")


class Options(serializers.Serializer[Any]):
    """Names and values by language, in the same order."""

    zh = serializers.DictField(child=serializers.CharField(max_length=60), required=False)
    en = serializers.DictField(child=serializers.CharField(max_length=60), required=False)


def _may(kind: Any, what: str = "", **more: Any) -> Any:
    return kind(required=False, allow_null=True, help_text=what, **more)


def _text(longest: int, what: str = "") -> Any:
    return _may(serializers.CharField, what, allow_blank=True, max_length=longest)


class UpsertRow(serializers.Serializer[Any]):
    """One SKU. Of a known one name what changes; of a new one all that is marked new. Null empties."""

    sku = serializers.CharField(max_length=30)
    product_code = _text(60, "new: which product it is a variant of, like rose-serum")
    category = _text(60, "new product: code of its category")
    brand = _text(60, "new product: code of its brand")
    name_zh = _text(120, "new product")
    name_en = _text(160, "new product")
    subtitle_zh = _text(120)
    subtitle_en = _text(160)
    description_zh = _text(5000)
    description_en = _text(5000)
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


class _Any(serializers.Field[Any, Any, Any, Any]):
    """Taken as it is: each row is judged by itself, by the worker."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class _Upserts(serializers.Serializer[Any]):
    rows = serializers.ListField(child=_Any(allow_null=True), allow_empty=False, max_length=MOST)
    mode = serializers.ChoiceField(MODES, required=False, default="rows")
    dry_run = serializers.BooleanField(required=False, default=False)


class UpsertBody(_Upserts):
    """Rows, one for each SKU."""

    rows = serializers.ListField(child=UpsertRow(), allow_empty=False, max_length=MOST)
    mode = serializers.ChoiceField(
        MODES,
        required=False,
        default="rows",
        help_text="rows: products without a fault are written; whole: nothing unless every row is good",
    )
    dry_run = serializers.BooleanField(required=False, default=False, help_text="only tell what would be")


class Upserts(PartnerDoor):
    """Goods in bulk."""

    scopes = {"POST": WRITE}

    @extend_schema(request=UpsertBody, responses=answers(202, JobOut, 404, 409, 413, 422))
    def post(self, request: Request) -> Json:
        """Add or change up to 10,000 SKUs. A worker does it: ask for the job at Location.

        A row that cannot be taken is refused by itself, with what stands against it; its product is written
        whole or not at all. The same rows a second time change nothing.
        """
        told = self.taken(_Upserts).validated_data
        arguments = {"mode": told["mode"], "dry_run": told["dry_run"], "classify": self.may(CLASSIFY)}
        job = jobs.ask(
            connection=self.connection,
            kind=UPSERT,
            name=f"{self.connection.name} (API)",
            content=request._request.body,
            arguments=arguments,
            by=self.by,
            now=self.now,
        )
        return queued(self, job)

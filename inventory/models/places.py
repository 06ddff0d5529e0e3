"""A place goods leave from, and under which trade mode."""

from __future__ import annotations

from datetime import time

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from catalog.models import Variant
from inventory.models.freight import FreightTemplate
from storefronts.models import Storefront

BONDED = ("1210", "1239")


class Warehouse(models.Model):
    """A place goods leave from, under one trade mode: it belongs to the stock, not to the product.

    A bonded one serves (is `active`) only with its customs area and account book.

    One house that serves several storefronts, or keeps goods under two modes, is a row for each: stock is
    owned by a storefront and declared under a mode, and neither is ever mixed.
    """

    class TradeMode(models.TextChoices):
        BONDED = "1210", "1210 网购保税进口 · bonded"
        DIRECT = "9610", "9610 直购进口 · direct mail"
        BONDED_A = "1239", "1239 网购保税进口A · bonded, by approval"
        DOMESTIC = "0110", "0110 一般贸易 · general trade, domestic: kept and not yet sold"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="warehouses")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    name_zh = models.CharField(max_length=100)
    trade_mode = models.CharField(max_length=4, choices=TradeMode.choices)
    customs_district = models.CharField(max_length=4, help_text="关区代码, customs district code")
    position = models.PositiveIntegerField(
        default=0, help_text="the lowest that can ship everything is chosen"
    )
    area_code = models.CharField(
        max_length=10, blank=True, default="", help_text="areaCode, 海关特殊监管区域代码, if bonded"
    )
    ems_no = models.CharField(
        max_length=20, blank=True, default="", help_text="emsNo, 账册编号, the account book, if bonded"
    )
    freight = models.ForeignKey(
        FreightTemplate,
        on_delete=models.PROTECT,
        related_name="warehouses",
        null=True,
        blank=True,
        help_text="without one carrying is free",
    )
    time_zone = models.CharField(max_length=40, default="Asia/Shanghai")
    weekdays = models.CharField(
        max_length=7,
        default="12345",
        validators=[RegexValidator("^[1-7]+$")],
        help_text="days of work, 1 Monday to 7 Sunday",
    )
    cut_off = models.TimeField(default=time(15), help_text="what is paid later counts from the next day")
    handling_days = models.PositiveSmallIntegerField(
        default=1, help_text="working days until the parcel is handed over"
    )
    parcel_limit_g = models.PositiveIntegerField(
        default=30000, help_text="one parcel per import list: what is heavier is refused at the quote"
    )
    packing_g = models.PositiveIntegerField(
        default=200, help_text="what carton and filling of a parcel weigh"
    )
    tolerance_g = models.PositiveIntegerField(
        default=50, help_text="by how much a parcel may differ from what its goods weigh, at least"
    )
    tolerance_percent = models.PositiveSmallIntegerField(
        default=3, help_text="of that weight, where this is more"
    )
    sender = models.CharField(
        max_length=100, blank=True, default="", help_text="company on the label; empty: the carrier account's"
    )
    hotline = models.CharField(
        max_length=20,
        blank=True,
        default="",
        validators=[RegexValidator("^[0-9-]{5,20}$")],
        help_text="the sender's telephone, no person's; empty: the carrier account's",
    )
    origin = models.CharField(
        max_length=6, blank=True, default="", help_text="division parcels leave from, with their street"
    )
    origin_place = models.CharField(
        max_length=120, blank=True, default="", help_text="street and house; empty: the carrier account's"
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "code"], name="warehouse_code"),
            models.CheckConstraint(
                name="warehouse_origin_whole",
                condition=Q(origin="", origin_place="") | ~Q(origin="") & ~Q(origin_place=""),
                violation_error_message="发货地区与发货地址须同时填写。 Division and street go together.",
            ),
            models.CheckConstraint(
                name="warehouse_of_a_book",
                condition=~Q(trade_mode__in=["1210", "1239"])
                | Q(active=False)
                | (~Q(area_code="") & ~Q(ems_no="") & ~Q(customs_district="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.trade_mode})"

    @property
    def bonded(self) -> bool:
        """Whether goods lie here under customs' eyes, in an account book."""
        return self.trade_mode in BONDED

    def tolerated_g(self, expected_g: int) -> int:
        """By how many grams a parcel of this weight may differ before someone looks into it."""
        return max(self.tolerance_g, expected_g * self.tolerance_percent // 100)


class WarehouseDay(models.Model):
    """A day on which a warehouse differs from its week: a holiday (放假), or a day made up for (调休上班)."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    works = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["warehouse", "day"], name="warehouse_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.warehouse} {self.day}"


class BookItem(models.Model):
    """商品备案: under which item of the account book a SKU lies in the bonded warehouses of that book."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="book")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    item_no = models.CharField(max_length=19, help_text="账册项号, item in the account book")
    record_no = models.CharField(max_length=30, help_text="商品备案料号, the filing's own number")
    filed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["warehouse", "variant"], name="book_item_of_sku"),
            models.UniqueConstraint(fields=["warehouse", "item_no"], name="book_item_no"),
        ]

    def __str__(self) -> str:
        return f"{self.item_no} {self.variant}"

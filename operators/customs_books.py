"""Account books (账册): what they hold beside what lies on the shelves, and what customs entered in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from customs.models import BookStock
from customs.services import book
from inventory.models import Warehouse
from inventory.models.places import BONDED
from kernel.clock import now
from operators.base import register
from operators.bilingual import say
from operators.filters import Switch
from operators.lists import Listed
from operators.scope import OFFICERS
from operators.steps import Step, Stepped
from operators.stock_forms import ReasonForm


class BookEntryForm(ReasonForm):
    """What customs entered or wrote off, and by which paper."""

    pieces = forms.IntegerField(
        label=say("核增核减件数", "pieces"),
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=say("核减填负数。", "Below zero where customs wrote pieces off."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    paper = forms.CharField(
        label=say("核注清单编号", "number of the list"), max_length=30, widget=UnfoldAdminTextInputWidget
    )
    field_order = ("pieces", "paper", "reason")


class DiffersFilter(Switch):
    """SKUs of which book and shelves do not say the same."""

    title = say("账实", "book and shelves")
    parameter_name = "differs"
    yes = say("账实不符", "they differ")

    @classmethod
    def question(cls) -> Q:
        return ~Q(difference=0)


class OverlistedFilter(Switch):
    """SKUs of which no list may go any more."""

    title = say("账册余量", "left to list")
    parameter_name = "used_up"
    yes = say("已用尽", "nothing left")

    @classmethod
    def question(cls) -> Q:
        return Q(held__lte=F("listed"))


def _enter(row: BookStock, values: Mapping[str, Any], who: str, at: datetime) -> None:
    places = Warehouse.objects.filter(
        storefront=row.storefront_id, ems_no=row.ems_no, trade_mode__in=BONDED
    ).order_by("position", "pk")
    place = places.first()
    if place is None:
        raise book.NotInABook()
    book.enter(warehouse=place, variant=row.variant, by=who, now=at, **values)


@register("customs.BookStock")
class BookStockAdmin(Stepped, Listed):
    """Book stock beside physical stock as they were last compared, each night or by hand."""

    writers = OFFICERS
    list_display = (
        "ems_no",
        "variant",
        "held",
        "listed",
        "left",
        "on_hand",
        "on_way",
        "beside",
        "difference",
        "compared_at",
        "storefront",
    )
    list_select_related = ("variant", "storefront")
    list_filter = (DiffersFilter, OverlistedFilter)
    search_fields = ("variant__sku__startswith", "ems_no__exact")
    ordering = ("ems_no", "variant")
    readonly_fields = ("left",)
    actions = ("compare",)
    steps = (
        Step(
            name="enter",
            title=say("登记海关核增核减", "Enter what customs changed"),
            icon="edit_note",
            form=BookEntryForm,
            do=_enter,
            roles=OFFICERS,
            hint=say(
                "登记海关已办结的核注清单（盘盈盘亏、销毁、期初等），或更正登记有误的收货；收货、清单放行、退货自动计入，勿重复登记。",
                "What customs has entered or written off by a paper of its own (surplus and loss, goods"
                " destroyed, an opening balance), or a receipt that was entered wrong. Goods received,"
                " lists and returns count by themselves.",
            ),
        ),
    )

    @admin.display(description=say("可申报余量", "left to list"))
    def left(self, row: Any) -> int:
        """What lists may still take out of the book."""
        return int(row.held - row.listed)

    @admin.action(description=say("立即比对", "Compare now"), permissions=["write"])
    def compare(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(
            request,
            rows,
            lambda row: book.compare(now=now(), ems_no=row.ems_no, variant_ids=[row.variant_id]),
        )


@register("customs.BookEntry")
class BookEntryAdmin(Listed):
    """What customs entered in a book or wrote off, as it was told here; never changed."""

    list_display = ("warehouse", "variant", "pieces", "paper", "reason", "by", "at", "storefront")
    list_select_related = ("warehouse", "variant", "storefront")
    list_filter = ("at",)
    search_fields = ("variant__sku__startswith", "paper__exact")
    ordering = ("-id",)


@register("customs.ListedPieces")
class ListedPiecesAdmin(Listed):
    """What each list takes out of the book, and what of it was granted to come back."""

    list_display = ("declaration", "variant", "warehouse", "quantity", "returned", "storefront")
    list_select_related = ("declaration", "variant", "warehouse", "storefront")
    search_fields = ("declaration__number__startswith", "variant__sku__startswith")
    ordering = ("-id",)

"""What WeChat is told of shipping, to read; an operator has it told again, or uses the one change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from kernel.clock import now
from logistics.models import ShippingInfo
from logistics.services import changing, shipping_info, trade_management
from logistics.states import SHIPPING_INFO
from logistics.vocabulary import carrier_choices
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.lists import Listed
from operators.scope import PACKERS
from operators.steps import Step, Stepped

Values = Mapping[str, Any]


class WaybillForm(forms.Form):
    """Another carrier or number under which the parcel goes on."""

    carrier = forms.ChoiceField(
        label=say("承运方", "carrier"), choices=carrier_choices(), widget=UnfoldAdminSelectWidget
    )
    waybill = forms.RegexField(
        r"^[A-Za-z0-9-]{4,40}$", label=say("运单号", "waybill"), widget=UnfoldAdminTextInputWidget
    )


def _again(row: ShippingInfo, values: Values, who: str, at: datetime) -> None:
    changing.tell_again(info=row, by=who, now=at)


def _ours(row: ShippingInfo, values: Values, who: str, at: datetime) -> None:
    changing.use_the_change(info=row, by=who, now=at)


def _change(row: ShippingInfo, values: Values, who: str, at: datetime) -> None:
    changing.change_waybill(
        info=row,
        carrier=values["carrier"],
        waybill=values["waybill"],
        replaces=values.get("replaces", ""),
        by=who,
        now=at,
    )


def waybill_form(row: ShippingInfo) -> type[forms.Form]:
    """Of several parcels it is said which one goes on under another number."""
    told = shipping_info.numbers(row.wanted or row.known)
    if len(told) < 2:
        return WaybillForm
    replaces = forms.ChoiceField(
        label=say("被替换的运单号", "waybill that is replaced"),
        choices=[(number, number) for number in told],
        help_text=say("其余运单号保持不变。", "The others stay."),
        widget=UnfoldAdminSelectWidget,
    )
    order = ("replaces", "carrier", "waybill")
    return type("OneWaybillForm", (WaybillForm,), {"replaces": replaces, "field_order": order})


def _may_change(row: ShippingInfo) -> bool:
    open_ = row.state in SHIPPING_INFO.moves["amend"] and row.retold_at is None
    return open_ and not (row.partial or row.known_partial)


_ONCE = say(
    "微信每笔订单只允许重新发货一次，使用后不可再改。",
    "WeChat takes one change of an order's shipping; it cannot be changed afterwards.",
)


@register("logistics.ShippingInfo")
class ShippingInfoAdmin(Stepped, Listed):
    """Which orders WeChat knows to have left, and what it says of them."""

    writers = PACKERS
    hidden = ("number",)
    list_display = (
        "order",
        "state",
        "paid_at",
        "shipped_at",
        "known_at",
        "trouble",
        "receipt_at",
        "money_at",
        "storefront",
    )
    list_select_related = ("order", "storefront")
    list_filter = (states("state"), ("trouble", admin.EmptyFieldListFilter), "paid_at", "known_at")
    search_fields = ("number__startswith", "transaction_id__exact")
    ordering = ("-id",)
    steps = (
        Step(
            name="again",
            title=say("再次上报微信", "Tell WeChat again"),
            icon="refresh",
            form=NothingForm,
            do=_again,
            roles=PACKERS,
            legal=lambda row: row.state in SHIPPING_INFO.moves["again"],
            hint=say("先查询微信，未记录才上报。", "WeChat is asked first and told what it does not have."),
        ),
        Step(
            name="ours",
            title=say("以我方发货信息替换", "Put ours in its place"),
            icon="swap_horiz",
            form=NothingForm,
            do=_ours,
            roles=PACKERS,
            legal=lambda row: row.state == "refused" and row.retold_at is None and bool(row.wanted),
            hint=_ONCE,
        ),
        Step(
            name="waybill",
            title=say("更改运单号", "Another waybill"),
            icon="edit_note",
            form=WaybillForm,
            form_of=waybill_form,
            do=_change,
            roles=PACKERS,
            legal=_may_change,
            hint=_ONCE,
        ),
    )


@register("logistics.TradeManagement")
class TradeManagementAdmin(Scoped):
    """Whether WeChat manages a mini-program's trades, as it said last."""

    writers = PACKERS
    list_display = ("storefront", "managed", "confirmed", "answered_at", "checked_at", "check_at")
    list_select_related = ("storefront",)
    list_filter = ("managed", "confirmed")
    ordering = ("-id",)
    actions = ("compare",)

    @admin.action(description=say("尽快与微信核对", "Compare with WeChat soon"), permissions=["write"])
    def compare(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(request, rows, lambda row: trade_management.compare_soon(row=row, now=now()))

"""Goods sent back abroad (退运出境): which pieces, by which papers, and that they have left."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from customs.models import Outbound
from customs.services import abroad
from customs.states import OUTBOUND
from inventory.models import BookItem
from kernel.clock import now, shanghai_day
from kernel.models import Event
from kernel.sheets import Sheet
from operators.base import Scoped, register
from operators.bilingual import chinese, say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.lists import Listed
from operators.return_steps import RECEIVERS
from operators.return_story import lot_name
from operators.scope import OFFICERS
from operators.steps import Step, Stepped
from operators.tables import history

Values = Mapping[str, Any]
_LOT = "lot_"


class PapersForm(forms.Form):
    """What the agent obtained in the special area's system."""

    list_no = forms.CharField(
        label=say("出口核注清单编号", "number of the outbound list"),
        max_length=18,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "QD310526E000000001"}),
    )
    declaration_no = forms.CharField(
        label=say("报关单号或备案清单号", "number of the declaration"),
        max_length=18,
        widget=UnfoldAdminTextInputWidget,
    )
    on = forms.DateField(label=say("申报日期", "declared on"), widget=UnfoldAdminSingleDateWidget)


class LeftForm(forms.Form):
    """On which day it left."""

    on = forms.DateField(label=say("出境日期", "left on"), widget=UnfoldAdminSingleDateWidget)


def _pieces_form(row: Outbound) -> type[forms.Form]:
    """Every lot that is set aside there, with what goes of it."""
    goes = dict(row.goods.values_list("lot_id", "quantity"))
    fields: dict[str, Any] = {
        f"{_LOT}{lot.pk}": forms.IntegerField(
            label=f"{lot.stock.variant.sku} · {lot_name(lot)} · {lot.inbound_list} (≤ {most})",
            min_value=0,
            max_value=most,
            initial=goes.get(lot.pk, 0),
            widget=UnfoldAdminIntegerFieldWidget,
        )
        for lot, most in abroad.free(row).items()
    }
    return type("OutboundPiecesForm", (forms.Form,), fields)


def _put(row: Outbound, values: Values, who: str, at: datetime) -> None:
    pieces = {int(name.removeprefix(_LOT)): many or 0 for name, many in values.items()}
    abroad.put(outbound=row, pieces=pieces, by=who, now=at)


def _declare(row: Outbound, values: Values, who: str, at: datetime) -> None:
    papers = {name: values[name].strip().upper() for name in ("list_no", "declaration_no")}
    abroad.declare(outbound=row, on=values["on"], by=who, now=at, **papers)


def _leave(row: Outbound, values: Values, who: str, at: datetime) -> None:
    abroad.leave(outbound=row, on=values["on"], by=who, now=at)


def _drop(row: Outbound, values: Values, who: str, at: datetime) -> None:
    abroad.drop(outbound=row, by=who, now=at)


def _goods(row: Outbound) -> list[list[Any]]:
    goods = row.goods.select_related("lot__stock__variant__product").order_by(
        "lot__stock__variant__sku", "pk"
    )
    items = dict(BookItem.objects.filter(warehouse=row.warehouse_id).values_list("variant_id", "item_no"))
    return [
        [
            nth,
            one.lot.stock.variant.sku,
            one.lot.stock.variant.product.name_zh if chinese() else one.lot.stock.variant.product.name_en,
            items.get(one.lot.stock.variant_id, "-"),
            one.lot.inbound_list,
            one.lot.code or "-",
            one.lot.expires_on.isoformat() if one.lot.expires_on else "-",
            one.quantity,
        ]
        for nth, one in enumerate(goods, 1)
    ]


def _headers() -> list[str]:
    return [
        str(one)
        for one in (
            say("序号", "no."),
            "SKU",
            say("品名", "goods"),
            say("账册备案序号", "item of the book"),
            say("进口核注清单", "inbound list"),
            say("批次", "lot"),
            say("到期日", "ends on"),
            say("件数", "pieces"),
        )
    ]


def _packing_list(row: Outbound, values: Values, who: str, at: datetime) -> HttpResponse:
    """Head and lines as a CSV file that the agent's and the carrier's people can read."""
    out = io.StringIO()
    sheet = Sheet(out, ending="\r\n")
    head = (
        (say("装箱单", "packing list"), row.number),
        (say("账册编号", "account book"), row.ems_no),
        (say("仓库", "warehouse"), row.warehouse.name_zh if chinese() else row.warehouse.name),
        (say("收货方", "to"), row.destination),
        (say("出口核注清单编号", "outbound list"), row.list_no or "-"),
        (say("报关单号或备案清单号", "declaration"), row.declaration_no or "-"),
    )
    sheet.rows([[str(name), value] for name, value in head])
    sheet.rows([[], _headers(), *_goods(row)])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.number}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


@register("customs.Outbound")
class OutboundAdmin(Stepped, Listed):
    """Shipments abroad with their goods and papers; stock and account book lose them once they have left."""

    writers = RECEIVERS
    addable = ("warehouse", "destination")
    list_display = (
        "number",
        "state",
        "warehouse",
        "ems_no",
        "list_no",
        "declaration_no",
        "declared_on",
        "left_on",
        "at",
        "storefront",
    )
    list_select_related = ("warehouse", "storefront")
    list_filter = (states("state"), "at")
    search_fields = ("number__startswith", "list_no__exact", "declaration_no__exact")
    ordering = ("-id",)
    change_form_outer_after_template = "operators/order_story.html"
    steps = (
        Step(
            name="pieces",
            title=say("填写退运商品", "Which pieces go"),
            icon="inventory",
            form=forms.Form,
            form_of=_pieces_form,
            do=_put,
            roles=RECEIVERS,
            legal=lambda row: row.state == "prepared",
            hint=say(
                "仅列出本仓库已隔离、有进口核注清单的批次；不得超过账册余量。",
                "Lots of this warehouse that are set aside and have an inbound list; no more than the account"
                " book holds.",
            ),
        ),
        Step(
            name="declare",
            title=say("登记核注清单与报关单", "Enter the papers"),
            icon="assignment",
            form=PapersForm,
            do=_declare,
            roles=OFFICERS | RECEIVERS,
            legal=lambda row: row.state in OUTBOUND.moves["declare"],
            start=lambda row: {
                "list_no": row.list_no,
                "declaration_no": row.declaration_no,
                "on": row.declared_on or shanghai_day(now()),
            },
            hint=say(
                "由报关行在特殊监管区域辅助系统申报出口核注清单及出境备案清单（报关单），取得编号后登记；可更正。",
                "The agent files the outbound list and the declaration in the special area's own system;"
                " enter the numbers, or correct them.",
            ),
        ),
        Step(
            name="leave",
            title=say("登记已出境", "It has left"),
            icon="flight_takeoff",
            form=LeftForm,
            do=_leave,
            roles=OFFICERS | RECEIVERS,
            legal=lambda row: row.state in OUTBOUND.moves["leave"],
            start=lambda row: {"on": shanghai_day(now())},
            hint=say(
                "登记后库存与账册同时核减，不可撤销。",
                "Stock and account book lose its pieces with it, for good.",
            ),
        ),
        Step(
            name="packing-list",
            title=say("下载装箱单", "Packing list"),
            icon="download",
            form=NothingForm,
            do=_packing_list,
            roles=OFFICERS | RECEIVERS,
            legal=lambda row: row.goods.exists(),
        ),
        Step(
            name="drop",
            title=say("取消退运", "Drop it"),
            icon="cancel",
            form=NothingForm,
            do=_drop,
            roles=OFFICERS | RECEIVERS,
            legal=lambda row: row.state in OUTBOUND.moves["drop"],
            hint=say(
                "商品仍在隔离库存；已申报的须由报关行先撤销核注清单与报关单。",
                "The goods stay set aside; papers that were filed are withdrawn by the agent first.",
            ),
        ),
    )

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.storefront_id = obj.warehouse.storefront_id
        self.checked_storefront(request, obj)
        obj.pk = abroad.prepare(
            warehouse=obj.warehouse,
            destination=obj.destination,
            by=request.user.get_username(),
            now=now(),
        ).pk

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id)
        story = []
        if row is not None:
            events = Event.objects.filter(key=row.event_key, storefront_id=row.storefront_id).order_by("id")
            goods = {"title": say("退运商品", "Goods"), "headers": _headers(), "rows": _goods(row)}
            story = [goods, history(events, {})]
        return super().change_view(request, object_id, form_url, {"story": story, **(extra_context or {})})


@register("customs.OutboundPieces")
class OutboundPiecesAdmin(Scoped):
    """What goes back abroad, lot by lot."""

    list_display = ("outbound", "lot", "quantity", "storefront")
    list_select_related = ("outbound", "lot__stock__variant", "storefront")
    search_fields = ("outbound__number__startswith",)
    ordering = ("-id",)

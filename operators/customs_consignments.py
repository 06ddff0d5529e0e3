"""Direct mail as operators see it: bills of lading, the parcels on them, and what sites entered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from customs.models import Consignment
from customs.services import cargo, consigning
from kernel.clock import now
from operators.base import register
from operators.bilingual import chinese, say
from operators.filters import states
from operators.lists import Listed
from operators.scope import PACKERS
from operators.steps import Step, Stepped
from operators.stock_forms import ConfirmForm
from operators.tables import Table

Values = Mapping[str, Any]
SAID = ("bill_no", "voyage_no", "traffic_no", "port_code", "arrives_on")


def _line(label: Any, most: int) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, widget=UnfoldAdminTextInputWidget)


class VoyageForm(forms.Form):
    """What the bill says."""

    bill_no = _line(say("提运单号", "bill"), 37)
    voyage_no = _line(say("航班航次号", "voyage or flight"), 32)
    traffic_no = _line(say("运输工具编号", "means of transport"), 100)
    port_code = _line(say("进境口岸", "port of entry"), 4)
    arrives_on = forms.DateField(label=say("抵达日", "arrives on"), widget=UnfoldAdminDateWidget)


class ParcelsForm(forms.Form):
    """Which parcels: the warehouse's file, or their waybills line by line."""

    file = forms.FileField(
        label=say("出库清单（CSV，首列或“运单号”列）", "the warehouse's file: CSV, waybill or 运单号"),
        required=False,
        widget=UnfoldAdminFileFieldWidget,
    )
    waybills = forms.CharField(
        label=say("运单号（每行一个）", "waybills, one a line"),
        required=False,
        max_length=100_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )


def _voyage(values: Values) -> consigning.Voyage:
    return consigning.Voyage(**{name: values[name] for name in SAID})


def _correct(row: Consignment, values: Values, who: str, at: datetime) -> None:
    consigning.correct(consignment=row, voyage=_voyage(values), by=who, now=at)


def _put_on(row: Consignment, values: Values, who: str, at: datetime) -> list[Table]:
    file = values["file"].read() if values["file"] else values["waybills"].encode()
    placed = consigning.put_on_all(consignment=row, file=file, by=who, now=at)
    language = "zh" if chinese() else "en"
    return [
        {
            "title": say("结果", "What came of it"),
            "headers": [say("运单号", "waybill"), say("结果", "result")],
            "rows": [
                [waybill or "—", say("已加入", "on it") if problem is None else problem.text(language)]
                for waybill, problem in placed
            ],
        }
    ]


def _close(row: Consignment, values: Values, who: str, at: datetime) -> None:
    consigning.close(consignment=row, by=who, now=at)


def _reopen(row: Consignment, values: Values, who: str, at: datetime) -> None:
    consigning.reopen(consignment=row, by=who, now=at)


def _drop(row: Consignment, values: Values, who: str, at: datetime) -> None:
    consigning.drop(consignment=row, by=who, now=at)


def _ask_again(row: Consignment, values: Values, who: str, at: datetime) -> None:
    consigning.ask_again(consignment=row, by=who, now=at)


@register("customs.Consignment")
class ConsignmentAdmin(Stepped, Listed):
    """Each bill under which direct mail comes in: filled, sent on its way, mended until a list names it."""

    writers = PACKERS
    addable = ("account", *SAID)
    list_display = (
        "bill_no",
        "voyage_no",
        "traffic_no",
        "arrives_on",
        "state",
        "parcels_on",
        "asked_at",
        "account",
        "storefront",
    )
    readonly_fields = ("parcels_on", "entered")
    list_select_related = ("account", "storefront")
    list_filter = (states("state"), "arrives_on")
    search_fields = ("bill_no__exact", "voyage_no__exact", "parcels__waybill__exact")
    ordering = ("-id",)
    steps = (
        Step(
            name="put-on",
            title=say("加入包裹", "Put parcels on it"),
            icon="playlist_add",
            form=ParcelsForm,
            do=_put_on,
            roles=PACKERS,
            legal=lambda row: row.state == "open",
            hint=say(
                "仅限已出库的直购包裹；一个包裹只能在一个总运单下。已加入的重复提交不变。",
                "Direct mail that has left, on one consignment each; what is on it already stays.",
            ),
            outside=True,
        ),
        Step(
            name="correct",
            title=say("更正", "Correct"),
            icon="edit",
            form=VoyageForm,
            do=_correct,
            roles=PACKERS,
            legal=lambda row: row.state != "dropped",
            start=lambda row: {name: getattr(row, name) for name in SAID},
            hint=say(
                "清单申报后不得更正，须先撤单；更正前后均留痕。",
                "Not once a list names it: ask that back first. Both versions are on record.",
            ),
            outside=True,
        ),
        Step(
            name="close",
            title=say("封单发运", "It is on its way"),
            icon="flight_takeoff",
            form=ConfirmForm,
            do=_close,
            roles=PACKERS,
            legal=lambda row: row.state == "open",
            hint=say(
                "封单后不再加入包裹；抵达日起向监管场所取入库明细单。",
                "Nothing is put on it after; its site is asked from the day of arrival on.",
            ),
            outside=True,
        ),
        Step(
            name="reopen",
            title=say("重新打开", "Open it again"),
            icon="lock_open",
            form=ConfirmForm,
            do=_reopen,
            roles=PACKERS,
            legal=lambda row: row.state == "closed",
            outside=True,
        ),
        Step(
            name="ask-site",
            title=say("再次向监管场所取入库明细单", "Ask the site for its entry again"),
            icon="warehouse",
            form=ConfirmForm,
            do=_ask_again,
            roles=PACKERS,
            legal=lambda row: row.state == "closed",
            outside=True,
        ),
        Step(
            name="drop",
            title=say("作废", "Drop"),
            icon="delete",
            form=ConfirmForm,
            do=_drop,
            roles=PACKERS,
            legal=lambda row: row.state == "open",
            outside=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        on = Count("parcels", filter=Q(parcels__taken_off_at=None), distinct=True)
        rows: QuerySet[Any] = super().get_queryset(request).annotate(on=on)
        return rows

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.storefront_id = obj.account.storefront_id
        self.checked_storefront(request, obj)
        obj.pk = consigning.open_consignment(
            account=obj.account,
            voyage=_voyage(form.cleaned_data),
            by=request.user.get_username(),
            now=now(),
        ).pk

    @admin.display(description=say("包裹数", "parcels"))
    def parcels_on(self, row: Any) -> int:
        """How many parcels are on it."""
        return int(row.on)

    @admin.display(description=say("已入库", "entered"))
    def entered(self, row: Any) -> int:
        """How many of them stand in the site's entries."""
        stands = cargo.entered(row)
        return cargo.on_it(row).filter(waybill__in=stands).count() if stands else 0


@register("customs.ConsignedParcel")
class ConsignedParcelAdmin(Listed):
    """Which parcel is on which bill; taken off while that is open."""

    writers = PACKERS
    list_display = (
        "waybill",
        "parcel",
        "consignment",
        "put_on_at",
        "taken_off_at",
        "told_bill",
        "storefront",
    )
    list_select_related = ("parcel", "consignment", "storefront")
    list_filter = (("taken_off_at", admin.EmptyFieldListFilter), "put_on_at")
    search_fields = ("waybill__exact", "consignment__bill_no__exact")
    ordering = ("-id",)
    actions = ("take_off",)

    @admin.action(description=say("移出总运单", "Take off the bill"), permissions=["write"])
    def take_off(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: consigning.take_off(placed=row, by=by, now=now()))


@register("customs.WarehouseEntry")
class WarehouseEntryAdmin(Listed):
    """What supervised sites entered, and what customs says of it."""

    list_display = (
        "cop_no",
        "rkd_no",
        "bill_no",
        "voyage_no",
        "traffic_no",
        "status",
        "written_at",
        "told_at",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = ("status", "written_at")
    search_fields = ("bill_no__exact", "cop_no__exact", "rkd_no__exact")
    ordering = ("-id",)

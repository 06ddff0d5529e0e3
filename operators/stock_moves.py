"""Counts with their differences, and loads between warehouses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from inventory import services
from inventory.models import Count, CountLine, Lot, Transfer
from kernel.clock import now
from kernel.tenancy import tenant
from operators import stock_story
from operators.base import register
from operators.bilingual import say
from operators.filters import states
from operators.lists import Listed
from operators.scope import PACKERS
from operators.steps import Step, Stepped
from operators.stock_forms import ConfirmForm, CountedForm, MissingForm, ReasonForm

Values = Mapping[str, Any]


def _counted(row: Count, values: Values, who: str, at: datetime) -> None:
    lots = Lot.objects.filter(stock__warehouse=row.warehouse)
    lot = services.named_lot(lots, sku=values["sku"], code=values["code"], listed=values["inbound_list"])
    services.record_count(count=row, lot=lot, counted=values["pieces"], by=who, now=at)


def _close(row: Count, values: Values, who: str, at: datetime) -> None:
    services.close_count(count=row, by=who, now=at)


def _accept(row: CountLine, values: Values, who: str, at: datetime) -> None:
    services.accept_variance(line=row, reason=values["reason"], by=who, now=at)


def _arrive(row: Transfer, values: Values, who: str, at: datetime) -> None:
    missing = {}
    if values["pieces"]:
        lots = Lot.objects.filter(pk__in=row.lines.values("lot"))
        lot = services.named_lot(lots, sku=values["sku"], code=values["code"], listed=values["of_list"])
        missing[row.lines.get(lot=lot).pk] = values["pieces"]
    services.receive_transfer(
        transfer=row, missing=missing, inbound_list=values["inbound_list"], by=who, now=at
    )


def _call_back(row: Transfer, values: Values, who: str, at: datetime) -> None:
    services.call_back_transfer(transfer=row, by=who, now=at)


@register("inventory.Count")
class CountAdmin(Stepped, Listed):
    """A session of counting in one warehouse."""

    writers = PACKERS
    addable = ("warehouse", "note")
    list_display = ("warehouse", "note", "opened_by", "opened_at", "closed_at", "storefront")
    list_select_related = ("warehouse", "storefront")
    list_filter = ("opened_at", "closed_at")
    search_fields = ("warehouse__code__startswith",)
    ordering = ("-id",)
    change_form_outer_after_template = "operators/stock_story.html"
    steps = (
        Step(
            name="counted",
            title=say("登记实盘数", "Enter a count"),
            icon="edit_note",
            form=CountedForm,
            do=_counted,
            roles=PACKERS,
            legal=lambda row: row.closed_at is None,
            hint=say("再次登记以后一次为准。", "Counted again, the newer number stands."),
        ),
        Step(
            name="close",
            title=say("结束盘点", "Close"),
            icon="task_alt",
            form=ConfirmForm,
            do=_close,
            roles=PACKERS,
            legal=lambda row: row.closed_at is None,
        ),
    )

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        story = [stock_story.count_lines(row)] if row else []
        return super().changeform_view(
            request, object_id, form_url, {"story": story, **(extra_context or {})}
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.storefront_id = obj.warehouse.storefront_id
        storefront_id = self.checked_storefront(request, obj)
        with tenant(storefront_id):
            made = services.open_count(
                warehouse=obj.warehouse, note=obj.note, by=request.user.get_username(), now=now()
            )
            obj.pk = made.pk
            self.record(request, obj, storefront_id, "added")


@register("inventory.CountLine")
class CountLineAdmin(Stepped, Listed):
    """What was counted of a lot beside what the ledger said."""

    list_display = ("count", "lot", "expected", "counted", "state", "by", "at", "storefront")
    list_select_related = (
        "count__warehouse",
        "lot__stock__variant",
        "lot__stock__warehouse",
        "storefront",
    )
    list_filter = (states("state"), "at")
    search_fields = ("lot__code__startswith", "lot__stock__variant__sku__startswith")
    ordering = ("-id",)
    steps = (
        Step(
            name="accept",
            title=say("确认差异", "Accept"),
            icon="check",
            form=ReasonForm,
            do=_accept,
            roles=PACKERS,
            legal=lambda row: row.state == "varies",
            hint=say("按盘点时的差异调整库存。", "The difference at the moment of counting is moved."),
        ),
    )


@register("inventory.Transfer")
class TransferAdmin(Stepped, Listed):
    """A load between two warehouses; it is sent from the page of a lot."""

    list_display = ("source", "target", "state", "reason", "sent_by", "sent_at", "ended_at", "storefront")
    list_select_related = ("source", "target", "storefront")
    list_filter = (states("state"), "sent_at")
    search_fields = ("source__code__startswith", "target__code__startswith")
    ordering = ("-id",)
    steps = (
        Step(
            name="arrive",
            title=say("到货入库", "Take in"),
            icon="login",
            form=MissingForm,
            do=_arrive,
            roles=PACKERS,
            legal=lambda row: row.state == "in_transit",
            hint=say(
                "全部到齐时无须填写；缺少的按 SKU、批次填写缺少件数。",
                "Empty when all has arrived; else name the lot and how many are missing.",
            ),
        ),
        Step(
            name="call-back",
            title=say("退回原仓", "Call back"),
            icon="undo",
            form=ConfirmForm,
            do=_call_back,
            roles=PACKERS,
            legal=lambda row: row.state == "in_transit",
        ),
    )


@register("inventory.TransferLine")
class TransferLineAdmin(Listed):
    """Pieces of a lot under way."""

    list_display = ("transfer", "lot", "quantity", "arrived", "storefront")
    list_select_related = (
        "transfer__source",
        "transfer__target",
        "lot__stock__variant",
        "lot__stock__warehouse",
        "storefront",
    )
    search_fields = ("lot__code__startswith", "lot__stock__variant__sku__startswith")
    ordering = ("-id",)

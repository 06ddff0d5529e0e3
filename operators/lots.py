"""Lots and their movements; sale stopped and lifted; how long goods must still keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from inventory import services
from inventory.models import Lot, SaleStop, Warehouse
from kernel.clock import now
from kernel.errors import Missing
from kernel.tenancy import tenant
from operators import stock_story
from operators.base import register
from operators.bilingual import say
from operators.filters import Switch, states
from operators.lists import Listed
from operators.scope import PACKERS
from operators.steps import Step, Stepped
from operators.stock_forms import CorrectForm, DifferenceForm, PiecesForm, ReasonForm, SendForm

Values = Mapping[str, Any]


def _adjust(row: Lot, values: Values, who: str, at: datetime) -> None:
    services.adjust(lot=row, pieces=values["pieces"], reason=values["reason"], by=who, now=at)


def _quarantine(row: Lot, values: Values, who: str, at: datetime) -> None:
    services.quarantine(lot=row, pieces=values["pieces"], reason=values["reason"], by=who, now=at)


def _restore(row: Lot, values: Values, who: str, at: datetime) -> None:
    services.restore(lot=row, pieces=values["pieces"], reason=values["reason"], by=who, now=at)


def _correct(row: Lot, values: Values, who: str, at: datetime) -> None:
    services.correct_lot(
        lot=row,
        produced_on=values["produced_on"],
        expires_on=values["expires_on"],
        inbound_list=values["inbound_list"],
        reason=values["reason"],
        by=who,
        now=at,
    )


def _stop(row: Lot, values: Values, who: str, at: datetime) -> None:
    services.stop_sale(variant=row.stock.variant, lot=row, reason=values["reason"], by=who, now=at)


def _send(row: Lot, values: Values, who: str, at: datetime) -> None:
    target = Warehouse.objects.filter(storefront=row.storefront, code=values["target"]).first()
    if target is None:
        raise Missing()
    services.send_transfer(
        target=target, pieces=[(row, values["pieces"])], reason=values["reason"], by=who, now=at
    )


def _lift(row: SaleStop, values: Values, who: str, at: datetime) -> None:
    services.lift_stop(stop=row, reason=values["reason"], by=who, now=at)


@register("inventory.Lot")
class LotAdmin(Stepped, Listed):
    """One lot with what moved in it."""

    list_display = (
        "code",
        "stock",
        "on_hand",
        "picked",
        "quarantined",
        "expires_on",
        "state",
        "inbound_list",
        "storefront",
    )
    list_select_related = ("stock__variant", "stock__warehouse", "storefront")
    list_filter = ("stopped", "expires_on", "unsellable_from")
    search_fields = ("code__startswith", "inbound_list__exact", "stock__variant__sku__startswith")
    ordering = ("-id",)
    change_form_outer_after_template = "operators/stock_story.html"
    steps = (
        Step(
            name="adjust",
            title=say("盘盈盘亏", "Adjust"),
            icon="exposure",
            form=DifferenceForm,
            do=_adjust,
            roles=PACKERS,
        ),
        Step(
            name="quarantine",
            title=say("隔离", "Quarantine"),
            icon="do_not_touch",
            form=PiecesForm,
            do=_quarantine,
            roles=PACKERS,
            legal=lambda row: row.free > 0,
        ),
        Step(
            name="restore",
            title=say("解除隔离", "Restore"),
            icon="undo",
            form=PiecesForm,
            do=_restore,
            roles=PACKERS,
            legal=lambda row: row.quarantined > 0 and not row.stopped,
            hint=say(
                "为无主包裹或退运保留的件数不可解除。",
                "What is kept for a parcel that nobody expected, or a shipment abroad, is not restored.",
            ),
        ),
        Step(
            name="send",
            title=say("调拨", "Transfer"),
            icon="local_shipping",
            form=SendForm,
            do=_send,
            roles=PACKERS,
            legal=lambda row: row.free > 0,
            hint=say("仅限同一监管方式的仓库。", "To a warehouse of the same trade mode only."),
        ),
        Step(
            name="correct",
            title=say("更正批次信息", "Correct"),
            icon="edit",
            form=CorrectForm,
            do=_correct,
            roles=PACKERS,
            start=lambda row: {
                "produced_on": row.produced_on,
                "expires_on": row.expires_on,
                "inbound_list": row.inbound_list,
            },
            hint=say(
                "补录核注清单编号或更正日期；原值保留在历史记录中。单证齐全后，因缺单证隔离的件数随即恢复可售。",
                "Enter the inbound list or put days right; what stood there is kept in the history. Once the"
                " papers are complete, what was held for them is for sale.",
            ),
        ),
        Step(
            name="stop",
            title=say("批次停售", "Stop the lot"),
            icon="block",
            form=ReasonForm,
            do=_stop,
            roles=PACKERS,
            legal=lambda row: not row.stopped,
            hint=say(
                "立即生效，含所有仓库及后到的同批次号货物；已占用的订单保留，该批次不再拣货、不再发出。",
                "At once and in every warehouse, also for what comes later under this lot number; what is"
                " reserved stays, and nothing of the lot is picked or shipped.",
            ),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(lacking=stock_story.lacking())

    @admin.display(description=say("状态", "state"))
    def state(self, row: Lot) -> Any:
        return stock_story.lot_state(row)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        story = stock_story.tell_lot(row) if row else []
        return super().changeform_view(
            request, object_id, form_url, {"story": story, **(extra_context or {})}
        )


@register("inventory.Movement")
class MovementAdmin(Listed):
    """库存流水: every change of every balance, to read."""

    list_display = (
        "at",
        "kind",
        "stock",
        "lot",
        "on_hand",
        "reserved",
        "picked",
        "quarantined",
        "holder",
        "by",
        "storefront",
    )
    list_select_related = (
        "stock__variant",
        "stock__warehouse",
        "lot__stock__variant",
        "lot__stock__warehouse",
        "storefront",
    )
    list_filter = (states("kind"), "at")
    search_fields = ("holder__exact", "stock__variant__sku__startswith")
    ordering = ("-id",)


class HereFilter(Switch):
    """What is picked and has not left: a pick list (拣货单), as a file too."""

    title = say("出库", "leaving")
    parameter_name = "here"
    yes = say("已拣未出库", "picked, and here")

    @classmethod
    def question(cls) -> Q:
        return Q(shipped_at=None, put_back_at=None)


@register("inventory.Pick")
class PickAdmin(Listed):
    """Which lots go into which order: a pick list; and went, what a recall asks for."""

    list_display = (
        "reservation",
        "lot",
        "expires_on",
        "quantity",
        "parcel",
        "at",
        "shipped_at",
        "put_back_at",
        "storefront",
    )
    list_select_related = (
        "reservation__stock__variant",
        "reservation__stock__warehouse",
        "lot__stock__variant",
        "lot__stock__warehouse",
        "storefront",
    )
    list_filter = (HereFilter, "at")
    search_fields = ("reservation__holder__exact", "box__exact", "lot__code__startswith")
    ordering = ("-id",)

    @admin.display(description=say("到期日", "expires on"), ordering="lot__expires_on")
    def expires_on(self, row: Any) -> Any:
        return row.lot.expires_on or "-"

    @admin.display(description=say("所在包裹", "parcel"), ordering="box")
    def parcel(self, row: Any) -> str:
        return row.box.removeprefix("parcel:") or "-"


@register("inventory.SaleStop")
class SaleStopAdmin(Stepped, Listed):
    """What is not sold although it is there, and who said so."""

    list_display = ("variant", "lot", "reason", "by", "at", "lifted_at", "lifted_by", "storefront")
    list_select_related = ("variant", "lot__stock__variant", "lot__stock__warehouse", "storefront")
    list_filter = ("at", "lifted_at")
    search_fields = ("variant__sku__startswith", "lot__code__startswith")
    ordering = ("-id",)
    steps = (
        Step(
            name="lift",
            title=say("解除停售", "Lift"),
            icon="play_arrow",
            form=ReasonForm,
            do=_lift,
            roles=PACKERS,
            legal=lambda row: row.lifted_at is None,
        ),
    )


class ShelfLifeForm(forms.ModelForm):  # type: ignore[type-arg]
    """The goods are the storefront's own."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        shop, variant = values.get("storefront"), values.get("variant")
        if shop and variant and variant.storefront_id != shop.pk:
            raise forms.ValidationError(say("规格不属于该店铺。", "The item is not of this storefront."))
        return values


@register("inventory.ShelfLife")
class ShelfLifeAdmin(Listed):
    """How many days must be left; without a SKU it speaks for all that have no rule of their own."""

    form = ShelfLifeForm
    writers = PACKERS
    editable = ("floor_days", "near_days")
    addable = ("storefront", "variant", "floor_days", "near_days")
    autocomplete_fields = ("variant",)
    list_display = ("variant", "floor_days", "near_days", "storefront")
    list_select_related = ("variant", "storefront")
    search_fields = ("variant__sku__startswith",)
    ordering = ("-id",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        storefront_id = self.checked_storefront(request, obj)
        with tenant(storefront_id):
            rule = services.set_shelf_life(
                storefront=obj.storefront,
                variant=obj.variant,
                floor_days=obj.floor_days,
                near_days=obj.near_days,
                now=now(),
            )
            obj.pk = rule.pk
            self.record(request, obj, storefront_id, "changed" if change else "added", days=obj.floor_days)

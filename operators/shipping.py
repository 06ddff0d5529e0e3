"""Shipments, parcels and what carriers tell of them, to read; each verb is a service."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action

from kernel.clock import now
from kernel.errors import Problem
from logistics.services import accounts, labels, shipments
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.scope import PACKERS


@register("logistics.Shipment")
class ShipmentAdmin(Scoped):
    """What is to be packed, what is on its way, and what came to grief."""

    writers = PACKERS
    hidden = ("number",)
    list_display = (
        "order",
        "state",
        "warehouse",
        "opened_at",
        "handed_over_at",
        "delivered_at",
        "receipt_at",
        "storefront",
    )
    list_select_related = ("order", "warehouse", "storefront")
    list_filter = (states("state"), "opened_at", "handed_over_at", "receipt_at", states("receipt_by"))
    search_fields = ("number__startswith", "parcels__waybill__exact")
    ordering = ("-id",)
    actions = ("start_packing", "pack", "lose", "damage", "bring_back", "find_again")

    @admin.action(description=say("开始拣货打包", "Start packing"), permissions=["write"])
    def start_packing(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: shipments.start_packing(shipment=row, by=by, now=now()))

    @admin.action(
        description=say("打包并申请顺丰运单号", "Pack, and ask SF for a waybill"), permissions=["write"]
    )
    def pack(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: shipments.pack(shipment=row, carrier="SF", by=by, now=now()))

    @admin.action(description=say("承运方确认遗失", "The carrier says it is lost"), permissions=["write"])
    def lose(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "lose")

    @admin.action(description=say("承运方确认破损", "The carrier says it is damaged"), permissions=["write"])
    def damage(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "damage")

    @admin.action(description=say("已退回仓库", "It came back"), permissions=["write"])
    def bring_back(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "return")

    @admin.action(description=say("恢复运输", "It is on its way again"), permissions=["write"])
    def find_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._find_out(request, rows, "move")

    def _find_out(self, request: HttpRequest, rows: QuerySet[Any], verb: str) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: shipments.find_out(shipment=row, verb=verb, by=by, now=now()))


@register("logistics.Parcel")
class ParcelAdmin(Scoped):
    """Parcels under their waybill numbers; a number is taken back or asked for again here."""

    writers = PACKERS
    list_display = (
        "waybill",
        "shipment",
        "carrier",
        "state",
        "trouble",
        "latest",
        "latest_at",
        "expected_on",
        "weight_g",
        "storefront",
    )
    list_select_related = ("shipment", "storefront")
    list_filter = (
        states("state"),
        states("latest"),
        "carrier",
        ("trouble", admin.EmptyFieldListFilter),
        "asked_at",
        "latest_at",
    )
    search_fields = ("waybill__exact", "own_number__startswith", "shipment__number__startswith")
    ordering = ("-id",)
    actions = ("withdraw", "try_again")
    actions_detail = ("show_label",)

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=say("打印面单", "Print the label"),
        url_path="label",
        permissions=["write"],
        icon="print",
    )
    def show_label(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The label as a PDF, for whoever packs in its storefront; the look is on record."""
        row = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        if row is None or not self.has_write_permission(request, row):
            raise Http404
        try:
            content = labels.label_of(parcel=row, by=request.user.get_username(), now=now())
        except Problem as problem:
            self.tell(request, problem)
            return HttpResponseRedirect(reverse("admin:logistics_parcel_change", args=[row.pk]))
        answer = HttpResponse(content, content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="{row.waybill}.pdf"'
        answer["Cache-Control"] = "no-store"
        return answer

    @admin.action(description=say("取消运单", "Take the waybill back"), permissions=["write"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: shipments.withdraw(parcel=row, by=by, now=now()))

    @admin.action(description=say("重新申请运单号", "Ask for a waybill again"), permissions=["write"])
    def try_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: shipments.try_again(parcel=row, by=by, now=now()))


@register("logistics.ParcelLine")
class ParcelLineAdmin(Scoped):
    """What is in which parcel."""

    list_display = ("parcel", "line", "quantity", "storefront")
    list_select_related = ("parcel", "line", "storefront")
    search_fields = ("parcel__waybill__exact", "line__sku__exact")
    ordering = ("-id",)


@register("logistics.TrackingEvent")
class TrackingEventAdmin(Scoped):
    """What was told of parcels, each thing once."""

    hidden = ("digest",)
    list_display = ("parcel", "at", "code", "text", "provider", "raw_code", "storefront")
    list_select_related = ("parcel", "storefront")
    list_filter = (states("code"), states("provider"), "at")
    search_fields = ("parcel__waybill__exact", "parcel__shipment__number__exact")
    ordering = ("-id",)


@register("logistics.CarrierAccount")
class CarrierAccountAdmin(Scoped):
    """Accounts at carriers and trackers; their secrets are set on the storefront's page and never shown."""

    list_display = ("provider", "customer_code", "sender", "active", "set_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("provider"), "active")
    search_fields = ("customer_code__startswith",)
    ordering = ("-id",)
    actions = ("stop",)

    @admin.action(description=say("停用该账户", "Use it no more"), permissions=["write"])
    def stop(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: accounts.stop_account(account=row, by=by, now=now()))

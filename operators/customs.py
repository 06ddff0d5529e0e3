"""Clearance as operators see it: every declaration by state and age, its documents, messages and receipts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from customs.services.declaring import resume
from customs.services.taxes import owed_fen
from kernel.clock import now
from kernel.money import yuan
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.port_accounts import ask_machines_again
from operators.scope import OWNERS


@register("customs.Declaration")
class DeclarationAdmin(Scoped):
    """Each order's declaration; what waits for a person is blocked or rejected."""

    writers = OWNERS | {"compliance"}
    list_display = (
        "number",
        "account",
        "state",
        "awaits",
        "trouble",
        "status",
        "list_no",
        "listed_at",
        "released_at",
        "next_try_at",
        "storefront",
    )
    list_select_related = ("account", "storefront")
    list_filter = (
        states("state"),
        "awaits",
        ("trouble", admin.EmptyFieldListFilter),
        "opened_at",
        "listed_at",
        "released_at",
    )
    search_fields = ("number__startswith", "list_no__exact", "cop_no__exact", "pre_no__exact")
    ordering = ("-id",)
    actions = ("again",)

    @admin.action(
        description=say("已更正，重新申报", "Mended: declare again"),
        permissions=["write"],
    )
    def again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: resume(declaration=row, by=by, now=now()))


@register("customs.Filing")
class FilingAdmin(Scoped):
    """Each version of each document that customs was told; what it says rests sealed."""

    list_display = (
        "declaration",
        "kind",
        "app_type",
        "status",
        "told_at",
        "sent_at",
        "superseded",
        "storefront",
    )
    list_select_related = ("declaration", "storefront")
    list_filter = ("kind", "status", "superseded", "sent_at")
    search_fields = ("declaration__number__startswith", "guid__exact", "key__exact")
    ordering = ("-id",)


@register("customs.PortMessage")
class PortMessageAdmin(Scoped):
    """Each signed message, and whether the port has it."""

    list_display = ("name", "guid", "account", "made_at", "sent_at", "tries", "error", "storefront")
    list_select_related = ("account", "storefront")
    list_filter = ("name", "made_at", ("error", admin.EmptyFieldListFilter))
    search_fields = ("guid__exact", "filings__declaration__number__startswith")
    ordering = ("-id",)


@register("customs.PortReceipt")
class PortReceiptAdmin(Scoped):
    """Each receipt as it came; its words rest sealed."""

    list_display = ("name", "order", "status", "code", "told_at", "outcome", "received_at", "storefront")
    list_select_related = ("filing__declaration", "storefront")
    list_filter = ("outcome", "received_at")
    search_fields = ("filing__declaration__number__startswith", "code__exact", "digest__exact")
    ordering = ("-id",)

    @admin.display(description=say("订单", "order"))
    def order(self, row: Any) -> str:
        """The order that it is about."""
        return row.filing.declaration.number if row.filing else "—"


@register("customs.TaxSheet")
class TaxSheetAdmin(Scoped):
    """Each tax sheet as customs assessed it: what is not paid or void counts against the guarantee."""

    list_display = (
        "tax_no",
        "declaration",
        "list_no",
        "duty_fen",
        "vat_fen",
        "excise_fen",
        "status",
        "duty_no",
        "told_at",
        "storefront",
    )
    list_select_related = ("declaration", "storefront")
    list_filter = ("status", ("duty_no", admin.EmptyFieldListFilter), "told_at")
    search_fields = ("declaration__number__startswith", "tax_no__exact", "list_no__exact", "duty_no__exact")
    ordering = ("-id",)


@register("customs.PortAccount")
class PortAccountAdmin(Scoped):
    """The storefront's way to each customs district; its key goes in by the storefront's page."""

    writers = OWNERS | {"compliance"}
    editable = (
        "port_code",
        "traffic",
        "dispatch_country",
        "site_code",
        "guarantor",
        "guarantee_fen",
        "batch",
        "active",
    )
    list_display = (
        "customs_code",
        "dxp_id",
        "transport",
        "signer",
        "guarantee_fen",
        "owing",
        "machine_refused",
        "active",
        "storefront",
    )
    readonly_fields = ("owing", "room")
    actions = ("again",)
    list_select_related = ("storefront",)
    list_filter = ("transport", "signer", "active")
    search_fields = ("customs_code__exact", "dxp_id__exact")
    ordering = ("storefront", "customs_code")

    @admin.action(
        description=say("加签机已恢复，重新加签", "The machine is mended: sign again"), permissions=["write"]
    )
    def again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        ask_machines_again(self, request, rows)

    @admin.display(description=say("待缴税款", "tax owing"))
    def owing(self, row: Any) -> str:
        """The tax for which the guarantee answers."""
        return yuan(owed_fen(row))

    @admin.display(description=say("担保余额", "room in the guarantee"))
    def room(self, row: Any) -> str:
        """What the guarantee has left for further lists."""
        return yuan(row.guarantee_fen - owed_fen(row))

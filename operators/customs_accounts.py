"""Tax sheets, and the ways to customs districts with the guarantee that answers for what they levy."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from customs.services.taxes import owed_fen
from kernel.money import priced
from operators import customs_tax
from operators.base import Scoped, register
from operators.bilingual import say
from operators.customs_filters import UnpaidFilter
from operators.port_accounts import ask_machines_again
from operators.scope import OWNERS


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
    list_filter = ("status", UnpaidFilter, ("duty_no", admin.EmptyFieldListFilter), "told_at")
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
        "site_certificate",
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
    list_before_template = "operators/steps.html"
    list_select_related = ("storefront",)
    list_filter = ("transport", "signer", "active")
    search_fields = ("customs_code__exact", "dxp_id__exact")
    ordering = ("storefront", "customs_code")

    @admin.action(
        description=say("加签机已恢复，重新加签", "The machine is mended: sign again"), permissions=["write"]
    )
    def again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        ask_machines_again(self, request, rows)

    def get_urls(self) -> list[Any]:
        shown = path("tax/", self.admin_site.admin_view(self.tax), name="customs_tax")
        return [shown, *super().get_urls()]

    def tax(self, request: HttpRequest) -> HttpResponse:
        """What each account owes and when it is due, in one's own storefronts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return customs_tax.page(request, self.admin_site.each_context(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Above the accounts leads a button to what they owe."""
        button = {"title": customs_tax.TITLE, "icon": "account_balance", "url": reverse("admin:customs_tax")}
        answer: HttpResponse = super().changelist_view(request, {"steps": [button], **(extra_context or {})})
        return answer

    @admin.display(description=say("待缴税款", "tax owing"))
    def owing(self, row: Any) -> str:
        """The tax for which the guarantee answers."""
        return priced(owed_fen(row))

    @admin.display(description=say("担保余额", "room in the guarantee"))
    def room(self, row: Any) -> str:
        """What the guarantee has left for further lists."""
        return priced(row.guarantee_fen - owed_fen(row))

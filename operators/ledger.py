"""The ledger, to read: each entry with its postings, back to its payment, refund and order."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from kernel.money import yuan
from operators.base import Scoped, register
from operators.bilingual import say
from operators.incident_forms import NoteForm
from operators.ledger_statement import TITLE, page
from operators.names import state_name
from operators.scope import ACCOUNTANTS
from operators.steps import Step, Stepped
from operators.told import page_of
from payments.models import BillLine
from settlement.models import Entry
from settlement.queries import with_told_line
from settlement.services.reverse_correction import is_reversible, reverse_correction


@register("settlement.Entry")
class EntryAdmin(Stepped):
    """One fact of money."""

    fields = (
        "key",
        "kind",
        "day",
        "at",
        "entered_at",
        "postings",
        "order",
        "payment",
        "refund",
        "bill_line_told",
        "fund_line",
        "difference",
        "reverses",
        "reversed_by",
        "storefront",
    )

    list_display = ("key", "kind", "day", "order", "payment", "refund", "at", "storefront")
    list_select_related = ("order", "payment", "refund", "storefront")
    list_filter = ("kind", "day")
    search_fields = (
        "key__startswith",
        "order__number__startswith",
        "payment__out_trade_no__startswith",
        "refund__out_refund_no__startswith",
    )
    ordering = ("-id",)
    steps = (
        Step(
            name="reverse",
            title=say("冲销", "Reverse it"),
            icon="undo",
            form=NoteForm,
            hint=say(
                "另记一张金额相反的凭证，原凭证不变，只能冲销一次；差异重新待记账，事项重新待处理。",
                "Another entry with the opposite amounts names this one, which stays as it is, once;"
                " the difference is open again, and so is its case.",
            ),
            do=lambda row, values, who, at: reverse_correction(
                entry=row, note=values["note"], by=who, now=at
            ),
            roles=ACCOUNTANTS,
            legal=lambda row: isinstance(row, Entry) and is_reversible(row),
        ),
    )

    list_before_template = "operators/steps.html"

    def get_urls(self) -> list[Any]:
        shown = path("statement/", self.admin_site.admin_view(self.statement), name="settlement_statement")
        return [shown, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Above the entries leads a button to the statement."""
        button = {"title": TITLE, "icon": "summarize", "url": reverse("admin:settlement_statement")}
        answer: HttpResponse = super().changelist_view(request, {"steps": [button], **(extra_context or {})})
        return answer

    def statement(self, request: HttpRequest) -> HttpResponse:
        """The books of one storefront over a period."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    @admin.display(description=say("分录", "postings"))
    def postings(self, row: Entry) -> Any:
        rows = (
            (state_name(one.account, one.account, "settlement.Posting"), yuan(one.amount_fen))
            for one in row.postings.order_by("-amount_fen")
        )
        return format_html_join("", "<div>{} {}</div>", rows)

    @admin.display(description=say("冲销凭证", "reversed by"))
    def reversed_by(self, row: Entry) -> Any:
        found = Entry.objects.filter(reverses=row.pk).first()
        if found is None:
            return "-"
        return format_html('<a class="text-link" href="{}">{}</a>', page_of(found), found.key)

    @admin.display(description=say("账单明细", "line of a bill"))
    def bill_line_told(self, row: Entry) -> Any:
        found: Any = with_told_line(Entry.objects.filter(pk=row.pk)).get()
        line = BillLine.objects.select_related("bill").filter(pk=found.told_line).first()
        if line is None:
            return "-"
        return format_html('<a class="text-link" href="{}">{}</a>', page_of(line), f"{line.bill}#{line.line}")


@register("settlement.Posting")
class PostingAdmin(Scoped):
    """One account's share of an entry: debit positive, credit negative."""

    list_display = ("entry", "account", "amount_fen", "day", "storefront")
    list_select_related = ("entry", "storefront")
    list_filter = ("account", "day")
    search_fields = ("entry__key__startswith",)
    ordering = ("-id",)

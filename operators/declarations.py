"""Payments declared to customs, to read and to attend to; the numbers under which a storefront is on file."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from kernel.clock import now
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.scope import OWNERS
from payments.services.declare_change import retry_declaration

NOTE = "后台重新申报 · sent again from its page"


@register("payments.PaymentDeclaration")
class PaymentDeclarationAdmin(Scoped):
    """Each declaration of a payment at a port; what waits for a person is held or failed."""

    writers = OWNERS | {"compliance", "finance"}
    list_display = (
        "order",
        "port",
        "order_fen",
        "state",
        "trouble",
        "explanation",
        "match",
        "succeeded_at",
        "next_try_at",
        "storefront",
    )
    list_select_related = ("order", "storefront")
    list_filter = (
        states("state"),
        ("trouble", admin.EmptyFieldListFilter),
        "port",
        "opened_at",
        "succeeded_at",
    )
    search_fields = (
        "order__number__startswith",
        "payment__out_trade_no__startswith",
        "payment__transaction_id__exact",
        "department_number__exact",
    )
    ordering = ("-id",)
    actions = ("retry",)

    @admin.action(
        description=say("已处理，重新申报或立即查询", "Seen to: declare again, or ask now"),
        permissions=["write"],
    )
    def retry(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: retry_declaration(declaration=row, by=by, note=NOTE, now=now()))


@register("payments.CustomsNumber")
class CustomsNumberAdmin(Scoped):
    """The storefront's number at each port, as registered at WeChat Pay's platform."""

    writers = OWNERS | {"compliance"}
    editable = ("number",)
    addable = ("storefront", "port", "number")
    removable = True
    list_display = ("storefront", "port", "number")
    list_select_related = ("storefront",)
    list_filter = ("port",)
    search_fields = ("number__startswith",)
    ordering = ("storefront", "port")

"""Bills of WeChat Pay, their lines and their differences, to read; a difference is settled with a note."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin

from kernel.cases import AlreadySettled, settle_case
from kernel.models import Case
from operators import told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NoteForm, NothingForm
from operators.scope import WORKERS
from operators.steps import Step, Stepped
from payments.models import Bill, BillDifference
from payments.services.bills.run import ask_again


def _case_of(row: BillDifference) -> Case | None:
    """The open case that tells of this difference, its own or that of all of its kind."""
    kind, keys = f"bill.{row.kind}", [row.key, row.bill.event_key]
    return Case.objects.filter(
        storefront_id=row.storefront_id, kind=kind, key__in=keys, state=Case.State.OPEN
    ).first()


def _settle(row: BillDifference, values: Mapping[str, Any], who: str, at: datetime) -> None:
    case = _case_of(row)
    if case is None:
        raise AlreadySettled()
    settle_case(case=case, by=who, note=values["note"], now=at)


@register("payments.Bill")
class BillAdmin(Stepped):
    """What WeChat Pay says of a day, with its sums, and how far it was compared."""

    list_display = (
        "day",
        "kind",
        "mchid",
        "state",
        "sales",
        "sales_fen",
        "refunds",
        "refunded_fen",
        "fee_fen",
        "differences",
        "trouble",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (states("state"), "kind", "day")
    search_fields = ("mchid__exact",)
    hidden = ("next_try_at",)
    ordering = ("-day", "-id")
    steps = (
        Step(
            name="again",
            title=say("重新下载", "Fetch it again"),
            icon="refresh",
            form=NothingForm,
            hint=say(
                "账单无法解析，尚未取用任何一行；将重新下载。",
                "It could not be read and no line of it was taken; it will be downloaded anew.",
            ),
            do=lambda row, values, who, at: ask_again(bill=row, by=who, now=at),
            roles=WORKERS,
            legal=lambda row: isinstance(row, Bill) and row.state == "unreadable",
        ),
    )


@register("payments.BillDifference")
class BillDifferenceAdmin(Stepped):
    """Where a bill and our books do not say the same, and what to do about it."""

    fields = (
        "bill",
        "kind",
        "todo",
        "theirs_fen",
        "ours_fen",
        "says",
        "payment",
        "refund",
        "line",
        "found_at",
        "storefront",
    )
    list_display = ("found_at", "bill", "kind", "key", "theirs_fen", "ours_fen", "payment", "storefront")
    list_select_related = ("bill", "payment", "storefront")
    list_filter = ("kind", "found_at")
    search_fields = ("key__startswith", "payment__out_trade_no__exact", "refund__out_refund_no__exact")
    ordering = ("-id",)
    steps = (
        Step(
            name="settle",
            title=say("了结", "Settle"),
            icon="task_alt",
            form=NoteForm,
            hint=say(
                "说明如何处理；对应的待处理事项随之了结。", "Say what was done; its case is settled with it."
            ),
            do=_settle,
            roles=WORKERS,
            legal=lambda row: _case_of(row) is not None,
        ),
    )

    @admin.display(description=say("如何处理", "what to do"))
    def todo(self, row: BillDifference) -> str:
        return told.case_todo(f"bill.{row.kind}") or "-"


@register("payments.BillLine")
class BillLineAdmin(Scoped):
    """Each row of a trade bill, as WeChat Pay wrote it."""

    list_display = (
        "at",
        "kind",
        "transaction_id",
        "out_trade_no",
        "order_fen",
        "out_refund_no",
        "refund_asked_fen",
        "fee_fen",
        "payment",
        "storefront",
    )
    list_select_related = ("payment", "storefront")
    list_filter = ("kind",)
    search_fields = ("transaction_id__exact", "out_refund_no__exact")
    ordering = ("-id",)


@register("payments.FundLine")
class FundLineAdmin(Scoped):
    """Each movement of an account at WeChat Pay."""

    list_display = ("at", "business_type", "amount_fen", "balance_fen", "business_id", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("business_id__exact",)
    ordering = ("-id",)

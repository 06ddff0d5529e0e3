"""Bills of WeChat Pay, their lines and their differences, to read; a difference is settled with a note."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.html import format_html_join

from kernel.cases import AlreadySettled, settle_case
from kernel.models import Case
from kernel.money import yuan
from operators import told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NoteForm, NothingForm
from operators.ledger_forms import CorrectForm
from operators.scope import ACCOUNTANTS, WORKERS
from operators.steps import Step, Stepped
from payments.models import Bill, BillDifference
from payments.services.bills.run import ask_again
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.correct import correct, left_open


def _case_of(row: BillDifference) -> Case | None:
    """The open case that tells of this difference, its own or that of all of its kind."""
    kind, keys = f"bill.{row.kind}", [row.key, row.bill.event_key]
    return Case.objects.filter(
        storefront_id=row.storefront_id, kind=kind, key__in=keys, state=Case.State.OPEN
    ).first()


def _correct(row: BillDifference, values: Mapping[str, Any], who: str, at: datetime) -> None:
    correct(
        difference=row,
        account=Account(values["account"]),
        amount_fen=values["amount"],
        note=values["note"],
        by=who,
        now=at,
    )


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
        "left",
        "corrections",
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
        Step(
            name="correct",
            title=say("记账", "Post it"),
            icon="balance",
            form=CorrectForm,
            hint=say(
                "将待查明金额记入科目，每个科目一次，合计不超过差异；记完即了结事项。",
                "What is left goes to an account, once to each and never more than it is;"
                " with the last fen the case is settled.",
            ),
            do=_correct,
            roles=ACCOUNTANTS,
            start=lambda row: {"amount": abs(left_open(row).fen)},
            legal=lambda row: bool(left_open(row).fen),
        ),
    )

    @admin.display(description=say("待记账金额", "left to be posted"))
    def left(self, row: BillDifference) -> str:
        return yuan(left_open(row).fen)

    @admin.display(description=say("更正凭证", "corrections"))
    def corrections(self, row: BillDifference) -> Any:
        entries = Entry.objects.filter(difference=row).order_by("id")
        rows = ((told.page_of(one), one.key) for one in entries)
        return format_html_join("", '<div><a class="text-link" href="{}">{}</a></div>', rows) or "-"

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

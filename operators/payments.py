"""Payments and what WeChat reported of them, to read; money is moved by services alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from operators import refund_story
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.refund_forms import TransferForm
from operators.scope import ACCOUNTANTS, OWNERS, PLATFORM
from operators.steps import Step, Stepped
from payments.models import Notification, Payment
from payments.services import taking
from payments.services.refund_verbs import pay_stray
from payments.services.settle import SENT_BACK


def _paid_back(row: Payment, values: Mapping[str, Any], who: str, at: datetime) -> None:
    told = {"reference": values["reference"], "on": values["day"], "note": values["note"]}
    pay_stray(payment=row, by=who, now=at, **told)


@register("payments.Payment")
class PaymentAdmin(Stepped):
    """Each attempt to pay, under its own number."""

    list_display = (
        "out_trade_no",
        "order",
        "amount_fen",
        "received_fen",
        "state",
        "transaction_id",
        "created_at",
        "succeeded_at",
        "storefront",
    )
    list_select_related = ("order", "storefront")
    list_filter = (
        states("state"),
        "created_at",
        "succeeded_at",
        ("stray_reason", admin.EmptyFieldListFilter),
    )
    search_fields = ("out_trade_no__startswith", "transaction_id__exact", "order__number__startswith")
    hidden = ("prepay_id",)
    ordering = ("-id",)
    change_form_outer_after_template = "operators/order_story.html"
    steps = (
        Step(
            name="stray-transferred",
            title=say("登记线下退款", "Sent back by transfer"),
            icon="account_balance_wallet",
            form=TransferForm,
            do=_paid_back,
            roles=ACCOUNTANTS,
            legal=lambda row: row.state == "stray" and row.stray_reason in SENT_BACK,
            hint=say(
                "款项无对应订单且微信不再受理退款（已满一年）时，全额转账后在此登记。",
                "Where no order could take the money and WeChat Pay refunds it no more (after a year): pay "
                "the whole by transfer, then record it here.",
            ),
        ),
    )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {"story": refund_story.of_payment(row) if row else [], **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer


def _again(row: Notification, values: Mapping[str, Any], who: str, at: datetime) -> None:
    taking.again(raw=row, by=who, now=at)


@register("payments.Notification")
class NotificationAdmin(Stepped):
    """What WeChat Pay told, and what became of it; a body that is still kept is not shown."""

    scope_path = PLATFORM
    list_display = ("received_at", "mchid", "event_type", "out_trade_no", "outcome", "error")
    list_filter = (states("outcome"), "received_at")
    search_fields = ("mchid__exact", "out_trade_no__exact", "notice_id__exact")
    ordering = ("-id",)
    steps = (
        Step(
            name="again",
            title=say("再次处理", "Take it in again"),
            icon="refresh",
            form=NothingForm,
            do=_again,
            roles=OWNERS,
            legal=lambda row: row.outcome in taking.TO_MEND,
        ),
    )


@register("payments.PaymentOriginal")
class PaymentOriginalAdmin(Scoped):
    """That a payment's original data is kept, and since when; what it says rests sealed."""

    list_display = ("payment", "kept_at", "storefront")
    list_select_related = ("payment", "storefront")
    list_filter = ("kept_at",)
    search_fields = ("payment__out_trade_no__startswith", "payment__transaction_id__exact")
    ordering = ("-id",)

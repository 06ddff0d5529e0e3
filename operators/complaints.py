"""Complaints by their clocks, the next to run out first: what to say in each stands above it as buttons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, F, Q, Value, When
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from compliance.vault import VaultError
from kernel.clock import now
from operators.amounts import YuanField
from operators.base import Scoped, register
from operators.bilingual import say
from operators.columns import worded
from operators.filters import Switch, states
from operators.incident_forms import NothingForm
from operators.reveal import PurposeForm, nothing
from operators.scope import CARERS, OWNERS
from operators.steps import Step, Stepped
from operators.tables import Table, when
from payments.models import Complaint
from payments.services import complaint_answers as answers
from returns.services.given import mind_given
from storefronts.models import Membership
from wechat.errors import WechatError
from wechat.pay.complaints import REPLY_LENGTH
from wechat.pay.pictures import MOST_BYTES

REFUNDERS = OWNERS | {Membership.Role.FINANCE.value, Membership.Role.CUSTOMER_SERVICE.value}
_HERE, _ELSEWHERE = Complaint.Channel.PAYMENT, Complaint.Channel.MINI_PROGRAM


class _Several(UnfoldAdminFileFieldWidget):
    allow_multiple_selected = True


class TextForm(forms.Form):
    """What the consumer will read."""

    text = forms.CharField(
        label=say("回复内容", "text"), max_length=REPLY_LENGTH, widget=UnfoldAdminTextareaWidget
    )


class Pictures(forms.FileField):
    """Several files; each is looked at when it is left with WeChat."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=_Several(), **options)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(Pictures, self).clean(one, initial) for one in data or ()]


class ReplyForm(TextForm):
    """What the consumer will read and see."""

    pictures = Pictures(
        label=say("图片（最多四张，可不选）", "pictures (at most four)"),
        required=False,
        help_text=say("JPG、PNG 或 BMP，每张不超过 2MB。", "JPG, PNG or BMP, each at most 2 MB."),
    )


class AmountForm(forms.Form):
    """How much goes back; left empty it is all that is left."""

    amount_fen = YuanField(
        label=say("退款金额（元）", "amount (CNY)"),
        required=False,
        help_text=say("留空为全额退款。部分退款不影响申报。", "Empty: all of it. A part is goodwill."),
    )


class NoteForm(forms.Form):
    """What was done in the mini-program's console."""

    note = forms.CharField(label=say("说明", "note"), max_length=200, widget=UnfoldAdminTextareaWidget)
    ended = forms.BooleanField(label=say("已结案", "it is over"), required=False, widget=UnfoldBooleanWidget)


class OpenFilter(Switch):
    """Complaints that are not over."""

    title = say("进展", "progress")
    parameter_name = "open"
    yes = say("未结束", "not over")

    @classmethod
    def question(cls) -> Q:
        return ~Q(state="processed")


def _free(row: Complaint) -> bool:
    if row.channel != _HERE or row.state == "processed":
        return False
    return not row.acts.filter(state__in=answers.OPEN).exists()


def _wished(row: Complaint) -> bool:
    return _free(row) and row.problem_type == "REFUND"


def _reply(row: Complaint, values: Mapping[str, Any], who: str, at: datetime) -> None:
    contents = [one.read(MOST_BYTES + 1) for one in values["pictures"]]
    images = answers.leave_pictures(complaint=row, contents=contents) if contents else []
    answers.reply(complaint=row, text=values["text"], images=images, by=who, now=at)


def _approve(row: Complaint, values: Mapping[str, Any], who: str, at: datetime) -> None:
    answers.approve_refund(complaint=row, amount_fen=values["amount_fen"] or None, by=who, now=at)
    if row.order is not None:
        mind_given(order=row.order, by=who, now=at)


def _reject(row: Complaint, values: Mapping[str, Any], who: str, at: datetime) -> None:
    answers.reject_refund(complaint=row, reason=values["text"], by=who, now=at)


def _complete(row: Complaint, values: Mapping[str, Any], who: str, at: datetime) -> None:
    answers.complete(complaint=row, by=who, now=at)


def _note(row: Complaint, values: Mapping[str, Any], who: str, at: datetime) -> None:
    answers.note_outside(complaint=row, ended=values["ended"], by=who, note=values["note"], now=at)


def _reveal(row: Complaint, values: Mapping[str, Any], who: str, at: datetime) -> list[Table]:
    try:
        detail, phone = answers.open_for(complaint=row, who=who, purpose=values["purpose"], now=at)
    except VaultError:
        return nothing(say("密钥已销毁，内容无法再打开。", "Its key was destroyed: it opens no more."))
    except WechatError:
        return nothing(say("电话无法用现有商户密钥打开。", "The telephone opens under none of our keys."))
    rows = [[say("投诉内容", "what was written"), detail or "-"], [say("电话", "telephone"), phone or "-"]]
    return [{"title": str(row), "headers": ["", ""], "rows": rows}]


_PROBLEM = worded("problem_type", say("问题类型", "problem"), "payments.Complaint")


@register("payments.Complaint")
class ComplaintAdmin(Stepped):
    """Each complaint of either channel; what the consumer wrote opens for a stated purpose alone."""

    readers = REFUNDERS | CARERS | {Membership.Role.AUDITOR.value}
    writers = CARERS
    hidden = ("key", "heard_at", "public_id")
    list_display = (
        "external_id",
        "channel",
        "state",
        "clock",
        _PROBLEM,
        "wished_fen",
        "order",
        "joined",
        "complained_at",
        "storefront",
    )
    list_select_related = ("order", "joined", "storefront")
    list_filter = (OpenFilter, states("state"), "channel", "complained_at")
    search_fields = (
        "external_id__exact",
        "out_trade_no__exact",
        "transaction_id__exact",
        "order__number__startswith",
    )
    steps = (
        Step(
            name="reveal",
            title=say("查看内容与电话", "Open text and telephone"),
            icon="visibility",
            form=PurposeForm,
            do=_reveal,
            roles=CARERS,
        ),
        Step(
            name="reply",
            title=say("回复", "Reply"),
            icon="reply",
            form=ReplyForm,
            do=_reply,
            roles=CARERS,
            legal=_free,
            outside=True,
        ),
        Step(
            name="approve",
            title=say("同意退款", "Approve the refund"),
            icon="currency_exchange",
            form=AmountForm,
            do=_approve,
            roles=REFUNDERS,
            legal=lambda row: _wished(row) and row.order_id is not None,
            hint=say(
                "将立即申请退款；订单在海关审核期间的，放行后自动退款，并告知消费者承诺日期。",
                "The refund is asked for at once; while customs decides it waits, and a day is promised.",
            ),
        ),
        Step(
            name="reject",
            title=say("拒绝退款", "Reject the refund"),
            icon="block",
            form=TextForm,
            do=_reject,
            roles=CARERS,
            legal=_wished,
            hint=say("消费者将看到该理由。", "The consumer reads this reason."),
        ),
        Step(
            name="complete",
            title=say("处理完成", "Complete"),
            icon="task_alt",
            form=NothingForm,
            do=_complete,
            roles=CARERS,
            legal=lambda row: _free(row) and row.state == "processing",
        ),
        Step(
            name="note",
            title=say("登记后台已回复", "Note what was done in the console"),
            icon="edit_note",
            form=NoteForm,
            do=_note,
            roles=CARERS,
            legal=lambda row: row.channel == _ELSEWHERE and row.state != "processed",
        ),
    )

    def get_ordering(self, request: HttpRequest) -> Any:
        """What is open first, by the clock that runs out next."""
        over = Case(When(state="processed", then=Value(1)), default=Value(0))
        due = Case(When(state="pending", then=F("reply_by")), default=F("finish_by"))
        return (over, due, "-id")

    def __init__(self, model: Any, site: Any) -> None:
        super().__init__(model, site)
        self.documents |= {"problem_type": _PROBLEM}

    @admin.display(description=say("时限", "clock"), ordering="reply_by")
    def clock(self, row: Any) -> Any:
        """What is due next and when, or that it is late."""
        if row.state == "processed":
            return "-"
        due = row.reply_by if row.state == "pending" else row.finish_by
        what = say("首次回复", "first reply") if row.state == "pending" else say("处理完成", "end")
        late = say("已逾期", "overdue") if due <= now() else ""
        return " ".join(str(part) for part in (what, when(due), late) if part)


@register("payments.ComplaintAct")
class ComplaintActAdmin(Scoped):
    """What was said in complaints, by whom, and whether WeChat has it; the words stay sealed."""

    readers = REFUNDERS | CARERS | {Membership.Role.AUDITOR.value}
    hidden = ("next_try_at", "public_id")
    list_display = ("complaint", "kind", "state", "by", "asked_at", "done_at", "trouble", "storefront")
    list_select_related = ("complaint", "storefront")
    list_filter = (states("state"), "kind", "asked_at")
    search_fields = ("complaint__external_id__exact",)
    ordering = ("-id",)

"""An accountant says which pieces a refund of WeChat Pay's own gave back: seen to the fen, then entered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from unfold.widgets import UnfoldBooleanSwitchWidget

from kernel.money import yuan
from operators.bilingual import say
from operators.refund_forms import NotedForm
from operators.refund_wish import form_of, pieces_of
from operators.scope import ACCOUNTANTS
from operators.steps import Preview, Step
from operators.tables import Table
from payments.models import Refund
from payments.services.refund_pieces import is_nameable
from settlement.services.named_pieces import enter_named


class PiecesForm(NotedForm):
    """Pieces by line, with or without their freight; `seen_fen` is what was shown before."""

    freight = forms.BooleanField(
        label=say("含运费分摊", "with their share of freight"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    seen_fen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not pieces_of(values):
            raise forms.ValidationError(say("请填写件数。", "Say pieces of a line."))
        return values


def _form_of(refund: Refund) -> type[forms.Form]:
    return form_of(refund.order, PiecesForm)


def _name(refund: Refund, values: Mapping[str, Any], who: str, at: datetime) -> Preview | None:
    with transaction.atomic():
        entry = enter_named(
            refund=refund,
            pieces=pieces_of(values),
            freight=values["freight"],
            by=who,
            note=values["note"],
            now=at,
        )
        moved = {one.account: one.amount_fen for one in entry.postings.all()}
        named = -moved["goodwill"]
        if values["seen_fen"] == named:
            return None
        transaction.set_rollback(True)
    return Preview([_table(refund, moved)], {"seen_fen": str(named)}, say("确认", "Confirm"))


def _table(refund: Refund, moved: Mapping[str, int]) -> Table:
    named = -moved["goodwill"]
    parts = (moved.get(account, 0) for account in ("sales", "freight", "tax"))
    amounts = (refund.amount_fen, *parts, named, refund.other_fen - named)
    return {
        "title": say("将记账（尚未提交）", "What will be entered (nothing is yet)"),
        "headers": [
            say("退款金额", "refunded"),
            say("商品", "goods"),
            say("运费", "freight"),
            say("税款", "tax"),
            say("所指定商品合计（元）", "named pieces (CNY)"),
            say("仍为补偿", "stays goodwill"),
        ],
        "rows": [[yuan(one) for one in amounts]],
    }


STEP = Step(
    name="name-pieces",
    title=say("指定退款商品", "Name the pieces"),
    icon="checklist",
    form=PiecesForm,
    form_of=_form_of,
    do=_name,
    roles=ACCOUNTANTS,
    legal=is_nameable,
    start=lambda row: {"freight": True},
    hint=say(
        "微信侧发起的退款暂记为补偿；指定所退商品后，商品、运费与税款随之更正，清单方可发送。先显示金额再确认。",
        "WeChat Pay refunded by itself, and it is goodwill until its pieces are named; then goods, freight "
        "and tax follow, and the list may go. First shown to the fen, then confirmed.",
    ),
)

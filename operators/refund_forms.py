"""What an operator types to give money back: the consumer sees the reason, the house alone the note."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from kernel.ids import uuid7
from operators.amounts import YuanField
from operators.bilingual import say


def _line(label: Any, most: int, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, help_text=help_text, widget=UnfoldAdminTextInputWidget
    )


class NotedForm(forms.Form):
    """Why it is done, for the house alone."""

    note = _line(say("内部说明", "note for the house"), 300, say("不写个人信息。", "No person's data."))


class AskForm(NotedForm):
    """What every wish needs; `key` makes a form that is sent twice one refund, and never stands for a refund
    that the house asks for by itself: whatever the field says, it is the key of a form."""

    reason = _line(
        say("退款原因", "reason"), 80, say("微信会向消费者展示。", "WeChat shows it to the consumer.")
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=50)

    def clean_key(self) -> str:
        return f"operator:{self.cleaned_data['key']}"


class GoodwillForm(AskForm):
    """An amount beside the order."""

    amount = YuanField(label=say("补偿金额（元）", "amount (CNY)"), min_value=Decimal("0.01"))
    field_order = ("amount", "reason", "note")


class TransferForm(NotedForm):
    """A transfer to the consumer that was made at the bank."""

    reference = _line(say("银行流水号", "bank's number"), 80)
    day = forms.DateField(label=say("转账日期", "day of the transfer"), widget=UnfoldAdminSingleDateWidget)
    field_order = ("reference", "day", "note")


class AllForm(AskForm):
    """All that is left; `seen_fen` is what was shown before."""

    seen_fen = forms.IntegerField(widget=forms.HiddenInput, required=False)


class AllPaidForm(AllForm):
    """The same, and the transfer that paid it."""

    reference = _line(say("银行流水号", "bank's number"), 80)
    day = forms.DateField(label=say("转账日期", "day of the transfer"), widget=UnfoldAdminSingleDateWidget)
    field_order = ("reference", "day", "reason", "note")


class CardForm(NotedForm):
    """The consumer's own bank card, as they told it; it goes to WeChat encrypted and is kept nowhere."""

    bank_type = _line(
        say("银行类型", "bank type"), 32, say("微信银行代码，如 ICBC_DEBIT", "WeChat's code, as ICBC_DEBIT")
    )
    account = _line(say("银行卡号", "card number"), 32)
    name = _line(say("持卡人姓名", "name on the card"), 60)
    field_order = ("bank_type", "account", "name", "note")


def new_key(row: Any) -> dict[str, Any]:
    """A form begins with a wish of its own."""
    return {"key": str(uuid7())}

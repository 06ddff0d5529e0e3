"""What an accountant types about a batch: whose money, the institution's answer, the bank's credit."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from operators.bilingual import say
from settlement.currency import CURRENCIES
from settlement.models import ForexReceipt


class BatchForm(forms.Form):
    """Whose money, in which currency."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    currency = forms.ChoiceField(
        label=say("币种", "currency"),
        choices=[(one, one) for one in sorted(CURRENCIES)],
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, storefronts: dict[int, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["storefront"].choices = [  # type: ignore[attr-defined]
            (str(id), name) for id, name in storefronts.items()
        ]


class AnswerForm(forms.Form):
    """The institution's file, as it came."""

    answer = forms.FileField(label=say("答复文件", "answer"), widget=UnfoldAdminFileFieldWidget)


class ReceiptForm(forms.Form):
    """One line of the bank's statement."""

    kind = forms.ChoiceField(
        label=say("类型", "kind"),
        choices=[
            (ForexReceipt.Kind.CREDIT, say("入账", "credit")),
            (ForexReceipt.Kind.CHARGE, say("银行扣费", "bank charge")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    reference = forms.CharField(
        label=say("银行流水号", "bank's reference"), max_length=60, widget=UnfoldAdminTextInputWidget
    )
    amount = forms.CharField(
        label=say("金额（批次币种）", "amount, in the batch's currency"),
        max_length=20,
        widget=UnfoldAdminTextInputWidget,
    )
    credited_on = forms.DateField(label=say("入账日期", "credited on"), widget=UnfoldAdminDateWidget)

"""What an accountant types about the books: where a difference goes, and of which days a statement is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from operators.amounts import YuanField
from operators.bilingual import say
from operators.names import state_name
from operators.refund_forms import NotedForm
from settlement.services.correct import TARGETS


class CorrectForm(NotedForm):
    """An account, and how much of the difference goes there."""

    account = forms.ChoiceField(label=say("科目", "account"), widget=UnfoldAdminSelectWidget)
    amount = YuanField(label=say("金额（元）", "amount (CNY)"), min_value=Decimal("0.01"))
    field_order = ("account", "amount", "note")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["account"].choices = [  # type: ignore[attr-defined]
            (one.value, state_name(one.value, one.label, "settlement.Posting")) for one in TARGETS
        ]

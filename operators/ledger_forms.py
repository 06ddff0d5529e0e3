"""What an accountant types about the books: where a difference goes, and of which days a statement is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from operators.amounts import YuanField
from operators.bilingual import say
from operators.names import state_name
from operators.refund_forms import NotedForm
from settlement.currency import CURRENCIES
from settlement.services.correct import TARGETS


class StatementForm(forms.Form):
    """Whose books, and of which days."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    first = forms.DateField(label=say("起始日", "first day"), widget=UnfoldAdminDateWidget)
    last = forms.DateField(label=say("截止日", "last day"), widget=UnfoldAdminDateWidget)

    def __init__(self, *args: Any, storefronts: Mapping[int, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["storefront"].choices = [  # type: ignore[attr-defined]
            (str(id), name) for id, name in storefronts.items()
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("first") and values.get("last") and values["last"] < values["first"]:
            raise forms.ValidationError(say("截止日早于起始日。", "The last day lies before the first."))
        return values


class BrandStatementForm(StatementForm):
    """Whose, in which currency, and of which days."""

    currency = forms.ChoiceField(
        label=say("币种", "currency"),
        choices=[(one, one) for one in sorted(CURRENCIES)],
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("storefront", "currency", "first", "last")


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

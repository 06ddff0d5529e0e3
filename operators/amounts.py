"""Money is stored in fen and shown and typed in yuan; nothing is rounded on the way."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel.money import priced, yuan


class YuanField(forms.DecimalField):
    """A form field that reads "12.34" and yields 1234; more than two decimals are refused."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}))
        super().__init__(max_digits=14, decimal_places=2, **options)

    def prepare_value(self, value: Any) -> Any:
        return yuan(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        amount: Decimal | None = super().clean(value)
        return None if amount is None else int(amount.scaleb(2))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


def shown(value: Any) -> str:
    """An amount in fen as a reader sees it; what is not an amount (an empty value's dash) stays as it is."""
    text = str(value)
    return priced(int(text)) if text.lstrip("-").isdigit() else text


def column(field: str) -> Any:
    """A list column for an amount, sortable; in a file it is a plain number (`plain`)."""

    def told(how: Callable[[int], str]) -> Any:
        @admin.display(ordering=field, empty_value="-")
        def amount(row: Any) -> str | None:
            value = getattr(row, field)
            return None if value is None else how(value)

        return amount

    shown = told(priced)
    shown.plain = told(yuan)
    return shown

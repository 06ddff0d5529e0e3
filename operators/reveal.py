"""What is sealed opens for an operator with a stated purpose, is shown once, and never kept in the page."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from operators.bilingual import say
from operators.tables import Table


class PurposeForm(forms.Form):
    """The purpose goes into the access log, beside the operator's name and the time."""

    purpose = forms.CharField(
        label=say("查看目的", "purpose"),
        min_length=4,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=say(
            "将与您的账号、时间一并记入访问日志。", "Kept in the access log with your name and the time."
        ),
    )


def nothing(text: Any) -> list[Table]:
    """What is shown where there is nothing to open, and why."""
    return [{"title": text, "headers": [], "rows": []}]

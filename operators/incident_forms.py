"""What an officer types about an incident, in the officer's language; no field asks for a person's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from compliance.incident_texts import kinds
from compliance.models.incident import Incident
from operators.amounts import YuanField
from operators.bilingual import chinese, say
from operators.names import state_name

PLATFORM = "platform"

_TEXTS = {
    "cause_zh": say("原因（中文）", "cause (Chinese)"),
    "cause_en": say("原因（英文）", "cause (English)"),
    "measures_zh": say("补救措施（中文）", "remedies (Chinese)"),
    "measures_en": say("补救措施（英文）", "remedies (English)"),
}


def _line(label: Any, required: bool = True, help_text: Any = "", **options: Any) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget
    return forms.CharField(label=label, required=required, help_text=help_text, widget=widget, **options)


def _text(label: Any, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, required=required, widget=UnfoldAdminTextareaWidget)


def _instant(label: Any) -> forms.SplitDateTimeField:
    return forms.SplitDateTimeField(label=label, widget=UnfoldAdminSplitDateTimeWidget)


class RegisterForm(forms.Form):
    """What is known in the first minutes."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    kind = forms.ChoiceField(label=say("类型", "kind"), widget=UnfoldAdminSelectWidget)
    title = _line(
        say("概况", "what happened"),
        max_length=200,
        help_text=say("一句话，不写任何人的姓名或号码。", "One line; no person's name or number."),
    )
    detected_at = _instant(say("发现时间", "detected"))
    window_from = _instant(say("涉及时段起", "period from"))
    window_to = _instant(say("涉及时段止", "period to"))
    who = _line(
        say("可疑账号", "suspect"),
        required=False,
        max_length=80,
        help_text=say(
            "操作员用户名或合作方凭证，与访问日志一致；留空则计入全部访问。",
            "Operator or credential as in the access log; empty counts every access.",
        ),
    )
    what = _line(
        say("数据范围", "which data"),
        required=False,
        max_length=80,
        help_text=say(
            "标签开头，例如 orders.order；留空不限。",
            "Beginning of a label, such as orders.order; empty for all.",
        ),
    )
    contact = _line(
        say("个人信息处理者及联系方式", "who answers for the data, and how to reach them"), max_length=300
    )
    critical = forms.BooleanField(
        label=say("涉及关键信息基础设施", "critical information infrastructure"),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, storefronts: Mapping[int, str], platform: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(str(id), name) for id, name in storefronts.items()]
        if platform:
            choices.append((PLATFORM, str(say("全平台", "the whole platform"))))
        self.fields["storefront"].choices = choices  # type: ignore[attr-defined]
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (value, state_name(value, label)) for value, label in Incident.Kind.choices
        ]


class AssessForm(forms.Form):
    """How grave it is and why; may be filled in again as more is known."""

    persons = forms.IntegerField(
        label=say("涉及人数", "persons concerned"),
        min_value=0,
        max_value=2_000_000_000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=say(
            "如已冻结的名单人数更多，以名单为准。", "Where the frozen list counts more, the list holds."
        ),
    )
    loss_fen = YuanField(label=say("直接经济损失（元）", "direct loss (CNY)"), min_value=0)
    data_kinds = forms.MultipleChoiceField(
        label=say("涉及信息种类", "kinds of data"), widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        language = "zh" if chinese() else "en"
        self.fields["data_kinds"].choices = [  # type: ignore[attr-defined]
            (code, kind[language]) for code, kind in kinds().items()
        ]
        for name, label in _TEXTS.items():
            self.fields[name] = _text(label, required=False)


class NothingForm(forms.Form):
    """A step that needs a yes and no more."""


class NoteForm(forms.Form):
    """A step that says why."""

    note = _text(say("说明", "note"))


class TellForm(forms.Form):
    """To whom it was sent, and how."""

    channel = _line(
        say("送达对象及方式", "to whom, and how"),
        max_length=200,
        help_text=say(
            "例如：上海市网信办，12387 平台", "such as: provincial authority, its reporting platform"
        ),
    )


class WordingForm(forms.Form):
    """The officer's own wording of a notice."""

    zh = _text(say("中文", "Chinese"))
    en = _text(say("英文", "English"))

"""What a colleague asks of customs after a list is there: the list back (撤单), or its goods (退货)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from customs.models import Declaration
from customs.services import came_back, return_story, undoing
from customs.services.answers import WITH_CUSTOMS
from customs.services.shown import SHOWN, enter_shown
from customs.states import DECLARATION
from operators import customs_words as words
from operators.bilingual import say
from operators.scope import OFFICERS
from operators.steps import Step
from orders.models import OrderLine

Values = Mapping[str, Any]
_PIECES, _SEEN = "pieces:", "seen:"


class ReasonForm(forms.Form):
    """Why, as customs is told."""

    reason = forms.CharField(
        label=say("原因（告知海关）", "reason, told to customs"),
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class ShownForm(forms.Form):
    """What the port's page shows of the list."""

    status = forms.ChoiceField(
        label=say("口岸页面显示的状态", "status on the port's page"),
        choices=lambda: [(code, words.status(code)) for code in SHOWN],
        widget=UnfoldAdminSelectWidget,
    )
    list_no = forms.CharField(
        label=say("清单编号", "number of the list"), max_length=18, widget=UnfoldAdminTextInputWidget
    )
    shown_at = forms.DateTimeField(
        label=say("海关作出该状态的时间（北京时间）", "when customs decided so (Beijing time)"),
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "2026-11-27 10:30:00"}),
    )
    note = forms.CharField(
        label=say("在何处看到", "where it was seen"),
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


def _return_form(row: Declaration) -> type[forms.Form]:
    """A field for each line of the order, so many of it come back."""
    lines = OrderLine.objects.filter(order_id=row.order_id).order_by("position")
    fields = {f"{_PIECES}{line.sku}": _pieces(f"{line.name_zh} {line.sku}", line.quantity) for line in lines}
    return type("ReturnForm", (ReasonForm,), fields)


def _never_form(row: Declaration) -> type[forms.Form]:
    """Which return never comes, or what is left of it."""
    numbers = [(number, f"{number}（{_said(pieces)}）") for number, pieces in came_back.expected(row).items()]
    field = forms.ChoiceField(
        label=say("退货申请单号", "number of the return"), choices=numbers, widget=UnfoldAdminSelectWidget
    )
    return type("NeverForm", (forms.Form,), {"number": field})


def _arrived_form(row: Declaration) -> type[forms.Form]:
    """The day on which goods were back, and for each return and SKU that is awaited how many of it."""
    told, fields = return_story.stories(row), dict[str, forms.Field]()
    for number, pieces in came_back.expected(row).items():
        fields[f"{_SEEN}{number}"] = forms.IntegerField(
            widget=forms.HiddenInput, initial=len(told[number].arrivals)
        )
        for sku, many in pieces.items():
            label = say(
                f"{number} {sku} 到货件数（待到货 {many}）", f"{number} {sku}: back, of {many} awaited"
            )
            fields[f"{_PIECES}{number}:{sku}"] = _pieces(label, many)
    fields["on"] = forms.DateField(
        label=say("运回原监管场所之日", "day on which they were back at the original site"),
        widget=UnfoldAdminDateWidget,
    )
    return type("ArrivedForm", (forms.Form,), fields)


def _pieces(label: Any, most: int) -> forms.IntegerField:
    """So many pieces, none unless they are entered."""
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=0, max_value=most, initial=0, widget=widget)


def _said(pieces: Mapping[str, int]) -> str:
    return "，".join(f"{sku} × {many}" for sku, many in pieces.items())


def _ask_back(row: Declaration, values: Values, who: str, at: datetime) -> None:
    undoing.ask_back(declaration=row, reason=values["reason"], by=who, now=at)


def _return(row: Declaration, values: Values, who: str, at: datetime) -> None:
    pieces = {
        name.removeprefix(_PIECES): many for name, many in values.items() if name.startswith(_PIECES) and many
    }
    undoing.declare_return(declaration=row, pieces=pieces, reason=values["reason"], by=who, now=at)


def _arrived(row: Declaration, values: Values, who: str, at: datetime) -> None:
    came: dict[str, dict[str, int]] = {}
    for name, many in values.items():
        if name.startswith(_PIECES) and many:
            number, sku = name.removeprefix(_PIECES).split(":", 1)
            came.setdefault(number, {})[sku] = many
    if not came:
        raise undoing.NothingReturned()
    with transaction.atomic():
        for number, pieces in came.items():
            came_back.goods_arrived(
                declaration=row,
                number=number,
                on=values["on"],
                pieces=pieces,
                after=values[f"{_SEEN}{number}"],
                by=who,
                now=at,
            )


def _never(row: Declaration, values: Values, who: str, at: datetime) -> None:
    came_back.never_came(declaration=row, number=values["number"], by=who, now=at)


def _enter_shown(row: Declaration, values: Values, who: str, at: datetime) -> None:
    enter_shown(declaration=row, by=who, now=at, **values)


STEPS = (
    Step(
        name="shown",
        title=say("录入口岸显示的状态", "Enter what the port shows"),
        button=say("确认录入", "Enter it"),
        icon="visibility",
        form=ShownForm,
        do=_enter_shown,
        roles=OFFICERS,
        legal=lambda row: row.state in WITH_CUSTOMS or row.state == "released",
        hint=say(
            "仅在回执遗失时使用：录入后与收到回执效果相同（如放行后货物可以出区），并记入留痕。",
            "Only where the receipt was lost: it has the receipt's effect (once released, goods may leave the"
            " zone) and is kept on record.",
        ),
    ),
    Step(
        name="ask-back",
        title=say("申请撤单", "Ask the list back"),
        button=say("确认申请撤单", "Ask it back"),
        icon="undo",
        form=ReasonForm,
        do=_ask_back,
        roles=OFFICERS,
        legal=lambda row: row.state in DECLARATION.moves["ask_back"] and bool(row.list_no),
        hint=say(
            "仅限海关已接受、尚未放行的清单。海关同意后订单取消、全额退款、额度恢复；不同意的，清单继续办理。",
            "Only of a list that customs has accepted and not released. Once customs grants it the order is"
            " cancelled, all money goes back and the allowance is free; refused, the list goes on.",
        ),
    ),
    Step(
        name="return",
        title=say("申报退货", "Declare a return"),
        button=say("确认申报退货", "Declare it"),
        icon="assignment_return",
        form=ReasonForm,
        form_of=_return_form,
        do=_return,
        roles=OFFICERS,
        legal=lambda row: row.state in undoing.RELEASED,
        hint=say(
            "自放行之日起三十日内申报，并于四十五日内运回原监管场所，方可不征税款、恢复额度。",
            "Within thirty days of the release; back at the original site within forty-five, no tax is levied"
            " and the allowance comes back.",
        ),
    ),
    Step(
        name="arrived",
        title=say("登记退货运回", "Enter goods that came back"),
        button=say("确认登记", "Enter it"),
        icon="where_to_vote",
        form=forms.Form,
        form_of=_arrived_form,
        do=_arrived,
        roles=OFFICERS,
        legal=lambda row: row.state in undoing.RELEASED and bool(came_back.expected(row)),
        hint=say(
            "填写实际运回的件数，可分次登记。自放行之日起四十五日内运回，且海关同意退货的，恢复消费者的"
            "年度额度；逾期的和未运回的，不恢复。",
            "Enter the pieces that are really back, now or in several goes. Back within forty-five days of"
            " the release, and granted by customs, they restore the consumer's allowance of the year; later,"
            " or not back at all, they do not.",
        ),
    ),
    Step(
        name="never-came",
        title=say("登记退货未运回", "Goods that never came"),
        button=say("确认未运回", "They never came"),
        icon="wrong_location",
        form=forms.Form,
        form_of=_never_form,
        do=_never,
        roles=OFFICERS,
        legal=lambda row: row.state in undoing.RELEASED and bool(came_back.expected(row)),
        hint=say(
            "货物（或其余件数）途中丢失、确定不再运回时登记：税款与年度额度不再退还，账册不再计入该批件数，待办自动办结。"
            "请报关行在口岸撤销该退货申请，或任其过期。日后又运回的，仍可由退货中心收货登记。",
            "Once goods are lost for good: tax and allowance stay used, the account book counts them no"
            " more, and what waits for them settles. Have the agent withdraw the return at the port or let it"
            " expire. Should they come after all, the return centre can still receive them.",
        ),
    ),
)

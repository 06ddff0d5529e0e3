"""What an operator types to move stock: how many pieces, of which lot, and why."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from operators.bilingual import say


def _line(label: Any, most: int, help_text: Any = "", required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        help_text=help_text,
        required=required,
        widget=UnfoldAdminTextInputWidget,
    )


def _pieces(label: Any, least: int = 1) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=least, max_value=1_000_000, widget=UnfoldAdminIntegerFieldWidget
    )


def _listed() -> forms.CharField:
    return _line(
        say("该批次的核注清单编号", "inbound list of the lot"),
        30,
        say("同一批次号分属多份清单时填写。", "Where one lot number lies under several lists."),
        False,
    )


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=UnfoldAdminDateWidget)


class ReasonForm(forms.Form):
    """Why."""

    reason = _line(say("原因", "reason"), 200, say("不写个人信息。", "No person's data."))


class PiecesForm(ReasonForm):
    """How many, and why."""

    pieces = _pieces(say("件数", "pieces"))
    field_order = ("pieces", "reason")


class DifferenceForm(ReasonForm):
    """How many more or fewer there are."""

    pieces = forms.IntegerField(
        label=say("增减件数", "more or fewer"),
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=say("盘亏填负数。", "Below zero where pieces are missing."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order = ("pieces", "reason")


class ReceiveForm(forms.Form):
    """A lot as it came."""

    pieces = _pieces(say("件数", "pieces"))
    code = _line(say("批次号", "lot number"), 60, say("无批次可留空。", "Empty without one."), False)
    produced_on = _day(say("生产日期", "produced on"))
    expires_on = _day(say("到期日", "expires on"))
    inbound_list = _line(
        say("核注清单编号", "number of the inbound list"),
        30,
        say("保税仓入库时填写。", "For bonded warehouses."),
        False,
    )
    reason = _line(say("备注", "note"), 200, "", False)
    held = forms.BooleanField(required=False, widget=forms.HiddenInput)


class CorrectForm(ReasonForm):
    """A lot as it should have been entered."""

    produced_on = _day(say("生产日期", "produced on"))
    expires_on = _day(say("到期日", "expires on"))
    inbound_list = _line(say("核注清单编号", "number of the inbound list"), 30, "", False)
    field_order = ("produced_on", "expires_on", "inbound_list", "reason")


class CountForm(ReasonForm):
    """How many pieces there are, beside how many there were said to be."""

    pieces = _pieces(say("实盘件数", "pieces counted"), 0)
    seen = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ("pieces", "reason", "seen")


class ConfirmForm(forms.Form):
    """Nothing is asked."""


class CountedForm(forms.Form):
    """What was counted of a lot."""

    sku = _line("SKU", 64)
    code = _line(say("批次号", "lot number"), 60, say("无批次可留空。", "Empty without one."), False)
    inbound_list = _listed()
    pieces = _pieces(say("实盘件数", "pieces counted"), 0)


class WeightForm(forms.Form):
    """What the scales say."""

    weight_g = _pieces(say("实重（克）", "weighed (g)"))
    second_look = forms.BooleanField(
        label=say("我已开箱复核，商品与件数无误", "I have opened it: goods and pieces are right"),
        required=False,
        widget=UnfoldBooleanWidget,
    )


class MissingForm(forms.Form):
    """What of a load did not arrive."""

    sku = _line("SKU", 64, "", False)
    code = _line(say("批次号", "lot number"), 60, "", False)
    of_list = _listed()
    pieces = forms.IntegerField(
        label=say("缺少件数", "pieces missing"),
        min_value=0,
        max_value=1_000_000,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    inbound_list = _line(
        say("本仓核注清单编号", "number of the inbound list here"),
        30,
        say(
            "不同账册间调拨须填写；未填写的，货物先入库隔离，补录后可售。",
            "From another account book; without it the goods are taken in and held until it is entered.",
        ),
        False,
    )


class SendForm(ReasonForm):
    """How many go where."""

    pieces = _pieces(say("件数", "pieces"))
    target = _line(say("目的仓库代码", "code of the target warehouse"), 40)
    field_order = ("target", "pieces", "reason")

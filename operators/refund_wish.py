"""One form gives back pieces of several lines, and goodwill: shown to the fen first, then confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.db import transaction
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.money import yuan
from operators.amounts import YuanField
from operators.bilingual import chinese, say
from operators.refund_forms import AskForm, new_key
from operators.steps import Preview
from operators.tables import Table
from orders.models import Order, OrderLine
from payments.models import Refund, RefundLine
from payments.services.refund_parts import NOTHING, returned
from payments.services.refund_transfer import BESIDE, Transfer
from payments.services.refunds import Wish, request_refund
from returns.services.given import mind_given

_PIECES = "pieces_"


class WishForm(AskForm):
    """Pieces by line, with or without their freight, and goodwill; `seen_fen` is what was shown before."""

    freight = forms.BooleanField(
        label=say("退还运费分摊", "with their share of freight"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    goodwill = YuanField(label=say("另加补偿（元）", "goodwill beside (CNY)"), required=False, min_value=0)
    seen_fen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not pieces_of(values) and not values["goodwill"]:
            raise forms.ValidationError(say("请填写件数或补偿金额。", "Say pieces of a line, or an amount."))
        return values


class PaidForm(WishForm):
    """The same, and the transfer that paid it."""

    reference = forms.CharField(
        label=say("银行流水号", "bank's number"), max_length=80, widget=UnfoldAdminTextInputWidget
    )
    day = forms.DateField(label=say("转账日期", "day of the transfer"), widget=UnfoldAdminSingleDateWidget)


def paid_form_of(order: Order) -> type[forms.Form]:
    """The form of what was paid by transfer for this order."""
    return form_of(order, PaidForm)


def form_of(order: Order, base: type[forms.Form] = WishForm) -> type[forms.Form]:
    """The form of this order: a number of pieces for each line of which some are left."""
    gone = returned(RefundLine.objects.exclude(refund__state="closed").filter(refund__order=order))
    fields: dict[str, Any] = {}
    for line in OrderLine.objects.filter(order=order).order_by("position"):
        left = line.quantity - gone.get(line.pk, NOTHING).quantity
        if left <= 0:
            continue
        name = line.name_zh if chinese() else line.name
        fields[f"{_PIECES}{line.pk}"] = forms.IntegerField(
            label=f"{line.sku} · {name}",
            min_value=0,
            max_value=999,
            required=False,
            help_text=say("最多 {left} 件", "at most {left}").format(left=left),
            widget=UnfoldAdminIntegerFieldWidget,
        )
    order_of = [*fields, "freight", "goodwill", "reference", "day", "reason", "note"]
    return type("WishFormOfOrder", (base,), {**fields, "field_order": order_of})


def begun(order: Order) -> dict[str, Any]:
    """Freight goes back with its goods unless somebody says otherwise."""
    return {**new_key(order), "freight": True}


def pieces_of(values: Mapping[str, Any]) -> dict[int, int]:
    """Line → pieces, of those that are more than none."""
    told = {name: count for name, count in values.items() if name.startswith(_PIECES) and count}
    return {int(name.removeprefix(_PIECES)): count for name, count in told.items()}


def refund_wish(order: Order, values: Mapping[str, Any], who: str, at: datetime) -> object:
    """Ask for what was seen; before that, or where it is another amount by now, show it, write nothing."""
    return _shown_first(
        values, lambda: _asked(order, values, who, at), partial(mind_given, order=order, by=who, now=at)
    )


def refund_all(order: Order, values: Mapping[str, Any], who: str, at: datetime) -> object:
    """All that is left, freight that was withheld too: seen to the fen before it is asked for."""
    return _shown_first(
        values, lambda: _all(order, values, who, at), partial(mind_given, order=order, by=who, now=at)
    )


def all_by_transfer(order: Order, values: Mapping[str, Any], who: str, at: datetime) -> object:
    """All that was left, which our bank has paid: seen to the fen before it is recorded."""
    transfer = Transfer(values["reference"], values["day"], who, values["note"])
    ask = partial(_all, order, values, who, at, transfer=transfer)
    return _shown_first(values, ask, partial(mind_given, order=order, by=who, now=at))


def paid_by_transfer(order: Order, values: Mapping[str, Any], who: str, at: datetime) -> object:
    """What our bank has paid where WeChat Pay refunds no more: seen to the fen before it is recorded."""
    transfer = Transfer(values["reference"], values["day"], who, values["note"])
    ask = partial(_asked, order, values, who, at, transfer=transfer)
    return _shown_first(values, ask, partial(mind_given, order=order, by=who, now=at))


def _shown_first(
    values: Mapping[str, Any], ask: Callable[[], list[Refund]], mind: Callable[[], None]
) -> Preview | None:
    with transaction.atomic():
        made = ask()
        total = sum(refund.amount_fen for refund in made)
        if values["seen_fen"] == total:
            mind()
            return None
        shown = _table(made, total)
        transaction.set_rollback(True)
    return Preview([shown], {"seen_fen": str(total)}, say("确认退款", "Confirm the refund"))


def _told(order: Order, values: Mapping[str, Any], who: str, at: datetime) -> dict[str, Any]:
    return {
        "number": order.number,
        "reason": values["reason"],
        "asked_by": f"operator:{who}"[:80],
        "note": values["note"],
        "now": at,
    }


def _all(
    order: Order, values: Mapping[str, Any], who: str, at: datetime, *, transfer: Transfer | None = None
) -> list[Refund]:
    told = _told(order, values, who, at)
    return [request_refund(wish=Wish(), key=values["key"], transfer=transfer, **told)]


def _asked(
    order: Order, values: Mapping[str, Any], who: str, at: datetime, *, transfer: Transfer | None = None
) -> list[Refund]:
    """The pieces as one refund and goodwill as another: customs lets them leave at different times."""
    told = {**_told(order, values, who, at), "transfer": transfer}
    made = []
    if pieces := pieces_of(values):
        wish = Wish(pieces, freight=values["freight"])
        made.append(request_refund(wish=wish, key=values["key"], **told))
    if values["goodwill"]:
        wish = Wish(goodwill_fen=values["goodwill"])
        made.append(request_refund(wish=wish, key=f"{values['key']}{BESIDE}", **told))
    return made


def _table(made: list[Refund], total: int) -> Table:
    rows: list[list[Any]] = []
    for refund in made:
        when = say("等待海关", "after customs") if refund.state == "requested" else say("立即", "at once")
        if refund.transferred_at:
            when = say("已线下转账", "paid by transfer")
        for one in RefundLine.objects.filter(refund=refund).select_related("line").order_by("line__position"):
            tax = one.duty_fen + one.vat_fen + one.excise_fen
            amount = one.goods_fen - one.discount_fen + one.freight_fen + tax
            parts = (one.goods_fen, -one.discount_fen, one.freight_fen, tax, amount)
            rows.append([one.line.sku, one.quantity, *map(yuan, parts), when])
        if refund.spared_fen:
            taken = yuan(-refund.spared_fen)
            rows.append(
                [say("减：此前已补偿", "less goodwill given before"), "", "", "", "", "", taken, when]
            )
        if refund.other_fen:
            rows.append([say("补偿", "goodwill"), "", "", "", "", "", yuan(refund.other_fen), when])
    rows.append([say("合计", "total"), "", "", "", "", "", yuan(total), ""])
    return {
        "title": say("将退还（尚未提交）", "What will go back (nothing is asked for yet)"),
        "headers": [
            "SKU",
            say("件数", "pieces"),
            say("商品", "goods"),
            say("优惠券", "coupons"),
            say("运费", "freight"),
            say("税款", "tax"),
            say("金额（元）", "amount (CNY)"),
            say("退出时间", "leaves"),
        ],
        "rows": rows,
    }

"""What can be done to a return next: each verb of its state table that a person may take, as a button."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.html import format_html_join
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from compliance.vault import VaultClosed
from kernel.clock import now, shanghai_day
from logistics.models import Parcel, Shipment
from logistics.vocabulary import carrier_choices
from operators.amounts import YuanField
from operators.bilingual import say
from operators.incident_forms import NothingForm
from operators.reveal import PurposeForm, nothing
from operators.scope import ACCOUNTANTS, CARERS, OWNERS, REFUNDERS
from operators.steps import Step
from operators.tables import Table
from orders.models import Order
from returns.models import ReturnRequest
from returns.services import arrive, decide, undelivered, way
from returns.services.lost import grant_lost
from returns.services.reading import open_for
from returns.services.seen import LOST
from returns.services.settle import PiecesGone, against, settle
from returns.services.way_paid import owed, pay_way
from returns.states import RETURN
from storefronts.models import Membership

RECEIVERS = OWNERS | {Membership.Role.FULFILMENT.value}
Values = Mapping[str, Any]


class AnswerForm(forms.Form):
    """What the consumer reads."""

    answer = forms.CharField(
        label=say("给消费者的答复", "answer"),
        max_length=300,
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text=say(
            "可不填；消费者可见，勿写个人信息。", "Optional; the consumer reads it: no personal data."
        ),
    )


class RefusalForm(AnswerForm):
    """Nobody is refused without being told why."""

    answer = forms.CharField(
        label=say("拒绝理由", "why it is refused"),
        max_length=300,
        widget=UnfoldAdminTextareaWidget,
        help_text=say("消费者可见，勿写个人信息。", "The consumer reads it: no personal data."),
    )


class WayForm(forms.Form):
    """Which carrier has the goods, under which number."""

    carrier = forms.ChoiceField(
        label=say("承运方", "carrier"), choices=carrier_choices, widget=UnfoldAdminSelectWidget
    )
    waybill = forms.CharField(
        label=say("运单号", "waybill"), max_length=40, widget=UnfoldAdminTextInputWidget
    )


class DayForm(forms.Form):
    """On which day the goods came: by it customs and the refund are clocked."""

    day = forms.DateField(
        label=say("到货日", "came on"),
        widget=UnfoldAdminSingleDateWidget,
        help_text=say(
            "货物运抵原监管场所之日；海关四十五日与七日退款期限自此判断。",
            "The day on which the goods were at the original place: customs' 45 days and the refund's seven"
            " are judged by it.",
        ),
    )


class WayPaidForm(forms.Form):
    """The transfer that finance has made outside."""

    amount = YuanField(label=say("金额（元）", "amount (CNY)"))
    reference = forms.CharField(
        label=say("转账单号", "number of the transfer"), max_length=64, widget=UnfoldAdminTextInputWidget
    )
    on = forms.DateField(label=say("转账日期", "day of the transfer"), widget=UnfoldAdminSingleDateWidget)


def _approve(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    decide.approve(request=row, answer=values["answer"], by=who, now=at)


def _refuse(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    decide.refuse(request=row, answer=values["answer"], by=who, now=at)


def _send(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    way.send(request=row, carrier=values["carrier"], waybill=values["waybill"].strip(), by=who, now=at)


def _receive(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    arrive.receive(request=row, on=values["day"], by=who, now=at)


def _settle(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    settle(request=row, by=who, now=at)


def _waive(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    settle(request=row, by=who, now=at, waive=True)


def _way_paid(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    pay_way(
        request=row,
        amount_fen=values["amount"],
        reference=values["reference"],
        on=values["on"],
        by=who,
        now=at,
    )


def _lost(row: ReturnRequest, values: Values, who: str, at: datetime) -> None:
    grant_lost(request=row, answer=values["answer"], by=who, now=at)


def _lost_there(row: Shipment, values: Values, who: str, at: datetime) -> None:
    if undelivered.lost(order=row.order, by=who, now=at) is None:
        raise PiecesGone()


def _lost_there_now(row: Shipment) -> bool:
    several = row.parcels.filter(single=False).exclude(state="cancelled")
    return row.state in LOST and not several.exists() and _not_refunded(row.order, None)


def _one_lost(row: Parcel, values: Values, who: str, at: datetime) -> None:
    if undelivered.lost(order=row.shipment.order, parcel=row, by=who, now=at) is None:
        raise PiecesGone()


def _one_lost_now(row: Parcel) -> bool:
    lost = not row.single and row.state != "cancelled" and row.latest in LOST
    return lost and _not_refunded(row.shipment.order, row)


def _not_refunded(order: Order, parcel: Parcel | None) -> bool:
    known = ReturnRequest.objects.filter(order=order, key=undelivered.key_of(parcel))
    return order.state == "paid" and not known.exists()


def _reveal(row: ReturnRequest, values: Values, who: str, at: datetime) -> list[Table]:
    try:
        found = open_for(request=row, who=who, purpose=values["purpose"], now=at)
    except VaultClosed:
        return nothing(say("密钥已销毁，内容无法再打开。", "Its key was destroyed: it opens no more."))
    pictures = format_html_join(
        "",
        '<img src="data:{};base64,{}" alt="" class="evidence">',
        ((kind, base64.b64encode(content).decode()) for kind, content in found.pictures),
    )
    rows = [
        [say("消费者说明", "what the consumer wrote"), found.words or "-"],
        [say("凭证图片", "pictures"), pictures or "-"],
    ]
    return [{"title": row.number, "headers": ["", ""], "rows": rows}]


def _can(*verbs: str) -> Any:
    """Whether the state table knows one of these verbs here."""
    return lambda row: any(row.state in RETURN.moves[verb] for verb in verbs)


_YES = say(
    "同意后消费者寄回商品。申诉须由拒绝者以外的同事审核。",
    "The consumer then sends the goods back. An appeal is decided by someone other than who refused.",
)
_GRANT = say(
    "同意即退款，商品不寄回，故须有退款权限。申诉须由拒绝者以外的同事审核。",
    "The refund is asked for at once and no goods come back, so it takes the right to refund. An appeal is"
    " decided by someone other than who refused.",
)
_NO = say(
    "消费者将看到理由，并可在期限内申诉一次；申诉再被拒绝即终结，且须由拒绝者以外的同事审核。",
    "The consumer reads why and may appeal once; an appeal that is refused is the end, and someone other than"
    " who refused decides it.",
)
STEPS = (
    Step(
        name="reveal",
        title=say("查看说明与图片", "Open words and pictures"),
        icon="visibility",
        form=PurposeForm,
        do=_reveal,
        roles=CARERS | RECEIVERS,
        button=say("查看", "Open"),
    ),
    Step(
        name="approve",
        title=say("同意", "Approve"),
        icon="task_alt",
        form=AnswerForm,
        do=_approve,
        roles=CARERS,
        legal=lambda row: row.goods_back and row.state in RETURN.moves["approve"],
        hint=_YES,
    ),
    Step(
        name="grant",
        title=say("同意退款（无需寄回）", "Approve and refund, nothing comes back"),
        icon="task_alt",
        form=AnswerForm,
        do=_approve,
        roles=REFUNDERS,
        legal=lambda row: not row.goods_back and row.state in ("requested", "appealed"),
        hint=_GRANT,
    ),
    Step(
        name="refuse",
        title=say("拒绝", "Refuse"),
        icon="block",
        form=RefusalForm,
        do=_refuse,
        roles=CARERS,
        legal=lambda row: row.state in ("requested", "appealed"),
        hint=_NO,
    ),
    Step(
        name="send",
        title=say("登记退回运单", "Enter the way back"),
        icon="local_shipping",
        form=WayForm,
        do=_send,
        roles=CARERS | RECEIVERS,
        legal=lambda row: row.state in ("to_send", "on_the_way"),
        start=lambda row: {"carrier": row.carrier or "SF", "waybill": row.waybill},
        hint=say(
            "登记后即向海关申报退货；再次登记仅更正运单号。",
            "The return is declared to customs with it; entered again it mends the number alone.",
        ),
    ),
    Step(
        name="receive",
        title=say("登记到货", "Receive"),
        icon="move_to_inbox",
        form=DayForm,
        do=_receive,
        roles=RECEIVERS,
        legal=_can("receive"),
        start=lambda row: {"day": shanghai_day(now())},
    ),
    Step(
        name="settle",
        title=say("按验货结果退款", "Settle as found"),
        icon="currency_exchange",
        form=NothingForm,
        do=_settle,
        roles=ACCOUNTANTS,
        legal=_can("settle"),
        hint=say(
            "按已告知的扣除退款；尚未验货的全额退款。",
            "The refund leaves, less what was told to be kept back; what nobody inspected is refunded whole.",
        ),
    ),
    Step(
        name="waive",
        title=say("取消扣除并退款", "Waive what is kept back"),
        icon="volunteer_activism",
        form=NothingForm,
        do=_waive,
        roles=ACCOUNTANTS,
        legal=lambda row: row.state in RETURN.moves["settle"] and bool(row.deducted_fen or against(row)),
        hint=say(
            "全额退款：不扣除，缺少或非本单的件数一并退款。",
            "All that was asked for is refunded, also pieces that were not there or not ours.",
        ),
    ),
    Step(
        name="way-paid",
        title=say("登记已付寄回运费", "Enter the way back as paid"),
        icon="payments",
        form=WayPaidForm,
        do=_way_paid,
        roles=REFUNDERS,
        legal=owed,
        start=lambda row: {"on": shanghai_day(now())},
        hint=say(
            "核对消费者的运费凭证并线下转账后登记；每份申请一次，计入本订单的退款复核限额。",
            "Once the receipt was checked and the transfer made outside: once a return; it counts to the"
            " limit above which a colleague agrees.",
        ),
    ),
    Step(
        name="lost",
        title=say("退回途中丢失：退款", "Lost on its way back: refund"),
        icon="wrong_location",
        form=AnswerForm,
        do=_lost,
        roles=REFUNDERS,
        legal=lambda row: row.state == "on_the_way",
        hint=say(
            "承运方确认丢失后使用：全额退款，货物未返回海关监管场所，税款与年度额度不再退还，由品牌承担。",
            "Once the carrier says so: all is refunded; no goods are back, so tax and allowance stay used at"
            " the brand's cost.",
        ),
    ),
)
REFUND_LOST = Step(
    name="refund-lost",
    title=say("丢失或损毁：退款", "Lost or destroyed: refund"),
    icon="currency_exchange",
    form=NothingForm,
    do=_lost_there,
    roles=REFUNDERS,
    legal=_lost_there_now,
    hint=say(
        "承运方确认丢失或损毁后使用：全额退还尚未退款的部分；不申报退货，税款与年度额度不再退还，由品牌承担，"
        "再向承运方索赔。登记丢失的人不能自行退款，须由另一同事办理。",
        "Once the carrier says so: all that is not refunded yet goes back. No return is declared, tax and"
        " allowance stay used at the brand's cost; then claim it from the carrier. Who entered the loss does"
        " not refund it: a colleague does.",
    ),
)
REFUND_LOST_PARCEL = Step(
    name="refund-lost",
    title=say("丢失或损毁：退款", "Lost or destroyed: refund"),
    icon="currency_exchange",
    form=NothingForm,
    do=_one_lost,
    roles=REFUNDERS,
    legal=_one_lost_now,
    hint=say(
        "承运方确认丢失或损毁后使用：仅退还本包裹内的商品及其运费，其他包裹不受影响；再向承运方索赔。"
        "登记丢失的人不能自行退款，须由另一同事办理。",
        "Once the carrier says so: what lay in this parcel goes back with its freight, and nothing of the"
        " order's others; then claim it from the carrier. Who entered the loss does not refund it: a"
        " colleague does.",
    ),
)

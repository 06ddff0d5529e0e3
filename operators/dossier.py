"""The dossier of an order leaves by its page: a password is shown, and who has noted it fetches the ZIP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core import signing
from django.http import HttpResponse
from django.utils.crypto import get_random_string, salted_hmac
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from customs.services.dossier import Recipient, grouped, make_dossier
from operators.bilingual import say
from operators.reveal import PurposeForm
from operators.scope import OFFICERS
from operators.steps import Preview, Step
from orders.models import Order
from storefronts.models import Operator

_SALT, _GOOD_FOR = "operators.dossier", 600
_KINDS = (("customs", say("海关", "customs")), ("authority", say("其他主管机关", "another authority")))


class DossierForm(PurposeForm):
    """To whom, what for; `token` says of which showing the password is, and holds nothing of it."""

    kind = forms.ChoiceField(
        label=say("提供给", "for"), choices=_KINDS, widget=UnfoldAdminSelectWidget(choices=_KINDS)
    )
    recipient = forms.CharField(
        label=say("机关名称", "name of the authority"),
        min_length=2,
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text=say(
            "将作为个人信息提供记录保存，消费者可以查到。",
            "Kept as a record of disclosure, which the consumer can see.",
        ),
    )
    token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=300)
    field_order = ("kind", "recipient", "purpose")


def _dossier(row: Order, values: Mapping[str, Any], who: str, at: datetime) -> Preview | HttpResponse:
    """First the password; with a token of this order and this operator that is young enough, the ZIP."""
    about = f"{row.number}/{who}"
    try:
        told = signing.loads(values["token"], salt=_SALT, max_age=_GOOD_FOR)
    except signing.BadSignature:
        told = None
    if told is None or told[0] != about:
        token = signing.dumps([about, get_random_string(22)], salt=_SALT)
        return Preview([_shown(_password(token))], {"token": token}, say("下载单证档案", "Fetch the dossier"))
    made = make_dossier(
        number=row.number,
        by=Operator.objects.get(username=who),
        purpose=values["purpose"],
        recipient=Recipient(values["kind"], values["recipient"]),
        password=_password(values["token"]),
        now=at,
    )
    answer = HttpResponse(made.content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="dossier-{row.number}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


def _password(token: str) -> str:
    """What only this house can tell from a token; it is kept nowhere and cannot be chosen."""
    return grouped(salted_hmac(_SALT, token, algorithm="sha256").digest())


def _shown(password: str) -> dict[str, Any]:
    return {
        "title": say("一次性密码：请先抄下，再下载", "One-time password: write it down, then fetch the ZIP"),
        "headers": [say("密码", "password"), say("说明", "note")],
        "rows": [
            [
                password,
                say(
                    "十分钟内有效，之后不再显示。文件与密码请分开送达；用 7-Zip、WinRAR、Bandizip 打开。",
                    "Good for ten minutes and not shown again. Send file and password apart; 7-Zip, WinRAR or"
                    " Bandizip open it.",
                ),
            ]
        ],
    }


DOSSIER = Step(
    name="dossier",
    title=say("单证档案", "Dossier"),
    icon="folder_zip",
    form=DossierForm,
    do=_dossier,
    roles=OFFICERS,
    legal=lambda row: row.paid_at is not None,
    button=say("下一步", "Next"),
    hint=say(
        "一份加密 ZIP：判定、告知与授权、支付与退款、申报报文与回执、包裹轨迹、税单及全部事件，"
        "含未遮盖的个人信息。仅在主管机关依法要求时制作；每次打开与提供都会留下记录。",
        "One encrypted ZIP: judgements, notices, consents, payments, refunds, messages, receipts, tracking,"
        " tax and every event, personal data unmasked. Made only where an authority asks for it by law; what"
        " is opened and to whom it is given leaves its rows.",
    ),
)

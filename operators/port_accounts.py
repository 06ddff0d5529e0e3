"""The way to a customs district goes in by this form; no key and no password is ever shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from customs.models import PortAccount
from customs.services import accounts
from kernel.clock import now
from operators.amounts import YuanField
from operators.bilingual import say
from operators.sealing import Values, sealing_page
from storefronts.models import Storefront


def _line(zh: str, en: str, most: int, *, required: bool = True, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=say(zh, en), max_length=most, required=required, widget=UnfoldAdminTextInputWidget, **options
    )


def _choice(zh: str, en: str, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=say(zh, en), choices=choices, widget=UnfoldAdminSelectWidget)


class PortForm(forms.Form):
    """Where a storefront declares, as whom, who signs, and what answers for tax."""

    customs_code = _line("申报地海关代码（4 位）", "customs district, 4 digits", 4)
    port_code = _line("进境口岸代码（4 位）", "port where goods come in, 4 digits", 4)
    traffic = _line("运输方式代码", "means of transport, by customs' codes", 1)
    dispatch_country = _line("起运国代码（保税货物填 142）", "country of dispatch, 142 for bonded goods", 3)
    site_code = _line("监管场所代码", "supervised site, where the district has several", 10, required=False)
    site_certificate = forms.CharField(
        label=say(
            "监管场所证书（直购进口须填，PEM 或 Base64）",
            "certificate of the supervised site, which direct mail needs: PEM or base64",
        ),
        required=False,
        max_length=20_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    dxp_id = _line("数据交换平台传输编号", "dxpId, the box at the exchange platform", 30)
    transport = _choice("传输方式", "how messages go", PortAccount.Transport.choices)
    folder = _line(
        "客户端文件夹（文件交换时填写）", "folder of the port's client, where files go", 200, required=False
    )
    broker_id = forms.TypedChoiceField(
        label=say("代传报关行（报关行代传时选择）", "broker whose system has the box"),
        required=False,
        coerce=int,
        empty_value=None,
        widget=UnfoldAdminSelectWidget,
    )
    guarantor = _choice("税款担保方", "who answers for tax", PortAccount.Guarantor.choices)
    guarantee_fen = YuanField(label=say("担保额度（元）", "guarantee for tax, yuan"), min_value=0)
    batch = forms.IntegerField(
        label=say("每份报文最多单数（1–100）", "most documents in one message, 1–100"),
        min_value=1,
        max_value=100,
        initial=100,
        widget=UnfoldAdminTextInputWidget,
    )
    signer = _choice("加签方式", "who signs", PortAccount.Signer.choices)
    password = forms.CharField(
        label=say("加签机卡口令（使用加签机时填写）", "password of the signing machine's card"),
        required=False,
        max_length=100,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
    )
    key = forms.CharField(
        label=say(
            "私钥（RSA 为 PEM，国密为 64 位十六进制）", "private key: PEM for RSA, 64 hex digits for SM2"
        ),
        required=False,
        max_length=10_000,
        widget=UnfoldAdminTextareaWidget(attrs={"autocomplete": "off", "rows": 4}),
    )
    certificate_number = _line("证书号", "number of the certificate", 64, required=False)
    certificate = forms.CharField(
        label=say("证书（PEM 或 Base64）", "certificate, PEM or base64"),
        required=False,
        max_length=20_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    def __init__(self, sent: Any, storefront: Storefront) -> None:
        super().__init__(sent)
        known = accounts.brokers(storefront).values_list("partner_id", "partner__name")
        self.fields["broker_id"].choices = [("", "-"), *known]  # type: ignore[attr-defined]

    def clean(self) -> Values:
        values: Values = super().clean() or {}
        needed = (
            {"password"} if values.get("signer") == PortAccount.Signer.MACHINE else {"key", *_CERTIFIED}
        ) | _NEEDS.get(values.get("transport", ""), set())
        for name in needed - self.errors.keys():
            if not values.get(name):
                self.add_error(name, say("该加签或传输方式须填写此项。", "This way needs it."))
        return values


_CERTIFIED = {"certificate_number", "certificate"}
_NEEDS = {
    PortAccount.Transport.FOLDER.value: {"folder"},
    PortAccount.Transport.BROKER.value: {"broker_id"},
}


def port_page(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """The form for a storefront's way to one district; an account of the same district is replaced by it."""

    def keep(storefront: Storefront, values: Values) -> None:
        machine = values["signer"] == PortAccount.Signer.MACHINE
        accounts.set_account(
            storefront=storefront,
            terms=accounts.Terms(**{name: values[name] for name in accounts.Terms.__slots__}),
            secret=accounts.Secret(values["signer"], values["password"])
            if machine
            else accounts.Secret(
                values["signer"], values["key"], values["certificate_number"], values["certificate"]
            ),
            by=str(getattr(request.user, "username", "")),
            now=now(),
        )

    return sealing_page(
        page,
        request,
        object_id,
        title=say("口岸账户", "Port accounts"),
        form=PortForm,
        keep=keep,
    )


def ask_machines_again(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> None:
    """What was wrong with card or machine is mended: it is asked to sign again."""
    by = str(getattr(request.user, "username", ""))
    page.act(request, rows, lambda row: accounts.again(account=row, by=by, now=now()))

"""A storefront's accounts at SF and at kuaidi100 go in by this form; no secret is ever shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from customers import divisions
from kernel.clock import now
from logistics.models import CarrierAccount
from logistics.services import accounts
from operators.bilingual import say
from operators.sealing import Values, sealing_page
from storefronts.models import Storefront


def _line(zh: str, en: str, most: int, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=say(zh, en), max_length=most, required=required, widget=UnfoldAdminTextInputWidget
    )


def checked_county(code: str) -> str:
    """The code of a county or nothing; a form is told of another one."""
    if code and not divisions.is_county(code):
        raise forms.ValidationError(say("须为区县级行政区划代码。", "The code of a county is needed."))
    return code


class AccountForm(forms.Form):
    """What an account at a carrier or a tracker needs."""

    provider = forms.ChoiceField(
        label=say("服务方", "provider"),
        choices=CarrierAccount.Provider.choices,
        widget=UnfoldAdminSelectWidget,
    )
    customer_code = _line("顾客编码（顺丰 partnerID 或快递100 customer）", "partnerID or customer", 64)
    secret = forms.CharField(
        label=say("校验码或授权 key", "check word or key"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        max_length=100,
    )
    hotline = _line("寄件电话（非个人）", "the sender's telephone, no person's", 20)
    monthly_card = _line("顺丰月结卡号", "monthly card at SF", 20, required=False)
    sender = _line("面单上的寄件公司", "company on the label", 100, required=False)
    origin = _line("发货地区县代码（6 位）", "division parcels leave from, 6 digits", 6, required=False)
    origin_place = _line("仓库地址", "address of the warehouse", 120, required=False)

    def clean_origin(self) -> str:
        return checked_county(self.cleaned_data["origin"])


def account_page(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """The form for a storefront's account at SF or at kuaidi100."""

    def keep(storefront: Storefront, values: Values) -> None:
        accounts.set_account(
            storefront=storefront,
            provider=values["provider"],
            terms=accounts.Terms(**{name: values[name] for name in accounts.Terms.__slots__}),
            secret=values["secret"],
            by=str(getattr(request.user, "username", "")),
            now=now(),
        )

    return sealing_page(
        page,
        request,
        object_id,
        title=say("承运商账户", "Carrier accounts"),
        form=lambda sent, _: AccountForm(sent),
        keep=keep,
    )

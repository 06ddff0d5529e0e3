"""A storefront's WeChat Pay keys go in by this form; what is stored, or was typed, is never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.clock import now
from kernel.tenancy import everything
from operators.bilingual import say
from operators.sealing import Values, sealing_page
from storefronts.models import MerchantAccount, Storefront
from storefronts.services import set_customs, set_merchant
from storefronts.services.four_eyes import Verb, mind


class Unrepeated(UnfoldAdminTextareaWidget):
    """A text area that never shows what was typed into it."""

    def format_value(self, value: Any) -> str:
        return ""


class MerchantForm(forms.Form):
    """Merchant number, the merchant's private key, the APIv3 key and WeChat Pay's public key."""

    mchid = forms.RegexField(
        r"^\d{8,32}$", label=say("商户号", "merchant number"), widget=UnfoldAdminTextInputWidget
    )
    serial_no = forms.RegexField(
        r"^[0-9A-F]{8,64}$",
        label=say("商户证书序列号", "serial of the merchant certificate"),
        widget=UnfoldAdminTextInputWidget,
    )
    private_key_pem = forms.CharField(
        label=say("商户私钥（PEM）", "merchant private key (PEM)"), widget=Unrepeated
    )
    apiv3_key = forms.CharField(
        label=say("APIv3 密钥", "APIv3 key"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        min_length=32,
        max_length=32,
    )
    v2_key = forms.CharField(
        label=say("API v2 密钥（用于支付单报关，可不填）", "API v2 key (to declare payments; optional)"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        min_length=32,
        max_length=32,
        required=False,
    )
    customs_family = forms.ChoiceField(
        label=say("报关接口", "customs interface"),
        choices=MerchantAccount.CustomsFamily.choices,
        initial=MerchantAccount.CustomsFamily.V2,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    payer_identity = forms.BooleanField(
        label=say("下单时限定支付人（需微信授权）", "name the payer beforehand (needs WeChat's permission)"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    platform_serial = forms.CharField(
        label=say("微信支付公钥 ID 或平台证书序列号", "WeChat Pay public key id or certificate serial"),
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
    )
    platform_key_pem = forms.CharField(
        label=say("微信支付公钥（PEM）", "WeChat Pay public key (PEM)"), widget=UnfoldAdminTextareaWidget
    )

    def __init__(self, *args: Any, storefront_id: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.storefront_id = storefront_id

    def clean_mchid(self) -> str:
        """Another storefront's merchant number is not to be taken over."""
        mchid: str = self.cleaned_data["mchid"]
        others = MerchantAccount.objects.filter(mchid=mchid).exclude(storefront_id=self.storefront_id)
        with everything():
            taken = others.exists()
        if taken:
            raise forms.ValidationError(say("该商户号不可用。", "This merchant number cannot be used."))
        return mchid


def mind_keys(storefront: Storefront, values: Values, by: str) -> None:
    """Keys that replace others need a colleague, who agrees to these very ones. Raises NeedsColleague."""
    names = ("private_key_pem", "apiv3_key", "v2_key", "platform_key_pem")
    facts = {name: values[name] for name in ("mchid", "serial_no", "platform_serial")}
    _mind(storefront.pk, "merchant", facts, [str(values[name]) for name in names], by)


def mind_platform_key(merchant: MerchantAccount, serial: str, pem: str, by: str) -> None:
    """So does a key that is believed beside others: whoever has it can say that money came."""
    _mind(
        merchant.storefront_id, "platformkey", {"mchid": merchant.mchid, "platform_serial": serial}, [pem], by
    )


def _mind(storefront_id: int, what: str, facts: dict[str, str], secrets: list[str], by: str) -> None:
    said = salted_hmac("pay keys", "\n".join(secrets), algorithm="sha256").hexdigest()[:16]
    mind(
        storefront_id=storefront_id,
        verb=Verb.PAY_KEYS,
        size=1,
        key=f"{what}:{storefront_id}:{facts['mchid']}",
        facts={**facts, "fingerprint": said},
        by=by,
        now=now(),
    )


def merchant_page(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """The form for the keys of a storefront's merchant number."""

    def keep(storefront: Storefront, values: Values) -> None:
        replaces = MerchantAccount.objects.filter(storefront=storefront).exists()
        merchant = set_merchant(
            storefront=storefront,
            mchid=values["mchid"],
            serial_no=values["serial_no"],
            private_key_pem=values["private_key_pem"],
            apiv3_key=values["apiv3_key"],
            platform_keys={values["platform_serial"]: values["platform_key_pem"]},
        )
        set_customs(
            merchant=merchant,
            family=values["customs_family"] or MerchantAccount.CustomsFamily.V2,
            payer_identity=bool(values["payer_identity"]),
            v2_key=values["v2_key"],
        )
        page.record(request, storefront, storefront.pk, "merchant_set", mchid=values["mchid"])
        if replaces:  # the first ones need nobody
            mind_keys(storefront, values, request.user.get_username())

    return sealing_page(
        page,
        request,
        object_id,
        title=say("微信支付商户密钥", "WeChat Pay merchant and keys"),
        form=lambda sent, storefront: MerchantForm(sent, storefront_id=storefront.pk),
        keep=keep,
    )

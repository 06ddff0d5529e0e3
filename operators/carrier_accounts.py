"""A storefront's accounts at SF and at kuaidi100 go in by this form; no secret is ever shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from customers import divisions
from kernel.clock import now
from kernel.errors import Problem
from logistics.models import CarrierAccount
from logistics.services import accounts
from operators.bilingual import say


def _line(zh: str, en: str, most: int, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=say(zh, en), max_length=most, required=required, widget=UnfoldAdminTextInputWidget
    )


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
        code: str = self.cleaned_data["origin"]
        if code and not divisions.is_county(code):
            raise forms.ValidationError(say("须为区县级行政区划代码。", "The code of a county is needed."))
        return code


def account_page(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the empty form, or seal and store what was sent. Raises Http404 for a foreign storefront."""
    storefront = page.get_queryset(request).filter(pk=object_id).select_related("key").first()
    if storefront is None:
        raise Http404
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _store(page, request, storefront, form.cleaned_data):
        return HttpResponseRedirect(reverse("admin:storefronts_storefront_change", args=[storefront.pk]))
    context = {
        **page.admin_site.each_context(request),
        "title": say("承运商账户", "Carrier accounts"),
        "subtitle": str(storefront),
        "opts": page.opts,
        "form": form,
        "original": storefront,
    }
    answer = TemplateResponse(request, "operators/form.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _store(page: Any, request: HttpRequest, storefront: Any, values: dict[str, Any]) -> bool:
    terms = {name: values[name] for name in accounts.Terms.__slots__}
    try:
        with transaction.atomic():
            accounts.set_account(
                storefront=storefront,
                provider=values["provider"],
                terms=accounts.Terms(**terms),
                secret=values["secret"],
                by=str(getattr(request.user, "username", "")),
                now=now(),
            )
    except Problem as problem:
        page.tell(request, problem)
        return False
    page.message_user(request, say("账户已加密保存。", "The account is sealed and stored."), messages.SUCCESS)
    return True

"""Maintenance and the minimum version: at once, without a publication, and for owners alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from kernel.clock import now
from kernel.errors import Problem
from operators import once
from operators.bilingual import say
from operators.shop_fields import Instant
from storefronts.models import Storefront
from storefronts.queries import forget_kept
from storefronts.services import serving

TITLE = say("维护与最低版本", "Maintenance and minimum version")


class ServingForm(forms.Form):
    """Whom the mini-program serves."""

    maintenance = forms.BooleanField(
        label=say("维护中（停止销售）", "in maintenance: nothing is sold"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=say(
            "约半分钟内生效。已有订单的付款、售后与个人信息权利不受影响。",
            "Within half a minute. Paying for orders that stand, returns and data rights go on.",
        ),
    )
    zh = forms.CharField(
        label=say("维护说明（中文）", "sentence in Chinese"),
        max_length=serving.LONGEST_ZH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    en = forms.CharField(
        label=say("维护说明（英文）", "sentence in English"),
        max_length=serving.LONGEST_EN,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    version = forms.RegexField(
        serving.VERSION,
        label=say("小程序最低版本，如 1.2.0（可不填）", "minimum version such as 1.2.0, may be empty"),
        max_length=20,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        told = say(
            "预计结束时间（告知消费者，不会自动结束）", "expected end: told to consumers, ends nothing"
        )
        self.fields |= Instant(told).fields("until", None)
        self.order_fields(["maintenance", "zh", "en", "until", "version"])


def serve(
    request: HttpRequest, shop: Storefront, page: Callable[[forms.Form, Any], HttpResponse], home: str
) -> HttpResponse:
    """The form, or what it says."""
    start = {
        "maintenance": bool(shop.maintenance_zh),
        "zh": shop.maintenance_zh,
        "en": shop.maintenance_en,
        "until": shop.maintenance_until,
        "version": shop.minimum_version,
        "seen": serving.as_it_stands(shop),
    }
    form = ServingForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                by = request.user.get_username()
                where = once.once(request, lambda: _set(shop, form.cleaned_data, by, home))
        except Problem as problem:
            messages.error(request, once.words(problem))
        else:
            forget_kept()  # other processes follow within half a minute
            messages.success(request, say("已完成。", "Done."))
            return HttpResponseRedirect(where)
    return page(form, TITLE)


def _set(shop: Storefront, told: dict[str, Any], by: str, home: str) -> str:
    shop = serving.hold(storefront_id=shop.pk, seen=told["seen"])
    who: dict[str, Any] = {"storefront_id": shop.pk, "by": by, "now": now()}
    before = (shop.maintenance_zh, shop.maintenance_en, shop.maintenance_until)
    if told["maintenance"]:
        if before != (told["zh"], told["en"], told["until"]):
            serving.begin_maintenance(zh=told["zh"], en=told["en"], until=told["until"], **who)
    elif shop.maintenance_zh:
        serving.end_maintenance(**who)
    if told["version"] != shop.minimum_version:
        serving.set_minimum_version(version=told["version"], **who)
    return home

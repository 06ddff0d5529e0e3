"""Message push: token and key go in and never come out; what could not be read is read again here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages as notes
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminPasswordWidget

from kernel.errors import Problem
from kernel.tenancy import tenant
from operators.base import register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.scope import OWNERS
from operators.steps import Step, Stepped
from storefronts import queries
from storefronts.models import PushedMessage
from storefronts.services import messages, set_messages


class MessageKeysForm(forms.Form):
    """What stands in the mini-program's console under message push (消息推送)."""

    token = forms.CharField(
        label=say("令牌（Token）", "token"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        max_length=32,
    )
    aes_key = forms.CharField(
        label=say("消息加解密密钥（EncodingAESKey）", "EncodingAESKey"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        min_length=43,
        max_length=43,
    )


def message_page(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the empty form, or seal and store what was sent. Raises Http404 for a foreign storefront."""
    storefront = page.get_queryset(request).filter(pk=object_id).select_related("key").first()
    if storefront is None:
        raise Http404
    form = MessageKeysForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _store(page, request, storefront, form.cleaned_data):
        return HttpResponseRedirect(reverse("admin:storefronts_storefront_change", args=[storefront.pk]))
    address = f"{settings.PUBLIC_BASE_URL}/wechat/messages/{storefront.appid}"
    context = {
        **page.admin_site.each_context(request),
        "title": say("消息推送密钥", "Message push"),
        "subtitle": str(storefront),
        "opts": page.opts,
        "form": form,
        "hint": say(
            f"在小程序后台“消息推送”中选择安全模式，服务器地址填 {address}",
            f"In the mini-program's console choose safe mode and the address {address}",
        ),
        "original": storefront,
    }
    answer = TemplateResponse(request, "operators/form.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _store(page: Any, request: HttpRequest, storefront: Any, values: dict[str, Any]) -> bool:
    try:
        with transaction.atomic(), tenant(storefront.pk):
            set_messages(storefront=storefront, token=values["token"], aes_key=values["aes_key"])
            page.record(request, storefront, storefront.pk, "messages_set")
    except Problem as problem:
        page.tell(request, problem)
        return False
    queries.forget_kept()
    page.message_user(request, say("密钥已加密保存。", "The keys are sealed and stored."), notes.SUCCESS)
    return True


def _again(row: PushedMessage, values: Mapping[str, Any], who: str, at: datetime) -> None:
    messages.again(message=row, by=who, now=at)


@register("storefronts.PushedMessage")
class PushedMessageAdmin(Stepped):
    """What WeChat pushed to the mini-program's server, and what became of it; never what it says."""

    fields = ("event", "outcome", "error", "received_at", "taken_at", "storefront")
    list_display = ("received_at", "event", "outcome", "error", "taken_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("outcome"), "received_at")
    search_fields = ("event__exact",)
    ordering = ("-id",)
    steps = (
        Step(
            name="again",
            title=say("再次处理", "Read it again"),
            icon="refresh",
            form=NothingForm,
            do=_again,
            roles=OWNERS,
            legal=lambda row: row.outcome == PushedMessage.Outcome.FAILED,
        ),
    )

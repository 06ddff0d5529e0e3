"""Message push: token and key go in and never come out; what could not be read is read again here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminPasswordWidget

from operators.base import register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.scope import OWNERS
from operators.sealing import Values, sealing_page
from operators.steps import Step, Stepped
from storefronts.models import PushedMessage, Storefront
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
    """The form for what signs and encrypts the messages that WeChat pushes to a storefront."""

    def keep(storefront: Storefront, values: Values) -> None:
        set_messages(storefront=storefront, token=values["token"], aes_key=values["aes_key"])
        page.record(request, storefront, storefront.pk, "messages_set")

    return sealing_page(
        page,
        request,
        object_id,
        title=say("消息推送密钥", "Message push"),
        form=lambda sent, _: MessageKeysForm(sent),
        keep=keep,
        hint=_where,
    )


def _where(storefront: Storefront) -> Any:
    address = f"{settings.PUBLIC_BASE_URL}/wechat/messages/{storefront.appid}"
    return say(
        f"在小程序后台“消息推送”中选择安全模式，服务器地址填 {address}",
        f"In the mini-program's console choose safe mode and the address {address}",
    )


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

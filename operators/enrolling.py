"""Binding a telephone: its secret as a picture and as text, the first code, then the recovery codes, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe

from kernel.clock import now
from operators.bilingual import say
from operators.own_sessions import end_others
from storefronts.models import Operator, OperatorSession
from storefronts.services import second_factor
from storefronts.sessions import WAITING
from storefronts.telephones import Telephone


def page(
    request: HttpRequest, operator: Operator, *, finish: Callable[[HttpRequest, str], None], wanted: str
) -> HttpResponse:
    """The form; a right first code ends the log-in and every other session."""
    codes: list[str] = []
    if request.method == "POST":
        given = request.POST.get("code", "")[:40]
        seen = request.session.get(WAITING)
        codes = second_factor.confirm(operator=operator, shown=seen, code=given, now=now())
        if codes:
            finish(request, OperatorSession.Factor.CODE)
            end_others(request)
        else:
            messages.error(
                request,
                say(
                    "动态口令不正确，或输错后尚需稍候。请核对手机时间后再试。",
                    "The code is wrong, or came too soon after a wrong one. Is the telephone's clock right?",
                ),
            )
    device = None
    if not codes:
        seen = request.session.get(WAITING)
        device = second_factor.begin(operator=operator, shown=seen, now=now())
        request.session[WAITING] = device.pk
    return shown(request, codes=codes, device=device, wanted=wanted)


def shown(request: HttpRequest, *, codes: list[str], device: Telephone | None, wanted: str) -> HttpResponse:
    """The secret of a device that waits, or new recovery codes."""
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": say("恢复码", "Recovery codes") if codes else say("绑定动态口令", "Second factor"),
        "codes": codes,
        "next": wanted,
    }
    if device is not None:
        context |= {"picture": picture(device), "secret": second_factor.secret_of(device)}
    answer = TemplateResponse(request, "operators/enrol.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def picture(device: Telephone) -> Any:
    """The address that an authenticator reads, drawn black on white whatever the page's colours."""
    drawn = segno.make(device.config_url, error="m")
    return mark_safe(  # noqa: S308  (drawn by the library from an address of ours)
        drawn.svg_inline(scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None)
    )

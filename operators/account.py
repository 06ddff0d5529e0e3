"""An operator's own safety: the second factor, and the sessions that are open, each of which can be ended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from kernel.clock import now
from operators import enrolling, entering
from operators.bilingual import say
from operators.own_sessions import end_others, in_words, own_row
from operators.tables import when
from storefronts.models import Operator, OperatorSession
from storefronts.services import second_factor, sessions

TITLE = say("账号安全", "Account safety")


def show(request: HttpRequest) -> HttpResponse:
    """What stands, and the buttons."""
    operator = _operator(request)
    here = own_row(request)
    open_ones = OperatorSession.objects.filter(operator=operator, expire_date__gt=now()).order_by("-seen_at")
    context = {
        **admin.site.each_context(request),
        "title": TITLE,
        "bound": second_factor.has_factor(operator),
        "codes_left": second_factor.codes_left(operator),
        "sessions": [
            {
                "id": one.public_id,
                "here": one.pk == here,
                "since": when(one.started_at),
                "seen": when(one.seen_at),
                "address": one.address or "-",
                "browser": in_words(one.browser),
            }
            for one in open_ones
        ],
    }
    answer = TemplateResponse(request, "operators/account.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all others."""
    operator = _operator(request)
    named = request.POST.get("session", "")
    if named:
        mine = {str(one.public_id): one for one in OperatorSession.objects.filter(operator=operator)}
        if named not in mine:
            raise Http404
        sessions.end(session=mine[named])
        done = 1
    else:
        done = end_others(request)
    messages.success(request, str(say("已结束 {} 个会话。", "{} ended.")).format(done))
    return HttpResponseRedirect(reverse("admin:account"))


@require_POST
def recovery(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown once, to who has just given a code."""
    operator = _operator(request)
    if not second_factor.has_factor(operator):
        return HttpResponseRedirect(reverse("admin:enrol"))
    if not entering.proved(request):
        messages.info(
            request, say("请输入动态口令后再次点击生成。", "Give a code, then ask for them once more.")
        )
        return HttpResponseRedirect(reverse("admin:prove"))
    codes = second_factor.renew_recovery(operator=operator, now=now())
    return enrolling.shown(request, codes=codes, device=None, wanted=reverse("admin:account"))


def _operator(request: HttpRequest) -> Operator:
    if not isinstance(request.user, Operator):
        raise Http404
    return request.user


def urls(site: admin.AdminSite) -> list[Any]:
    """Each behind the site's own check."""
    return [
        path("account/", site.admin_view(show), name="account"),
        path("account/end/", site.admin_view(end), name="account_end"),
        path("account/recovery/", site.admin_view(recovery), name="account_recovery"),
    ]

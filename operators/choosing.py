"""A first password is replaced by one that nobody else knows, on the one page that it opens."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from kernel.clock import now
from kernel.errors import Problem
from operators.bilingual import chinese, say
from operators.own_sessions import end_others
from storefronts.models import Operator
from storefronts.services import colleagues


def page(request: HttpRequest, operator: Operator, *, wanted: str) -> HttpResponse:
    """The form; with the new password every other session ends, and the log-in goes on to its next step."""
    if not colleagues.waits(operator, now()):
        return _out(request, colleagues.FirstPasswordOver())
    form = SetPasswordForm(operator, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            colleagues.choose_password(
                operator=operator, password=form.cleaned_data["new_password1"], now=now()
            )
        except colleagues.SamePassword as same:
            form.add_error("new_password1", _text(same))
        except colleagues.FirstPasswordOver as over:
            return _out(request, over)
        else:
            operator.refresh_from_db()
            update_session_auth_hash(request, operator)
            end_others(request)
            return HttpResponseRedirect(f"{reverse('admin:login')}?{urlencode({'next': wanted})}")
    context = {
        **admin.site.each_context(request),
        "title": say("设置新密码", "A password of your own"),
        "errors": [error for errors in form.errors.values() for error in errors],
        "next": wanted,
    }
    answer = TemplateResponse(request, "operators/choose.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _out(request: HttpRequest, problem: Problem) -> HttpResponse:
    logout(request)
    messages.error(request, _text(problem))
    return HttpResponseRedirect(reverse("admin:login"))


def _text(problem: Problem) -> str:
    return problem.text("zh" if chinese() else "en")

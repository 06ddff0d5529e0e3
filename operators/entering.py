"""The way in: after the password a code, and no page or action before it was given in this very session.

Who came with a password that a colleague gave chooses another one before anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from ipaddress import ip_address
from typing import Any

from axes.utils import reset as forget_failures
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import authenticate, logout
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache

from kernel import callers
from kernel.clock import now
from kernel.errors import Upstream
from operators import choosing, enrolling
from operators.bilingual import chinese, say
from operators.scope import scope_of
from storefronts.models import Operator, OperatorSession
from storefronts.services import second_factor
from storefronts.sessions import FACTOR, IDLE, PROVED

Factor = OperatorSession.Factor
PROVES = timedelta(minutes=5)
WRONG = say(
    "动态口令不正确、已使用过，或输错后尚需稍候。",
    "The code is wrong, was used before, or came too soon after a wrong one.",
)


class Sessions(SessionMiddleware):
    """Django's, which besides tells the session from where it is used, and that it still is."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        session: Any = request.session
        session.address = address_of(request)
        session.browser = request.headers.get("User-Agent", "")[:200]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session: Any = request.session
        if not session.modified:
            session.see(now())
        answer: HttpResponse = super().process_response(request, response)
        return answer


class CodeBackend:
    """The second step as Django's log-in knows it, so that wrong codes count as wrong passwords do."""

    def authenticate(self, request: HttpRequest, username: str, code: str) -> Operator | None:
        """The operator of the session, when the code is theirs."""
        operator = request.user
        if not isinstance(operator, Operator) or operator.get_username() != username:
            return None
        kind = second_factor.check(operator=operator, code=code, now=now())
        request.session[FACTOR] = kind
        return operator if kind else None

    def get_user(self, user_id: int) -> None:
        """Nobody is logged in by a code alone."""


def address_of(request: HttpRequest) -> str:
    """The address of the client, as one that the database takes."""
    told = callers.client(request)
    try:
        return str(ip_address(told))
    except ValueError:
        return str(request.META.get("REMOTE_ADDR") or "127.0.0.1")


def settled(request: HttpRequest) -> bool:
    """Whether all steps are taken: a password of one's own, and the second step or none that is asked for."""
    operator = request.user
    return isinstance(operator, Operator) and operator.first_password_until is None and coded(request)


def coded(request: HttpRequest) -> bool:
    """Whether the second step was taken in this session, or is not asked of this operator."""
    kind = request.session.get(FACTOR)
    return kind in (Factor.CODE, Factor.RECOVERY) or (
        kind == Factor.NONE and not scope_of(request).needs_code
    )


def next_step(request: HttpRequest) -> HttpResponse | None:
    """Where someone goes who gave the password and not yet a code; None for anyone else."""
    operator = request.user
    if not (isinstance(operator, Operator) and operator.is_active and operator.is_staff) or settled(request):
        return None
    if second_factor.has_factor(operator) and not coded(request):
        return _to(request, "admin:code")
    if operator.first_password_until is not None:
        return _to(request, "admin:choose")
    if scope_of(request).needs_code:
        return _to(request, "admin:enrol")
    finish(request, Factor.NONE)
    return HttpResponseRedirect(wanted(request))


def finish(request: HttpRequest, kind: str) -> None:
    """The second step is taken: the session has a new key, its own end, and old failures are forgotten."""
    operator = request.user
    request.session[FACTOR] = str(kind)
    request.session[PROVED] = now().timestamp()
    money = scope_of(request).needs_code
    request.session[IDLE] = settings.OPERATOR_IDLE_MONEY_SECONDS if money else settings.OPERATOR_IDLE_SECONDS
    request.session.cycle_key()
    forget_failures(username=operator.get_username(), ip=address_of(request))


def _opened(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """While the KMS opens no key, no code can be checked or bound: that is told, and counts as no failure."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except Upstream as problem:
            text = problem.text("zh" if chinese() else "en")
            return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")

    return answer


@never_cache
@_opened
def code(request: HttpRequest) -> HttpResponse:
    """The second step of the log-in."""
    operator = request.user
    step = next_step(request)
    if step is None or not isinstance(operator, Operator) or not second_factor.has_factor(operator):
        return HttpResponseRedirect(wanted(request) if settled_in(request) else reverse("admin:login"))
    if coded(request):
        return step
    if request.method == "POST":
        given = request.POST.get("code", "")[:40]
        if authenticate(request=request, username=operator.get_username(), code=given) is not None:
            kind = request.session[FACTOR]
            finish(request, kind)
            if kind == Factor.RECOVERY:
                left = second_factor.codes_left(operator)
                text = say("已使用一个恢复码，剩余 {} 个。", "A recovery code was used; {} are left.")
                messages.warning(request, str(text).format(left))
            return HttpResponseRedirect(wanted(request))
        messages.error(request, WRONG)
    context = {
        **admin.site.each_context(request),
        "title": say("动态口令", "Code"),
        "button": say("登录", "Log in"),
        "next": wanted(request),
    }
    return TemplateResponse(request, "operators/code.html", context)


def proved(request: HttpRequest) -> bool:
    """Whether a code was given in this session a moment ago."""
    return bool(now().timestamp() - request.session.get(PROVED, 0) <= PROVES.total_seconds())


@never_cache
@_opened
def prove(request: HttpRequest) -> HttpResponse:
    """A code once more, before the telephone or the recovery codes change: an open session is not enough."""
    operator = request.user
    if not isinstance(operator, Operator) or not settled_in(request):
        return HttpResponseRedirect(reverse("admin:login"))
    if not second_factor.has_factor(operator):
        return HttpResponseRedirect(reverse("admin:login"))
    then = reverse("admin:enrol" if request.GET.get("for") == "telephone" else "admin:account")
    if request.method == "POST":
        kind = request.session[FACTOR]
        right = authenticate(
            request=request, username=operator.get_username(), code=request.POST.get("code", "")[:40]
        )
        request.session[FACTOR] = kind
        if right is not None:
            request.session[PROVED] = now().timestamp()
            return HttpResponseRedirect(f"{then}?{urlencode({'next': reverse('admin:account')})}")
        messages.error(request, WRONG)
    context = {
        **admin.site.each_context(request),
        "title": say("请再次输入动态口令", "A code once more"),
        "button": say("继续", "Go on"),
    }
    return TemplateResponse(request, "operators/code.html", context)


@never_cache
@_opened
def enrol(request: HttpRequest) -> HttpResponse:
    """Bind a telephone: before one gets in for the first time, or in place of the one in use."""
    operator = request.user
    if not isinstance(operator, Operator) or not (operator.is_active and operator.is_staff):
        return HttpResponseRedirect(reverse("admin:login"))
    if operator.first_password_until is not None:  # nor does who gave the password bind one
        return _to(request, "admin:choose")
    if second_factor.has_factor(operator):  # who has one does not get another by the password alone
        if not settled(request):
            return _to(request, "admin:code")
        if not proved(request):  # nor by a session that was left open
            return HttpResponseRedirect(f"{reverse('admin:prove')}?for=telephone")
    return enrolling.page(request, operator, finish=finish, wanted=wanted(request))


@never_cache
def choose(request: HttpRequest) -> HttpResponse:
    """A password of one's own in place of a first one; who has a telephone gives its code before."""
    operator = request.user
    if not isinstance(operator, Operator) or operator.first_password_until is None:
        return HttpResponseRedirect(reverse("admin:login"))
    if second_factor.has_factor(operator) and not coded(request):
        return _to(request, "admin:code")
    return choosing.page(request, operator, wanted=wanted(request))


def leave(request: HttpRequest) -> HttpResponse:
    """Out again, before the second step; Django's own way out is for those who are in."""
    if request.method == "POST":
        logout(request)
    return HttpResponseRedirect(reverse("admin:login"))


def settled_in(request: HttpRequest) -> bool:
    """Whether someone is logged in, all steps taken."""
    return bool(request.user.is_authenticated and settled(request))


def wanted(request: HttpRequest) -> str:
    """The page of ours that was asked for before the log-in; else the first."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    here = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if here and not asked.startswith(reverse("admin:login")) else reverse("admin:index")


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """What is answered while an operator's name is locked at an address."""
    answer = TemplateResponse(
        request,
        "operators/locked_out.html",
        {
            **admin.site.each_context(request),
            "has_permission": False,
            "title": say("登录已锁定", "Locked out"),
            "hours": settings.AXES_COOLOFF_TIME,
        },
        status=429,
    )
    return answer.render()


def _to(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': wanted(request)})}")


urls = [
    path("login/code/", code, name="code"),
    path("login/prove/", prove, name="prove"),
    path("login/password/", choose, name="choose"),
    path("login/enrol/", enrol, name="enrol"),
    path("login/leave/", leave, name="leave"),
]

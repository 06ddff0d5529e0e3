"""The page where a developer gets keys for the sandbox storefront, where PARTNER_SANDBOX names one."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from kernel import callers, clock, throttle
from kernel.errors import Problem
from kernel.problems import language_of
from kernel.throttle import Limit
from partner_api.docs.guides import LANGUAGES
from partner_api.docs.pages import POLICY, around
from partners.services.sandbox import LASTS, open_sandbox, sandbox_storefront

FROM_ONE_PLACE: Final = Limit("partner_sandbox", 5, 3600)
_ROWS: Final = (
    ("title", "Keys for the sandbox", "自助获取沙箱密钥"),
    (
        "lead",
        "One press gives you a partner of your own in the sandbox storefront, with a credential for every"
        " call that touches no personal data. It ends after {days} days by itself.",
        "点击即可在沙箱店铺获得专属合作方账户及凭据，可调用不涉及个人信息的全部接口，{days} 天后自动失效。",
    ),
    (
        "shared",
        "The storefront is shared with other developers: what you write there others see, and it is nobody's"
        " business. Send no real data.",
        "沙箱店铺由所有开发者共用，您写入的内容他人可见。请勿提交真实数据。",
    ),
    ("give", "Give me keys", "获取密钥"),
    (
        "once",
        "They are shown this once and kept by nobody in plain. They end on {ends}.",
        "密钥仅显示这一次，本系统不留存明文。有效期至 {ends}。",
    ),
    ("id", "Client id", "客户端 ID"),
    ("secret", "Client secret", "客户端密钥"),
    ("signing", "Signing key", "签名密钥"),
    ("first", "Your first call", "第一次调用"),
    ("paste", "Paste this into a shell:", "粘贴到终端执行："),
    ("then", "Then read on", "接下来请阅读"),
    ("guide", "First call in five minutes", "五分钟完成第一次调用"),
)
TEXTS: Final = {
    "en": {name: en for name, en, _ in _ROWS},
    "zh": {name: zh for name, _, zh in _ROWS},
}


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To the page in the reader's language."""
    sandbox_storefront()
    answer = HttpResponseRedirect(f"/partner/sandbox/{language_of(request)}/")
    answer["Vary"] = "Accept-Language"
    return answer


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, language: str) -> HttpResponse:
    """The page with its button; pressed, the keys, this once. Raises Missing where there is no sandbox."""
    storefront = sandbox_storefront()
    if language not in LANGUAGES:
        raise Http404
    told: dict[str, Any] = {"refused": "", "issued": None, "days": LASTS.days}
    status = 200
    if request.method == "POST":
        try:
            throttle.writes.spend(FROM_ONE_PLACE, callers.place(callers.client(request)))
            told["issued"] = open_sandbox(now=clock.now())
            status = 201
        except Problem as problem:
            told["refused"], status = problem.text(language), problem.status
    text = TEXTS[language]
    ends = (clock.now() + LASTS).astimezone(clock.SHANGHAI)
    told |= {
        "text": text,
        "lead": text["lead"].format(days=LASTS.days),
        "once": text["once"].format(ends=f"{ends:%Y-%m-%d %H:%M} (UTC+8)"),
        "house": request.build_absolute_uri("/").rstrip("/"),
        "storefront": storefront.code,
    }
    answer = render(request, "partner_api/sandbox.html", {**around(request, language), **told}, status=status)
    answer["Content-Security-Policy"] = POLICY.replace("form-action 'none'", "form-action 'self'")
    answer["Cache-Control"] = "no-store"
    return answer

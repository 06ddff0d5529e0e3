"""The mini-program in an ordinary browser, on a laptop: its H5 build, and WeChat's part of it by the sandbox.

`/shop/<storefront>/` gives the pages that `make miniprogram` has built, told of which appid they are. What
WeChat does on a telephone (a log-in code, the payment sheet, a prompt, a number) the pages ask of
`seam/<verb>` beside them, and that is the sandbox's control. The addresses are not there in production, and
answer 404 where WECHAT_API_BASE is not on this machine: nobody pays for an order by asking.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.db import DataError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import path
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.static import serve

from backend.house import ROOT
from customers.models import NewsTemplate
from storefronts.queries import shop_by_code

DIST = ROOT / "miniprogram" / "dist" / "build" / "h5"
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; frame-ancestors 'self'"
)
SECONDS = 10.0
NOT_BUILT = "The shop is not built: run `make miniprogram` (it needs Node 20), then reload."


def built() -> bool:
    """Whether there are pages to show."""
    return (DIST / "index.html").exists()


@require_safe
def page(request: HttpRequest, storefront: str) -> HttpResponse:
    """The one page of the build, told whose shop it is."""
    shop = shop_by_code(storefront)
    if not played():
        raise Http404
    if not built():
        return HttpResponse(NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    told = format_html('<meta name="appid" content="{}"></head>', shop.appid)
    html = (DIST / "index.html").read_text(encoding="utf-8").replace("</head>", told, 1)
    return HttpResponse(html, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


@require_safe
def file(request: HttpRequest, storefront: str, name: str) -> HttpResponseBase:
    """A file of the build; its name changes with its content, but for the page's, which is given above."""
    if not played() or name == "index.html":
        raise Http404
    answer = below(request, name, str(DIST))
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def below(request: HttpRequest, path: str, document_root: str) -> FileResponse:
    """A file below a folder, as Django serves it on a laptop; 404 for a name that no file can have, too."""
    try:
        answer: FileResponse = serve(request, path, document_root=document_root)
    except (SuspiciousFileOperation, OSError) as nowhere:
        raise Http404 from nowhere
    return answer


@csrf_exempt
@require_POST
def seam(request: HttpRequest, storefront: str, verb: str) -> HttpResponse:
    """What the user does in WeChat, done in the sandbox, where it may be refused (400) or nobody is (502)."""
    shop = shop_by_code(storefront)
    if verb not in VERBS or not played():
        raise Http404
    try:
        wish = json.loads(request.body)
        calls = VERBS[verb](shop.appid, wish)
    except (ValueError, TypeError, KeyError, RecursionError, DataError):
        return JsonResponse({"error": "a JSON object with the fields of this verb"}, status=400)
    answer: Any = {}
    for control, body in calls:
        try:
            made = requests.post(f"{settings.WECHAT_API_BASE}/sandbox/{control}", json=body, timeout=SECONDS)
        except requests.RequestException:
            return JsonResponse({"error": "the sandbox does not answer"}, status=502)
        if not made.ok:
            return HttpResponse(made.content, status=400, content_type="application/json")
        answer = made.json() if made.content else {}
    return JsonResponse(answer)


Calls = list[tuple[str, dict[str, Any]]]


def _login(appid: str, wish: Any) -> Calls:
    return [("login", {"appid": appid, "user": str(wish["user"])})]


def _pay(appid: str, wish: Any) -> Calls:
    fields = ("timeStamp", "nonceStr", "package", "signType", "paySign")
    return [("pay", {"client": {field: str(wish[field]) for field in fields}})]


def _phone(appid: str, wish: Any) -> Calls:
    return [("phone", {"appid": appid, "phone": str(wish["phone"])})]


def _subscribe(appid: str, wish: Any) -> Calls:
    """The sandbox is told of the shop's templates as they are set here: nobody set them up at WeChat."""
    user, act = str(wish["user"]), str(wish["act"])
    wanted = [str(one) for one in wish["templates"]]
    calls: Calls = []
    for one in NewsTemplate.objects.filter(storefront__appid=appid, template_id__in=wanted):
        about = {"appid": appid, "template_id": one.template_id}
        calls.append(("subscription", {**about, "fields": list(one.fields)}))
        calls.append(("subscription", {"template_id": one.template_id, "user": user, "act": act}))
    return calls


VERBS = {"login": _login, "pay": _pay, "phone": _phone, "subscribe": _subscribe}


def played() -> bool:
    """Whether WeChat is the sandbox on this machine."""
    return urlsplit(settings.WECHAT_API_BASE).hostname in {"127.0.0.1", "localhost", "::1"}


addresses = [
    path("<slug:storefront>/", page, name="shop"),
    path("<slug:storefront>/seam/<slug:verb>", seam),
    path("<slug:storefront>/<path:name>", file),
]

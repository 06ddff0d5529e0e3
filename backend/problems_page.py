"""Every problem's `type` is an address that explains it; what it says is read from the error classes."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from kernel import problems
from kernel.errors import Missing, Problem, Upstream

PACKAGES = (
    *(
        "kernel",
        "wechat",
        "compliance",
        "storefronts",
        "customers",
        "catalog",
        "shopfront",
        "inventory",
        "orders",
    ),
    *("payments", "logistics", "customs", "settlement", "returns", "reviews", "miniprogram_api", "operators"),
    "partner_api",
    "partners",
)
_LEFT_OUT = (".migrations", ".management", ".demo")
_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{code}</title></head>
<body><h1>{code}</h1><p lang="zh-CN">{zh}</p><p lang="en">{en}</p><p>HTTP {status}</p></body>
</html>
"""


@dataclass(frozen=True, order=True)
class Told:
    """What can be said of an error without an instance of it; braces are fields of the answer."""

    code: str
    status: int
    title: str
    title_zh: str


@lru_cache(maxsize=1)
def told() -> tuple[Told, ...]:
    """Every error that a caller can meet, by code; the first call imports the modules that define them."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not any(part in module.name for part in _LEFT_OUT):
                importlib.import_module(module.name)
    found = {Told(k.code, _status(k), k.title, k.title_zh) for k in _kinds(Problem)}
    return tuple(sorted(found))


@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """One problem: a small page for a browser, JSON for everyone else, a 404 problem for an unknown code."""
    one = next((each for each in told() if each.code == code), None)
    if one is None:
        return problems.render(Missing(), request)
    answer: HttpResponse
    if "text/html" in request.headers.get("Accept", ""):
        answer = HttpResponse(
            format_html(_PAGE, code=one.code, zh=one.title_zh, en=one.title, status=one.status)
        )
    else:
        answer = JsonResponse(
            {
                "type": f"/problems/{one.code}",
                "code": one.code,
                "status": one.status,
                "title": {"zh": one.title_zh, "en": one.title},
            },
            json_dumps_params={"ensure_ascii": False},
        )
    answer["Vary"] = "Accept"
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


@require_safe
def nothing_here(request: HttpRequest) -> HttpResponse:
    """The root of a house in production: 404, as a problem."""
    return problems.render(Missing(), request)


def _kinds(base: type[Problem]) -> list[type[Problem]]:
    """Every error class below `base` that has a code of its own."""
    found: list[type[Problem]] = []
    for child in base.__subclasses__():
        ours = child.__module__.partition(".")[0] in PACKAGES
        found += [child] if ours and "code" in vars(child) else []
        found += _kinds(child)
    return found


def _status(kind: type[Problem]) -> int:
    """The HTTP status of an error class."""
    if issubclass(kind, Upstream):
        return 502 if getattr(kind, "permanent", False) is True else 503
    return kind.status

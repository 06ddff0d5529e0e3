"""The pages: everything from this house, no script, for anyone to read."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache, wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kernel.problems import language_of
from partner_api.client_source import FOLDER
from partner_api.deprecation import Deprecated
from partner_api.docs.guides import LANGUAGES, SLUGS, guide, guides
from partner_api.docs.reference import Call, groups
from partner_api.docs.words import WORDS
from partner_api.introduction import TAGS
from partner_api.naming import ROOT
from partner_api.openapi import doors
from partners.published import BY_TYPE
from partners.scopes import SCOPES

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same files are the same archive


@require_safe
def begin(request: HttpRequest, rest: str = "") -> HttpResponse:
    """To the page in the reader's language."""
    if rest and rest not in {"changes", "events", "scopes"}:
        raise Http404
    answer = HttpResponseRedirect(f"/partner/docs/{language_of(request)}/{rest}")
    answer["Vary"] = "Accept-Language"
    return answer


def page(view: Any) -> Any:
    """A page of the site in one of its languages."""

    @require_safe
    @wraps(view)
    def shown(request: HttpRequest, language: str, **names: str) -> HttpResponse:
        if language not in LANGUAGES:
            raise Http404
        template, told = view(language, **names)
        answer = render(request, f"partner_api/{template}.html", {**told, **around(request, language)})
        answer["Content-Security-Policy"] = POLICY
        answer["Cache-Control"] = "public, max-age=300"
        return answer

    return shown


def around(request: HttpRequest, language: str) -> dict[str, Any]:
    """What stands around a page in one of the languages."""
    other = "zh" if language == "en" else "en"
    return {
        "language": language,
        "other": other,
        "twin": request.path.replace(f"/{language}/", f"/{other}/", 1),
        "words": WORDS[language],
        "guides": guides(language),
        "groups": {name: _group(language, name) for name in groups()},
        "schema": f"{ROOT}openapi.json",
        "here": request.path,
        "sandbox": settings.PARTNER_SANDBOX,
    }


@page
def home(language: str) -> tuple[str, dict[str, Any]]:
    """What there is."""
    return "home", {}


@page
def one_guide(language: str, slug: str) -> tuple[str, dict[str, Any]]:
    """A guide, with the one after it."""
    if slug not in SLUGS:
        raise Http404
    after = SLUGS[SLUGS.index(slug) + 1 :]
    return "guide", {"guide": guide(language, slug), "after": guide(language, after[0]) if after else None}


@page
def one_group(language: str, group: str) -> tuple[str, dict[str, Any]]:
    """The calls of a group."""
    calls: list[Call] | None = groups().get(group)
    if calls is None:
        raise Http404
    return "group", {"group": _group(language, group), "calls": calls}


@page
def events(language: str) -> tuple[str, dict[str, Any]]:
    """What partners hear."""
    rows = [(one.type, one.scope, one.zh if language == "zh" else one.en) for one in BY_TYPE.values()]
    return "events", {"rows": rows}


@page
def scopes(language: str) -> tuple[str, dict[str, Any]]:
    """What a partner may be allowed."""
    at = 1 if language == "zh" else 0
    return "scopes", {"rows": [(name, said[at]) for name, said in SCOPES.items()]}


@page
def changes(language: str) -> tuple[str, dict[str, Any]]:
    """What will go, and when."""
    from partner_api.urls import endpoints  # noqa: PLC0415  (the addresses name views of this package)

    going: list[tuple[str, Deprecated]] = [
        (f"{method} {address}", one)
        for address, view in doors(endpoints)
        for method, one in view.deprecated.items()
    ]
    return "changes", {"going": going}


@require_safe
def client(request: HttpRequest) -> HttpResponse:
    """The Python client, to be laid beside one's own code."""
    answer = HttpResponse(_archive(), content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="partner_client.zip"'
    return answer


@lru_cache(maxsize=1)
def _archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(FOLDER.glob("*.py")):
            archive.writestr(zipfile.ZipInfo(f"partner_client/{file.name}", _WHEN), file.read_bytes())
    return packed.getvalue()


def _group(language: str, name: str) -> str:
    """A group in words."""
    zh, _, en = TAGS.get(name, f"{name} · {name}").partition(" · ")
    return zh if language == "zh" else en

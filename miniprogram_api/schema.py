"""The API tells its own shape: OpenAPI 3.1 as JSON, and a page to read and try it, all from this house."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from kernel.documents import PROBLEM, told_by
from miniprogram_api.door import Door

_CONVERTER = re.compile(r"<\w+:(\w+)>")

# The page's own script is a file of this house; Swagger UI styles its elements inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TOO_OLD = {
    "description": "The mini-program's version, in the header X-Client-Version, is no longer served.",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_START = """"use strict";
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: document.body.dataset.schema,
    dom_id: "#ui",
    deepLinking: true,
    persistAuthorization: false,
    presets: [SwaggerUIBundle.presets.apis],
  });
});
"""


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    answer = HttpResponse(document(), content_type="application/vnd.oai.openapi+json; version=3.1.0")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI over the document."""
    answer = render(
        request,
        "miniprogram_api/docs.html",
        {"schema": reverse("schema"), "start": reverse("docs-script"), "ui": _sidecar()},
    )
    answer["Content-Security-Policy"] = POLICY
    return answer


@require_safe
def docs_script(request: HttpRequest) -> HttpResponse:
    """What starts Swagger UI, as a file of its own, so that no inline script is allowed."""
    return HttpResponse(_START, content_type="text/javascript")


@lru_cache(maxsize=1)
def document() -> bytes:
    """The OpenAPI document of this door, generated once a process."""
    from miniprogram_api.urls import endpoints  # noqa: PLC0415  (the addresses name this module)

    patterns: list[URLPattern | URLResolver] = [path("api/v1/", include(endpoints))]
    with told_by({}):
        generator = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]
        made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    for pattern in endpoints:
        address = "/api/v1/" + _CONVERTER.sub(r"{\1}", str(pattern.pattern))
        door: type[Door] = pattern.callback.cls  # type: ignore[attr-defined]
        title = str(door.__doc__).partition("\n")[0].rstrip(".")
        for operation in made["paths"][address].values():
            if door.audience != "anyone" and not door.any_version:
                operation["responses"]["426"] = _TOO_OLD
            operation["summary"] = f"{title} · {operation['description'].split('. ')[0].rstrip('.')}"
    return orjson.dumps(made, option=orjson.OPT_NON_STR_KEYS)


def _sidecar() -> dict[str, str]:
    folder = "drf_spectacular_sidecar/swagger-ui-dist"
    return {
        "css": static(f"{folder}/swagger-ui.css"),
        "bundle": static(f"{folder}/swagger-ui-bundle.js"),
        "icon": static(f"{folder}/favicon-32x32.png"),
    }

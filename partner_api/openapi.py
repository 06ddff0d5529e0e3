"""The partners' door tells its own shape: OpenAPI 3.1, with what the door asks of every call.

A view says what it takes and what it answers. That a call needs a token with a scope, a signature, a key or
the mark of what it changes, and how those are refused, is the door's and added here to each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from kernel import idempotency
from kernel.documents import PROBLEM, WHAT, told_by
from partner_api.door import READS, PartnerDoor
from partner_api.examples import example
from partner_api.introduction import DESCRIPTION, ENUMS, PLAIN, SAID, TAGS
from partner_api.naming import ROOT, SHOP, operation_name
from partners.scopes import SCOPES

_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_SENTENCE = re.compile(r"\.\s|\.$")
_ANSWER = re.compile(r"Out(?=Page$|$)")
_STAMP: Final = {"type": "string", "pattern": "^[0-9]{10}$"}
_NONCE: Final = {"type": "string", "pattern": "^[0-9A-Za-z_-]{16,64}$"}
_SIGNATURE: Final = {"type": "string", "pattern": "^v1=[0-9a-f]{64}$"}
SIGNED: Final = (
    ("X-Timestamp", _STAMP, "seconds since 1970; at most five minutes off"),
    ("X-Nonce", _NONCE, "never the same twice"),
    ("X-Signature", _SIGNATURE, "HMAC-SHA256 over the call, see the guide on signing"),
)
_KEY_SHAPE: Final = {
    "type": "string",
    "minLength": idempotency.SHORTEST,
    "maxLength": idempotency.LONGEST,
    "pattern": "^[ -~]+$",
}
_MARK: Final = (
    "If-Match",
    {"type": "string", "maxLength": 200},
    "the ETag of what you change, as you read it",
)
_LIMITED: Final[dict[str, Any]] = {
    name: {"description": what, "schema": {"type": "string"}}
    for name, what in (
        ("RateLimit", "calls left in this minute, and seconds until it is over"),
        ("RateLimit-Policy", "calls a minute"),
    )
}
_TEXT: Final = {"type": "string"}
_ETAG: Final[dict[str, Any]] = {
    "ETag": {"description": "the mark of what is shown", "schema": _TEXT, "required": True}
}
_REPLAYED: Final[dict[str, Any]] = {
    "Idempotent-Replay": {"description": "`true`: the first answer again", "schema": _TEXT}
}
_WAIT: Final[dict[str, Any]] = {
    "Retry-After": {"description": "seconds to wait", "schema": _TEXT, "required": True}
}
_GOING: Final[dict[str, Any]] = {
    name: {"description": what, "schema": _TEXT, "required": True}
    for name, what in (
        ("Deprecation", "since when nobody should begin with this call (RFC 9745)"),
        ("Sunset", "until when it is answered (RFC 8594)"),
        ("Link", "what to use instead"),
    )
}


class _Generator(SchemaGenerator):
    """Names each call by its method and address."""

    def _set_schema_to_view(self, view: Any, schema: Any) -> None:
        schema.get_operation_id = lambda: operation_name(schema.method, schema.path)
        super()._set_schema_to_view(view, schema)  # type: ignore[no-untyped-call]


class Tokens(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the document says that a token is needed."""

    target_class = "partner_api.door.BearerToken"
    name = "partner"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Client credentials, with every scope there is."""
        scopes = {name: f"{zh} · {en}" for name, (en, zh) in SCOPES.items()}
        return {
            "type": "oauth2",
            "description": "A token lives an hour and is sent as `Authorization: Bearer …`.",
            "flows": {"clientCredentials": {"tokenUrl": f"{ROOT}token", "scopes": scopes}},
        }


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    answer = HttpResponse(document(), content_type="application/vnd.oai.openapi+json; version=3.1.0")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@lru_cache(maxsize=1)
def document() -> bytes:
    """The document as it is sent, made once a process."""
    return orjson.dumps(described(), option=orjson.OPT_NON_STR_KEYS)


@lru_cache(maxsize=1)
def described() -> dict[str, Any]:
    """The document of this door, every operation with what the door asks of it."""
    from partner_api.urls import endpoints  # noqa: PLC0415  (the addresses name this module)

    patterns: list[URLPattern | URLResolver] = [path(ROOT.lstrip("/"), include(endpoints))]
    told = {"ENUM_NAME_OVERRIDES": ENUMS, "SCHEMA_PATH_PREFIX": ROOT, "COMPONENT_SPLIT_REQUEST": False}
    with told_by(told):
        generator = _Generator(patterns=patterns)  # type: ignore[no-untyped-call]
        made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    made = _renamed(made)
    for address, view in doors(endpoints):
        for method, operation in made["paths"][address].items():
            _complete(operation, address, method.upper(), view)
    made["paths"] = PLAIN | made["paths"]
    made["info"] = {"title": "Partner API · 合作伙伴接口", "version": "1.0.0", "description": DESCRIPTION}
    made["tags"] = [{"name": name, "description": what} for name, what in TAGS.items()]
    return made


def _renamed(made: dict[str, Any]) -> dict[str, Any]:
    """Shapes under the names of what they are: an order, not an OrderOut."""
    known = made["components"]["schemas"]
    names = {name: short for name in known if (short := _ANSWER.sub("", name)) not in known}
    text = orjson.dumps(made, option=orjson.OPT_NON_STR_KEYS).decode()
    for name, short in names.items():
        text = text.replace(f'#/components/schemas/{name}"', f'#/components/schemas/{short}"')
    found: dict[str, Any] = orjson.loads(text)
    schemas = found["components"]["schemas"]
    found["components"]["schemas"] = {names.get(name, name): one for name, one in schemas.items()}
    return found


def doors(patterns: list[Any], before: str = ROOT) -> Iterator[tuple[str, type[PartnerDoor]]]:
    """Each address as the document writes it, with the view behind it."""
    for one in patterns:
        address = before + _CONVERTER.sub(r"{\1}", str(one.pattern))
        if isinstance(one, URLResolver):
            yield from doors(one.url_patterns, address)
        else:
            yield address, one.callback.cls


def _complete(operation: dict[str, Any], address: str, method: str, view: type[PartnerDoor]) -> None:
    title = str(view.__doc__).partition("\n")[0].rstrip(".")
    operation["summary"] = f"{title} · {_SENTENCE.split(operation['description'])[0]}"
    operation["tags"] = [address.removeprefix(ROOT).removeprefix(SHOP).split("/")[0]]
    operation["security"] = [{"partner": [view.scopes[method]]}]
    if method in view.deprecated:
        operation["deprecated"] = True
    asked = operation.setdefault("parameters", [])
    asked.sort(key=lambda one: one["in"] != "path")
    for one in asked:
        if one["schema"].get("default") == "":
            del one["schema"]["default"]  # not to send it is what it means
    if method not in READS or method in view.signed:
        asked += [_header(*one) for one in SIGNED]
    if method == "POST":
        asked.append(_header(idempotency.HEADER, _KEY_SHAPE, "a new one for each call; the same for a retry"))
    if method in {"PUT", "PATCH"}:
        asked.append(_header(*_MARK))
    for status in _refusals(address, method):
        operation["responses"].setdefault(str(status), _problem(status))
    for status, answer in operation["responses"].items():
        if status in SAID:
            answer["description"] = SAID[status]
        told: dict[str, Any] = _GOING if method in view.deprecated else {}
        if status < "400":
            answer["description"] = answer["description"] or HTTPStatus(int(status)).phrase
            told = {**_LIMITED, **told, **(_REPLAYED if method == "POST" else {})}
            told |= _ETAG if "ETag" in operation["description"] or method in {"PUT", "PATCH"} else {}
        elif status == "429":
            told = {**told, **_WAIT}
        if told:
            answer["headers"] = {**told, **answer.get("headers", {})}
    _exemplify(operation, operation["operationId"])


def _refusals(address: str, method: str) -> Iterator[int]:
    """How the door refuses such a call."""
    yield from (401, 403, 429, 503)
    if SHOP in address:
        yield 404
    if method != "GET":
        yield from (400, 409, 413, 415, 422)
    if method in {"PUT", "PATCH"}:
        yield from (412, 428)


def _exemplify(operation: dict[str, Any], name: str) -> None:
    """The example of this call, which a test has made and holds true."""
    found = example(name)
    if found is None:
        return
    for body in [*operation.get("requestBody", {}).get("content", {}).values()][:1]:
        body["example"] = found["body"]
    for answer in operation["responses"][str(found["status"])].get("content", {}).values():
        answer["example"] = found["answer"]
    values = found["path"] | found["query"]
    for one in operation["parameters"]:
        if one["in"] in {"path", "query"} and one["name"] in values:
            one["example"] = values[one["name"]]


def _header(name: str, shape: dict[str, Any], says: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": shape, "description": says}


def _problem(status: int) -> dict[str, Any]:
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": WHAT[status], "content": {PROBLEM: shape}}

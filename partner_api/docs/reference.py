"""The reference: the document's calls by group, with what each takes and answers laid out as a table."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from partner_api.docs.guides import inline
from partner_api.introduction import TAGS
from partner_api.openapi import described

DEEPEST: Final = 4
_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table; `depth` says how far inside it stands."""

    name: str
    kind: str
    needed: bool
    says: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the page shows it."""

    name: str
    method: str
    path: str
    summary: str
    says: str
    scope: str
    signed: bool
    keyed: bool
    deprecated: bool
    asked: list[Field]
    body: list[Field]
    status: str
    answer: list[Field]
    answers_file: str
    refusals: list[tuple[str, str]]
    sent: str
    given: str


@lru_cache(maxsize=1)
def groups() -> dict[str, list[Call]]:
    """Every call, by group, in the order of the groups and of their addresses."""
    found: dict[str, list[Call]] = {name: [] for name in TAGS}
    for path, calls in described()["paths"].items():
        for method in _METHODS:
            if method in calls:
                made = _call(path, method, calls[method])
                found.setdefault(calls[method]["tags"][0], []).append(made)
    return {name: calls for name, calls in found.items() if calls}


def _call(path: str, method: str, one: dict[str, Any]) -> Call:
    asked = [p for p in one["parameters"] if p["in"] != "header"]
    headers = {p["name"] for p in one["parameters"] if p["in"] == "header"}
    sent_as, body = _first(one.get("requestBody", {}))
    status, answer = next((s, a) for s, a in one["responses"].items() if s < "400")
    kind, given = _first(answer)
    _, _, summary = one["summary"].partition(" · ")
    security = [scope for each in one["security"] for scopes in each.values() for scope in scopes]
    return Call(
        name=one["operationId"],
        method=method.upper(),
        path=path,
        summary=inline(summary),
        says=inline(one["description"].partition(". ")[2]),
        scope=" ".join(security),
        signed="X-Signature" in headers,
        keyed="Idempotency-Key" in headers,
        deprecated=one.get("deprecated", False),
        asked=[
            Field(p["name"], _kind(p["schema"]), p.get("required", False), _says(p, p["schema"]))
            for p in asked
            if p["name"] != "storefront"
        ],
        body=list(_fields(body.get("schema", {}))),
        status=status,
        answer=list(_fields(given.get("schema", {}))) if kind == "application/json" else [],
        answers_file=kind if kind != "application/json" else "",
        refusals=[(code, said["description"]) for code, said in one["responses"].items() if code >= "400"],
        sent=_sent(f"{method.upper()} {path}", asked, sorted(headers), sent_as, body.get("example")),
        given=_pretty(given["example"]) if "example" in given else "",
    )


def _first(of: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The media type of a body and what is said of it; empty where there is none."""
    content: dict[str, dict[str, Any]] = of.get("content", {})
    return next(iter(content.items()), ("", {}))


def _sent(call: str, asked: list[dict[str, Any]], headers: list[str], sent_as: str, body: Any) -> str:
    """The call as a line of curl, with what the example sent."""
    method, _, path = call.partition(" ")
    values = {p["name"]: p["example"] for p in asked if "example" in p}
    where = path.format_map({name: values.get(name, f"{{{name}}}") for name in _named(path)})
    query = "&".join(
        f"{p['name']}={values[p['name']]}" for p in asked if p["in"] == "query" and "example" in p
    )
    lines = [f'curl -X {method} "$HOUSE{where}{"?" + query if query else ""}"']
    lines += [] if path.endswith("/token") else ['-H "Authorization: Bearer $TOKEN"']
    lines += [f'-H "{name}: …"' for name in headers]
    if body is not None:
        lines += [f'-H "Content-Type: {sent_as}"', f"-d {shlex.quote(_pretty(body))}"]
    return " \\\n  ".join(lines)


def _named(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _fields(schema: dict[str, Any], depth: int = 0) -> Iterator[Field]:
    """The members of an object, and of what lies in it."""
    inner = _resolved(schema)
    if "items" in inner:
        inner = _resolved(inner["items"])
    for name, one in inner.get("properties", {}).items():
        needed = name in inner.get("required", ())
        yield Field(name, _kind(one), needed, _says(one, one), depth)
        if depth < DEEPEST:
            yield from _fields(one, depth + 1)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference means; of several the first that has members."""
    if "$ref" in schema:
        found: dict[str, Any] = described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    for several in ("oneOf", "anyOf", "allOf"):
        for each in schema.get(several, ()):
            if _resolved(each).get("properties"):
                return _resolved(each)
    return schema


def _kind(schema: dict[str, Any]) -> str:
    """A type in a word or two."""
    shape = _resolved(schema)
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"] if value is not None)
    kinds = shape.get("type", "object")
    several = [kinds] if isinstance(kinds, str) else kinds
    words = [shape.get("format") or kind if kind == "string" else kind for kind in several]
    if "array" in words:
        words[words.index("array")] = f"list of {_kind(shape['items'])}"
    if any("null" in str(each.get("type", "")) for each in schema.get("oneOf", ())):
        words.append("null")
    return " | ".join(str(word) for word in words)


def _says(one: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a field is, and its bounds."""
    bounds = [
        f"{word} {schema[name]}"
        for name, word in (
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("maxLength", "characters at most"),
            ("maxItems", "items at most"),
        )
        if name in schema
    ]
    said = one.get("description", "") if "properties" not in _resolved(one) else ""
    return inline("; ".join([*([said] if said else []), *bounds]))


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()

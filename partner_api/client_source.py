"""The typed half of the client, written from the OpenAPI document: a shape a class, a call a method."""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from partner_api.naming import ROOT, SHOP
from partner_api.openapi import described

FOLDER: Final = Path(__file__).resolve().parent.parent / "partner_client"
_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_MADE: Final = "Made from the OpenAPI document by `manage.py partner_client`; not to be edited."
_WIDTH: Final = 110


def sources() -> dict[str, str]:
    """The two files by name, as they must stand in `partner_client/`."""
    return {"shapes.py": _shapes(), "calls.py": _calls()}


def _shapes() -> str:
    shapes = described()["components"]["schemas"]
    said = "\n\n".join(_shape(name, one) for name, one in shapes.items())
    names = "from typing import Any, Literal, NotRequired, TypedDict"
    head = f'"""What is sent and answered. {_MADE}"""\n\nfrom __future__ import annotations\n\n{names}'
    return f"{head}\n\n\n{said}\n"


def _shape(name: str, one: dict[str, Any]) -> str:
    if "enum" in one:
        return f"{name} = {_type(one)}\n"
    members = one.get("properties", {})
    if any(keyword.iskeyword(member) for member in members):
        raise ValueError(f"{name} has a member that Python cannot name")
    lines = [f"class {name}(TypedDict):", f'    """{_sentence(one.get("description", name))}"""', ""]
    for member, what in members.items():
        kind = _type(what)
        lines.append(f"    {member}: {kind if member in one.get('required', ()) else f'NotRequired[{kind}]'}")
    return "\n".join(lines) + "\n"


def _calls() -> str:
    said = "\n".join(_methods())
    typed = ", ".join(name for name in ("Any", "Literal", "cast") if re.search(rf"\b{name}\b", said))
    return (
        f'"""Every call of the door. {_MADE}"""\n\nfrom __future__ import annotations\n\n'
        f"from typing import {typed}\n\nfrom partner_client import shapes\n"
        "from partner_client.transport import Transport\n\n\n"
        'class Calls(Transport):\n    """A method a call, named by its method and address."""\n\n' + said
    )


def _methods() -> Iterator[str]:
    for path, calls in described()["paths"].items():
        for method, one in calls.items():
            if one["security"]:  # the others need no client
                yield _method(path, method.upper(), one)


def _method(path: str, method: str, one: dict[str, Any]) -> str:
    asked = one["parameters"]
    names = [name for name in re.findall(r"{(\w+)}", path) if name != "storefront"]
    query = [p for p in asked if p["in"] == "query"]
    headers = {p["name"] for p in asked if p["in"] == "header"}
    takes = ["self", *(f"{name}: str" for name in names)]
    body = _body(one)
    if body:
        takes.append(f"body: {body}" + ("" if _needed(one) else " | None = None"))
    later = [
        f"{p['name']}: {_type(p['schema'], 'shapes.')}" + ("" if p.get("required") else " | None = None")
        for p in sorted(query, key=lambda p: not p.get("required"))
    ]
    passes = []
    if names:
        passes.append(_dict("names", names))
    if query:
        passes.append(_dict("query", [p["name"] for p in query]))
    if body:
        passes.append("body=body" if _needed(one) else "body=body or {}")
    if "Idempotency-Key" in headers:
        later.append('key: str = ""')
        passes.append("key=key")
    if "If-Match" in headers:
        later.append('if_match: str = ""')
        passes.append("if_match=if_match")
    if "X-Signature" in headers:
        passes.append("signed=True")
    answer = _answer(one)
    where = path.removeprefix(ROOT + SHOP) if SHOP in path else "/" + path.removeprefix(ROOT)
    made = _call([f'"{method}"', f'"{where}"', *passes])
    gives = made if answer in {"None", "Any"} else f"cast({answer}, {made})"
    head = _wrapped([*takes, *(["*", *later] if later else [])], answer)
    doc = _sentence(one["description"])
    return (
        f"    def {one['operationId']}({head}) -> {answer}:\n"
        f'        """{doc}"""\n'
        f"        {'' if answer == 'None' else 'return '}{gives}\n"
    )


def _dict(what: str, names: list[str]) -> str:
    return f"{what}={{" + ", ".join(f'"{name}": {name}' for name in names) + "}"


def _call(passes: list[str]) -> str:
    """`self.call(…)` on one line, or each argument on its own."""
    flat = ", ".join(passes)
    if len(flat) < _WIDTH - 60:
        return f"self.call({flat})"
    return "self.call(" + "".join(f"\n            {one}," for one in passes) + "\n        )"


def _wrapped(takes: list[str], answer: str) -> str:
    """Parameters on one line, or each on its own."""
    flat = ", ".join(takes)
    return (
        flat
        if len(flat) + len(answer) < _WIDTH - 40
        else "\n        " + ",\n        ".join(takes) + ",\n    "
    )


def _body(one: dict[str, Any]) -> str:
    content = one.get("requestBody", {}).get("content", {})
    if not content:
        return ""
    return (
        _type(content["application/json"]["schema"], "shapes.") if "application/json" in content else "bytes"
    )


def _needed(one: dict[str, Any]) -> bool:
    """Whether there is anything in the body that must be said."""
    shape = next(iter(one["requestBody"]["content"].values()))["schema"]
    named = described()["components"]["schemas"].get(shape.get("$ref", "").rpartition("/")[2], shape)
    return bool(named.get("required")) or "properties" not in named


def _answer(one: dict[str, Any]) -> str:
    status = min(code for code in one["responses"] if code < "400")
    content = one["responses"][status].get("content", {})
    if not content:
        return "None"
    shape = content.get("application/json")
    return "bytes" if shape is None else _type(shape.get("schema", {}), "shapes.")


def _type(of: dict[str, Any], before: str = "") -> str:
    """The Python type of a schema."""
    if "$ref" in of:
        return before + str(of["$ref"]).rpartition("/")[2]
    if "enum" in of:
        said = ", ".join(repr(value).replace("'", '"') for value in of["enum"] if value is not None)
        return f"Literal[{said}]" + (" | None" if None in of["enum"] else "")
    for several in ("oneOf", "anyOf", "allOf"):
        if several in of:
            return " | ".join(dict.fromkeys(_type(each, before) for each in of[several]))
    kinds = of.get("type", [])
    return (
        " | ".join(_one(kind, of, before) for kind in ([kinds] if isinstance(kinds, str) else kinds)) or "Any"
    )


def _one(kind: str, of: dict[str, Any], before: str) -> str:
    if kind == "array":
        return f"list[{_type(of.get('items', {}), before)}]"
    return _PLAIN.get(kind, "dict[str, Any]")


def _sentence(text: str) -> str:
    """A docstring on as many lines as it needs."""
    lines = textwrap.wrap(re.sub(r"\s+", " ", text).strip(), _WIDTH - 14)
    return lines[0] if len(lines) == 1 else "\n        ".join(lines) + "\n        "

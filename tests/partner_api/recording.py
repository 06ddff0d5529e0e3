"""What was sent and answered becomes an example: the same story makes the same one, whatever its numbers."""

from __future__ import annotations

import os
import re
from typing import Any

import orjson

from partner_api.examples import FOLDER
from partner_api.naming import ROOT, SHOP, operation_name
from partner_client import Client

# What differs from run to run, and what stands for it.
_ALIKE = (
    (
        re.compile(r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
        "01938f2e-7c1a-7000-8000-{:012}",
    ),
    (re.compile(r"msg_[0-9a-f]{32}"), "msg_01938f2e7c1a70008000{:012}"),
    (re.compile(r"whsec_[\w+/=]+"), "whsec_{:032}"),
    (re.compile(r"\b\d{15}[0-9A-Z]{10}\b"), "261128214920176T5DGWE{:04}"),
    (re.compile(r"\bRMA\d{15}[0-9A-Z]{8,10}\b"), "RMA261128214920176T5DG{:04}"),
    (re.compile(r"\bSTR\d{15}[0-9A-Z]{8,10}\b"), "STR261128214920176T5DG{:04}"),
    (re.compile(r"\b\d{12}[0-9A-Z]{8}\b"), "261128214920T5DG{:04}"),
    (re.compile(r"\bB\d{17}\b"), "B20261128571133{:03}"),
    (re.compile(r"\b\d{8}I\d{9}\b"), "31052026I571133{:03}"),
    (re.compile(r"\b\d{21}\b"), "310520261128571133{:03}"),
    (re.compile(r"\bS\d{15}[0-9A-Z]{10}\b"), "S261128214920176T5DG{:04}"),
    (re.compile(r"\bSF\d{10,13}\b"), "SF{:013}"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "{:064}"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "{:032}"),
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
_DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b(?!T)")
_COUNTED = {"position": 4711, "millis": 84}
_OPAQUE = {"next": "WyJvcmRlcnMiLDQ3MTFd", "cursor": "WyJvcmRlcnMiLDQ3MTFd", "client_id": "0" * 32}


class Recorder(Client):
    """A client that keeps the first answer to each call, with what was sent."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.kept: dict[str, dict[str, Any]] = {}
        self._seen: dict[str, str] = {}

    def call(self, method: str, path: str, **sent: Any) -> Any:
        answer = super().call(method, path, **sent)
        whole = ROOT + path.lstrip("/") if path.startswith("/") else ROOT + SHOP + path
        name = operation_name(method, whole)
        query = {k: v for k, v in (sent.get("query") or {}).items() if v is not None}
        body = sent.get("body")
        made = {
            "path": {"storefront": self.storefront, **(sent.get("names") or {})},
            "query": query,
            "body": body.decode() if isinstance(body, bytes) else body,
            "status": self.status,
            "answer": None if isinstance(answer, bytes) else answer,
        }
        if name not in self.kept:
            self.kept[name] = self.steady(orjson.loads(orjson.dumps(made, default=str)))
        return answer

    def _told(self, answer: Any) -> Any:
        self.status = answer.status_code
        return super()._told(answer)

    def steady(self, value: Any, name: str = "") -> Any:
        """The same with what differs from run to run put alike."""
        if isinstance(value, dict):
            counted = _COUNTED if "type" in value or "millis" in value else {}
            return {
                key: counted.get(key) if key in counted and each else self.steady(each, key)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self.steady(each, name) for each in value]
        if not isinstance(value, str):
            return value
        if value and name in _OPAQUE:
            return _OPAQUE[name]
        for pattern, alike in _ALIKE:
            value = pattern.sub(lambda found, alike=alike: self._alike(found[0], alike), value)
        return _DAY.sub("2026-12-01", _INSTANT.sub("2026-11-28T13:40:35.123456+00:00", value))

    def _alike(self, found: str, alike: str) -> str:
        return self._seen.setdefault(found, alike.format(len(self._seen) + 1))


def compare(kept: dict[str, dict[str, Any]]) -> list[str]:
    """The names of calls whose example is another one; with UPDATE_EXAMPLES=1 they are written instead."""
    different = []
    for name, made in kept.items():
        file = FOLDER / f"{name}.json"
        text = orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n"
        if os.environ.get("UPDATE_EXAMPLES"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
        elif not file.exists() or file.read_bytes() != text:
            different.append(name)
    return different

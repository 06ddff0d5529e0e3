"""Requests as they came in, replies as they go out, and the four kinds of refusal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request; `target` is the path and query exactly as sent, for that is what is signed."""

    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class PayFault(Exception):
    """A refusal in the form of Pay v3: HTTP status, code, message, detail."""

    def __init__(self, status: int, code: str, message: str, detail: Json | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.detail = status, code, message, detail

    def reply(self) -> Reply:
        body: Json = {"code": self.code, "message": self.message}
        if self.detail is not None:
            body["detail"] = self.detail
        return json_reply(body, status=self.status)


class LoginFault(Exception):
    """A refusal in the form of api.weixin.qq.com: HTTP 200 with errcode and errmsg."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode, self.errmsg = errcode, errmsg


class TencentFault(Exception):
    """A refusal in the form of Tencent Cloud: HTTP 200 with Response.Error {Code, Message}."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


class ControlFault(Exception):
    """A refusal of a control endpoint: HTTP status and a sentence for the developer."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class HangUp(Exception):
    """The connection is to be closed without an answer."""


def dumps(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def json_reply(body: object, *, status: int = 200, content_type: str = "application/json") -> Reply:
    return Reply(status, dumps(body), {"Content-Type": f"{content_type}; charset=utf-8"})


def loads(body: bytes) -> Json:
    """The JSON object in `body`; ValueError for anything else, NaN and Infinity included."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    parsed = json.loads(body.decode("utf-8"), parse_constant=refuse)
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")
    return parsed

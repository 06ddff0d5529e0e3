"""The partners' client calls our application as over the wire, and what it sends may be looked at or lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from partner_client import Client
from tests.partners.calling import System

BASE = "http://testserver"


class Wire(HTTPAdapter):
    """A session's way to the test client; `before` is given each request, `after` each answer."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self.client = client
        self.sent: list[requests.PreparedRequest] = []
        self.after: Callable[[requests.Response], requests.Response] = lambda answer: answer

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.sent.append(request)
        headers: Mapping[str, str] = {k: str(v) for k, v in request.headers.items() if k != "Content-Length"}
        body = request.body or b""
        answer = self.client.generic(
            str(request.method),
            request.path_url,
            body.encode() if isinstance(body, str) else body,
            content_type=request.headers.get("Content-Type", "application/octet-stream"),
            headers=headers,
        )
        made = requests.Response()
        made.status_code, made.request, made.url = answer.status_code, request, str(request.url)
        made.headers.update(dict(answer.headers))
        made.raw = BytesIO(answer.content)
        return self.after(made)


def over(system: System, kind: type[Client] = Client) -> tuple[Client, Wire]:
    """The client of this system, and its wire."""
    session, wire = requests.Session(), Wire(system.client)
    session.mount(BASE, wire)
    issued = system.issued
    made = kind(
        BASE,
        issued.client_id,
        issued.client_secret,
        issued.signing_key,
        system.storefront,
        session=session,
    )
    return made, wire

"""What a mini-program and its user's hands do: calls over HTTP, each with the status it must have."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests

from backend.journey.report import Unexpected

SECONDS = 15.0


class Consumer:
    """One WeChat user in one mini-program."""

    def __init__(self, base: str, appid: str, user: str) -> None:
        self.base = base
        self.appid = appid
        self.user = user
        self.token = ""
        self.http = requests.Session()
        self.http.trust_env = False

    def send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """One call below /api/v1/, with the token once there is one."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {"X-Appid": self.appid}
        return self.http.request(
            method,
            f"{self.base}/api/v1/{path}",
            json=body,
            headers={**own, "Accept-Language": "en", **(headers or {})},
            timeout=SECONDS,
        )

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """The answer's JSON. Raises Unexpected for any other status."""
        answer = self.send(method, path, body, headers)
        if answer.status_code != status:
            raise Unexpected(f"{method} {path} → {status}", f"{answer.status_code} {answer.text[:600]}")
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        """A GET that must be answered with 200."""
        return self.call("GET", path)

    def refused(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int,
        code: str,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The problem document of a call that must be refused with this status and code."""
        problem: dict[str, Any] = self.call(method, path, body, status=status, headers=headers)
        if problem.get("code") != code:
            raise Unexpected(f"{method} {path} → problem {code}", problem)
        return problem


class Sandbox:
    """The control endpoints of WeChat's stand-in: the user's finger, and what goes wrong."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = requests.Session()
        self.http.trust_env = False

    def tell(self, what: str, **body: object) -> Any:
        """POST /sandbox/<what>; raises Unexpected when the sandbox refuses."""
        answer = self.http.post(f"{self.base}/sandbox/{what}", json=body, timeout=SECONDS)
        if answer.status_code != 200:
            raise Unexpected(f"sandbox: {what} → 200", f"{answer.status_code} {answer.text[:600]}")
        return answer.json()

    def read(self, what: str) -> Any:
        """GET /sandbox/<what>."""
        return self.http.get(f"{self.base}/sandbox/{what}", timeout=SECONDS).json()

    def log(self, kind: str, out_trade_no: str) -> list[dict[str, Any]]:
        """The `calls` or `notifications` of one payment number, oldest first."""
        rows: list[dict[str, Any]] = self.read("log")[kind]
        return [row for row in rows if row.get("out_trade_no") == out_trade_no]


def wait(wanted: str, ask: Callable[[], Any], *, seconds: float = 5.0) -> Any:
    """Ask again and again until the answer is true. Raises Unexpected after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise Unexpected(f"{wanted} within {seconds:g} s", answer)
        time.sleep(0.05)
    return answer

"""Calls as the partners' door wants them: with a token, signed, under a key, and again where that is safe."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

ROOT = "/partner/v1"
SECONDS = 30.0
TRIES = 4
IN_FLIGHT = "idempotency_in_flight"
EARLY = 60  # a token is fetched anew so many seconds before its end


class PartnerError(Exception):
    """A refusal, with the problem document: `code` is stable, `type` the page that explains it."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('title', '')}")
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = dict(problem)


@dataclass(frozen=True)
class Signer:
    """Signs a call: HMAC-SHA256 over version, method, path with query, time, nonce and the body's digest."""

    key: str = field(repr=False)

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """The three headers of a signed call, good for five minutes and for one call."""
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        lines = ("v1", method, target, stamp, nonce, hashlib.sha256(body).hexdigest())
        made = hmac.new(self.key.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        return {"X-Timestamp": stamp, "X-Nonce": nonce, "X-Signature": f"v1={made}"}


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes, *, window: int = 300) -> bool:
    """Whether a message is ours and fresh (Standard Webhooks); `headers` by their lower-case names."""
    stamp = headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(time.time() - int(stamp)) > window:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    made = b"v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest())
    given = headers.get("webhook-signature", "").encode(errors="replace").split(b" ")
    return any(hmac.compare_digest(made, one) for one in given)


class Transport:
    """One credential, calling one house about one storefront; not to be shared between threads."""

    def __init__(
        self,
        base: str,
        client_id: str,
        client_secret: str,
        signing_key: str,
        storefront: str,
        *,
        session: requests.Session | None = None,
    ) -> None:
        self.base, self.storefront = base.rstrip("/"), storefront
        self._credential = (client_id, client_secret)
        self._signer = Signer(signing_key)
        self._http = session or requests.Session()
        self._token, self._until = "", 0.0
        self._marks: dict[str, str] = {}

    def token(self) -> str:
        """A token that is good for a minute more at least."""
        if time.time() > self._until - EARLY:
            answer = self._http.post(
                f"{self.base}{ROOT}/token",
                data={"grant_type": "client_credentials"},
                auth=self._credential,
                timeout=SECONDS,
            )
            told = self._told(answer)
            self._token, self._until = told["access_token"], time.time() + told["expires_in"]
        return self._token

    def call(
        self,
        method: str,
        path: str,
        *,
        names: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str = "",
        if_match: str = "",
        signed: bool = False,
    ) -> Any:
        """The answer's JSON, or its bytes where it is a file. Raises PartnerError.

        A POST goes under `key`, or one of its own, and is tried again under it where the answer was lost or
        the house was busy. A PUT or PATCH is sent for what was last read here, unless `if_match` is given.
        """
        inside = "" if path.startswith("/") else f"/storefronts/{self.storefront}/"
        quoted = {name: quote(str(value), safe="") for name, value in (names or {}).items()}
        where = ROOT + inside + path.format_map(quoted)
        sent, kind = _written(body)
        own = {"Accept-Language": "en", **kind}
        if method == "POST":
            own["Idempotency-Key"] = key or secrets.token_hex(16)
        if method in {"PUT", "PATCH"} and (mark := if_match or self._marks.get(where, "")):
            own["If-Match"] = mark
        asked = requests.Request(method, self.base + where, params=_worded(query or {}), data=sent or None)
        target = asked.prepare().path_url
        for turn in range(TRIES):
            headers = {**own, "Authorization": f"Bearer {self.token()}"}
            if signed:
                headers |= self._signer.headers(method, target, sent)
            try:
                answer = self._http.request(
                    method, self.base + target, data=sent or None, headers=headers, timeout=SECONDS
                )
            except requests.RequestException:
                if turn == TRIES - 1:
                    raise
                time.sleep(2**turn)
                continue
            if answer.status_code == 401 and turn == 0:
                self._until = 0.0  # the token may have ended before its time
                continue
            if not _again(answer) or turn == TRIES - 1:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", 2**turn)), 60))
        if mark := answer.headers.get("ETag", ""):
            self._marks[where] = mark
        return self._told(answer)

    def _told(self, answer: requests.Response) -> Any:
        """What was answered; a refusal is raised."""
        is_json = "json" in answer.headers.get("Content-Type", "")
        if answer.status_code >= 400:
            raise PartnerError(answer.status_code, answer.json() if is_json else {"title": answer.text[:200]})
        if not answer.content:
            return None
        return answer.json() if is_json else answer.content


def _again(answer: requests.Response) -> bool:
    """Whether the same call may do better in a moment: it was too often, nobody answered, or its first try
    is still at work."""
    if answer.status_code == 409:
        return "json" in answer.headers.get("Content-Type", "") and answer.json()["code"] == IN_FLIGHT
    return answer.status_code in {429, 502, 503, 504}


def _written(body: Any) -> tuple[bytes, dict[str, str]]:
    """A body's bytes and what they are: a file as it is, anything else as JSON."""
    if body is None or isinstance(body, bytes):
        return body or b"", {"Content-Type": "application/octet-stream"} if body else {}
    return json.dumps(body, separators=(",", ":"), default=str).encode(), {"Content-Type": "application/json"}


def _worded(query: Mapping[str, Any]) -> dict[str, str]:
    """Query values as the door reads them; what is None is not asked."""
    told = {True: "true", False: "false"}
    return {k: told[v] if isinstance(v, bool) else str(v) for k, v in query.items() if v is not None}

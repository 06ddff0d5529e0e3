"""One message is posted to one address, signed as Standard Webhooks has it: https://www.standardwebhooks.com

Of the answer the status is read and nothing else; a redirect is an answer like any other, never followed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final

import certifi

from partners.gateways.webhook.address import BadAddress, Target, resolve

SECONDS: Final = 10.0  # the whole call
_CONNECT: Final = 3.0
PREFIX: Final = "whsec_"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: its status, or why there was none; how long it took; when to come back."""

    status: int | None
    millis: int
    error: str = ""
    retry_after: int | None = None

    @property
    def taken(self) -> bool:
        """Whether the other side has it."""
        return self.status is not None and 200 <= self.status < 300


def signature(secrets: Sequence[str], id: str, timestamp: str, body: bytes) -> str:
    """The value of webhook-signature: one under each secret (`whsec_` and Base64), parted by spaces."""
    said = b".".join((id.encode(), timestamp.encode(), body))
    keys = [base64.b64decode(one.removeprefix(PREFIX)) for one in secrets]
    made = [base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode() for key in keys]
    return " ".join(f"v1,{one}" for one in made)


def post(url: str, *, id: str, secrets: Sequence[str], body: bytes, now: int) -> Outcome:
    """Send it once. Whatever goes wrong is in the outcome."""
    began = time.monotonic()

    def after(status: int | None, error: str = "", retry_after: int | None = None) -> Outcome:
        return Outcome(status, int((time.monotonic() - began) * 1000), error, retry_after)

    try:
        target = resolve(url)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "storefront-webhooks/1",
            "webhook-id": id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(secrets, id, str(now), body),
        }
        status, told = _sent(target, headers, body)
    except BadAddress as failure:
        return after(None, failure.why)
    except (HTTPException, OSError) as failure:
        return after(None, type(failure).__name__)
    if 300 <= status < 400:
        return after(status, "a redirect is not followed")
    return after(status, "" if 200 <= status < 300 else f"HTTP {status}", told)


def _sent(target: Target, headers: dict[str, str], body: bytes) -> tuple[int, int | None]:
    """Status and Retry-After; the call is made to the very address that was looked at."""
    with socket.create_connection((target.address, target.port), timeout=_CONNECT) as plain:
        plain.settimeout(SECONDS)
        sock, call = plain, HTTPConnection(target.host, target.port)
        if target.scheme == "https":
            sock = _trusted().wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)
            call = HTTPSConnection(target.host, target.port)
        # A time-out is for one piece at a time: who drips a byte every nine seconds is hung up on.
        watch = threading.Timer(SECONDS, _hang_up, [sock])
        watch.start()
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            call.sock = sock
            call.request("POST", target.path, body, headers)
            answer = call.getresponse()
            return answer.status, _seconds(answer.headers.get("Retry-After"))
        finally:
            watch.cancel()
            call.close()


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _seconds(told: str | None) -> int | None:
    return min(int(told), 3600) if told and told.isascii() and told.isdigit() and len(told) < 6 else None

"""An outside call holds no transaction and no database connection, always ends, and has one error type."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import requests
import urllib3
from django.db import connection

from kernel.errors import Upstream

CONNECT_SECONDS, READ_SECONDS = 2.0, 3.0
PIECE, LONGEST_REFUSAL = 64 * 1024, 16 * 1024


@dataclass(eq=False)
class Unreachable(Upstream):
    """No answer, or half an answer: whether the other side acted is not known."""

    code = "upstream_unreachable"
    party: str
    reason: str


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as it came: status, headers, raw bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Gateway:
    """HTTP to one outside party. One session a thread, no redirects, no retries of its own."""

    party: str
    base_url: str
    _local: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> Reply:
        """Send one request to `base_url + target` (path and query, as signed); the answer, whatever its
        status.

        Raises Unreachable on time-out (connect 2 s, read 3 s) or a broken connection, RuntimeError when a
        transaction is open.
        """
        let_go_of_database()
        try:
            answer = self._session().request(
                method,
                self.base_url + target,
                headers=dict(headers or {}),
                data=body,
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
            )
        except requests.RequestException as failure:
            reason = type(failure).__name__
        else:
            return Reply(answer.status_code, answer.headers, answer.content)
        # Raised out here: the library's error names the whole address, which may carry a secret.
        raise Unreachable(party=self.party, reason=reason)

    def download(
        self, target: str, *, headers: Mapping[str, str], into: IO[bytes], most: int, seconds: float
    ) -> Reply:
        """GET `target` and write the body of a 200, byte for byte as it came, to `into`, piece by piece.

        The reply of a 200 has no body; any other has the beginning of its own. Raises Unreachable as `call`
        does, and also when the body is longer than `most` bytes, shorter than it was said to be, or takes
        longer than `seconds`; what was written until then is worth nothing.
        """
        let_go_of_database()
        asked = {"Accept-Encoding": "identity", **headers}
        reason = ""
        try:
            with self._session().get(
                self.base_url + target,
                headers=asked,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code != 200:
                    body = answer.raw.read(LONGEST_REFUSAL, decode_content=False)
                    return Reply(answer.status_code, answer.headers, body)
                reason = _pour(answer.raw, into, most, time.monotonic() + seconds)
                if not reason:
                    return Reply(answer.status_code, answer.headers, b"")
        except (requests.RequestException, urllib3.exceptions.HTTPError) as failure:
            reason = type(failure).__name__
        raise Unreachable(party=self.party, reason=reason)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # a proxy of the machine must not see signed traffic
        return session


def _pour(source: urllib3.HTTPResponse, into: IO[bytes], most: int, until: float) -> str:
    """All of `source` into `into`; why not, or nothing."""
    size = 0
    for piece in source.stream(PIECE, decode_content=False):
        size += len(piece)
        if size > most:
            return "TooLong"
        if time.monotonic() > until:
            return "TooSlow"
        into.write(piece)
    return ""


def let_go_of_database() -> None:
    """Give the connection back before waiting for someone else; refuse to wait inside a transaction."""
    if in_transaction():
        raise RuntimeError("an outside call must not be made inside a transaction")
    if connection.connection is not None and not connection.in_atomic_block:
        connection.close()


def in_transaction() -> bool:
    """Whether a transaction is open here, so that nobody outside may be called."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)

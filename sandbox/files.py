"""What WeChat Pay told of and may be fetched, each under an address that lives for half a minute."""

import secrets
from threading import Lock

from sandbox.clock import Clock
from sandbox.wire import PayFault

ADDRESS_SECONDS = 30


class Files:
    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, Lock()
        self._kept: dict[str, tuple[float, str, bytes]] = {}

    def put(self, mchid: str, content: bytes) -> str:
        token = secrets.token_urlsafe(24)
        with self._lock:
            now = self._clock.now()
            self._kept = {key: kept for key, kept in self._kept.items() if kept[0] >= now}
            self._kept[token] = (now + ADDRESS_SECONDS, mchid, content)
        return token

    def get(self, mchid: str, token: str) -> bytes:
        with self._lock:
            until, owner, content = self._kept.get(token, (0.0, "", b""))
        if owner != mchid or self._clock.now() > until:
            raise PayFault(403, "NO_AUTH", "下载地址已失效")
        return content

    def reset(self) -> None:
        with self._lock:
            self._kept.clear()

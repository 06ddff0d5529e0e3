"""Nobody can wear the house out: writes are counted in Redis, public reads in this process.

Without Redis the writes pass uncounted: it may be lost at any moment, and nothing is lost with it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address

import structlog
from django.conf import settings
from django.http import HttpRequest
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

from kernel.problems import Throttled

log = structlog.get_logger(__name__)

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n
"""
_REST_SECONDS = 1.0  # how long a Redis that failed is left alone


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` within each window of `seconds`; counted under `name`, per customer or client."""

    name: str
    times: int
    seconds: int


def factor() -> int:
    """By how much every limit is widened: 1 in service, more where a load test plays many from one place."""
    return int(getattr(settings, "THROTTLE_FACTOR", 1))


def client(request: HttpRequest) -> str:
    """The address of the client; "" for a caller on this machine.

    Only a proxy in a private network is believed about whom it speaks for, and only its own last word.
    """
    peer = request.META.get("REMOTE_ADDR") or ""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR")
    if forwarded and _is_near(peer):
        return str(forwarded.rsplit(",", 1)[-1].strip()[:45])
    return "" if _is_loopback(peer) else str(peer)


@lru_cache(maxsize=1024)
def _is_near(peer: str) -> bool:
    try:
        return not peer or ip_address(peer).is_private
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _is_loopback(peer: str) -> bool:
    try:
        return not peer or ip_address(peer).is_loopback
    except ValueError:
        return False


class Windows:
    """Counts in Redis, one round trip each, shared by all processes."""

    def __init__(self) -> None:
        self._script: Script | None = None
        self._again_at = 0.0

    def spend(self, limit: Limit, who: str) -> None:
        """Count one call of `who`; raises Throttled above the limit. A Redis that fails lets it pass."""
        if time.monotonic() < self._again_at:
            return
        now = int(time.time())
        window, into = divmod(now, limit.seconds)
        try:
            count = self._counter()(keys=[f"throttle:{limit.name}:{who}:{window}"], args=[limit.seconds])
        except RedisError as failure:
            self._again_at = time.monotonic() + _REST_SECONDS
            log.warning("throttle_without_redis", limit=limit.name, error=type(failure).__name__)
            return
        if int(count) > limit.times * factor():
            raise Throttled(limit.seconds - into)

    def reset(self) -> None:
        """Speak to Redis anew: between tests, and after a fork."""
        self._script, self._again_at = None, 0.0

    def _counter(self) -> Script:
        if self._script is None:
            redis = Redis.from_url(
                settings.REDIS_URL,
                socket_timeout=0.25,
                socket_connect_timeout=0.25,
                retry=Retry(NoBackoff(), 0),
            )
            self._script = redis.register_script(_COUNT)
        return self._script


@dataclass(slots=True)
class Buckets:
    """One bucket of tokens per client, in this process; the longest unseen are forgotten first."""

    per_second: float
    burst: float
    at_most: int = 10_000
    _held: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, who: str) -> None:
        """Take one token of `who`; raises Throttled when the bucket is empty. "" is never counted."""
        if not who:
            return
        now, wider = time.monotonic(), factor()
        with self._lock:
            tokens, then = self._held.pop(who, (self.burst * wider, now))
            tokens = min(self.burst * wider, tokens + (now - then) * self.per_second * wider)
            self._held[who] = (max(tokens - 1, 0.0), now)
            while len(self._held) > self.at_most:
                self._held.popitem(last=False)
        if tokens < 1:
            raise Throttled(1)


writes = Windows()
public_reads = Buckets(per_second=50, burst=500)

"""Nobody can wear the house out: calls are counted in Redis.

Without Redis they pass uncounted: it may be lost at any moment, and nothing is lost with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

from kernel.callers import factor
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


@dataclass(frozen=True, slots=True)
class Left:
    """How many calls are left until so many seconds are over."""

    times: int
    seconds: int


class Windows:
    """Counts in Redis, one round trip each, shared by all processes."""

    def __init__(self) -> None:
        self._script: Script | None = None
        self._again_at = 0.0

    def spend(self, limit: Limit, who: str) -> Left | None:
        """Count one call of `who`: what is left; raises Throttled above the limit.

        A Redis that fails lets it pass: None.
        """
        if time.monotonic() < self._again_at:
            return None
        now = int(time.time())
        window, into = divmod(now, limit.seconds)
        try:
            count = self._counter()(keys=[f"throttle:{limit.name}:{who}:{window}"], args=[limit.seconds])
        except RedisError as failure:
            self._again_at = time.monotonic() + _REST_SECONDS
            log.warning("throttle_without_redis", limit=limit.name, error=type(failure).__name__)
            return None
        left = limit.times * factor() - int(count)
        if left < 0:
            raise Throttled(limit.seconds - into)
        return Left(left, limit.seconds - into)

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


writes = Windows()

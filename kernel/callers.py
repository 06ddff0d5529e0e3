"""Who calls from where, and how often in this process: what a door can ask before it does anything."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

from kernel.problems import Throttled


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


@lru_cache(maxsize=1024)
def place(who: str) -> str:
    """By what a client is counted: its address, of IPv6 the first half, for one subscriber has the second."""
    try:
        address = ip_address(who)
    except ValueError:
        return who
    if not isinstance(address, IPv6Address):
        return who
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


@dataclass(slots=True)
class Buckets:
    """One bucket of tokens per place of clients, in this process; the longest unseen are forgotten first."""

    per_second: float
    burst: float
    at_most: int = 10_000
    _held: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, who: str) -> None:
        """Take one token of `who`; raises Throttled when the bucket is empty. "" is never counted."""
        if not who:
            return
        who, now, wider = place(who), time.monotonic(), factor()
        with self._lock:
            tokens, then = self._held.pop(who, (self.burst * wider, now))
            tokens = min(self.burst * wider, tokens + (now - then) * self.per_second * wider)
            self._held[who] = (max(tokens - 1, 0.0), now)
            while len(self._held) > self.at_most:
                self._held.popitem(last=False)
        if tokens < 1:
            raise Throttled(1)

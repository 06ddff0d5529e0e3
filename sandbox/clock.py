"""The sandbox's clock: expiries follow it and it can be moved forward; signatures always carry true time."""

import time
from datetime import datetime, timedelta, timezone
from threading import Lock

SHANGHAI = timezone(timedelta(hours=8))  # WeChat writes every instant with +08:00


class Clock:
    """Seconds since the epoch, ahead of true time by what `advance` was told."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = Lock()

    def now(self) -> float:
        with self._lock:
            return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._ahead += seconds

    def reset(self) -> None:
        with self._lock:
            self._ahead = 0.0


def rfc3339(instant: float) -> str:
    """Seconds since the epoch as WeChat writes them: `2018-06-08T10:34:56+08:00`."""
    return datetime.fromtimestamp(instant, SHANGHAI).isoformat(timespec="seconds")


def shanghai_day(instant: float) -> str:
    return datetime.fromtimestamp(instant, SHANGHAI).date().isoformat()

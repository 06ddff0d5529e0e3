"""What happened, newest last: every call and every delivery, without bodies or personal data."""

import sys
import time
from collections import deque
from threading import Lock
from typing import Any

from sandbox.clock import rfc3339

KEPT = 20_000


class Journal:
    def __init__(self) -> None:
        self._lock = Lock()
        self._since = 0.0
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._notifications: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def call(self, at: float, **facts: Any) -> None:
        self._add(self._calls, at, facts)

    def notification(self, at: float, **facts: Any) -> None:
        self._add(self._notifications, at, facts)

    def _add(self, rows: deque[dict[str, Any]], at: float, facts: dict[str, Any]) -> None:
        with self._lock:
            if at >= self._since:  # what hung across a reset belongs to the time before it
                rows.append({"at": at, **facts})
        shown = " ".join(f"{name}={value}" for name, value in facts.items() if value is not None)
        print(rfc3339(at), shown, file=sys.stderr)

    def read(self) -> dict[str, list[dict[str, Any]]]:
        with self._lock:
            return {"calls": list(self._calls), "notifications": list(self._notifications)}

    def reset(self) -> None:
        with self._lock:
            self._since = time.time()
            self._calls.clear()
            self._notifications.clear()

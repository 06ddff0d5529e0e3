"""What payment data the port asked of whom, and what was given."""

import threading
from typing import Any

from sandbox.wire import Json


class Requested:
    """Requests by their session, and uploads in the order in which they came."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.requests: dict[str, dict[str, Any]] = {}
            self.uploads: list[dict[str, Any]] = []

    def read(self) -> Json:
        with self.lock:
            return {
                "requests": [dict(one) for one in self.requests.values()],
                "uploads": [dict(one) for one in self.uploads],
            }

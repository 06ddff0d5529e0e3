"""A partner's server in a test: it keeps what it is sent and answers as it was told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """`answer` gives a status, or does what it likes with the handler and gives None."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes, str]] = field(default_factory=list)
    answer: Callable[[Any], int | None] = lambda handler: 204
    most: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def receiving(answer: Callable[[Any], int | None] = lambda handler: 204) -> Iterator[Receiver]:
    """A server on a free port of this machine."""
    kept = Receiver(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with kept.inside():
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                kept.got.append((dict(self.headers.items()), body, self.path))
                status = kept.answer(self)
                if status is not None:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/hooks"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until it holds; fail when it does not in time."""
    late = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < late, "it never came true"
        time.sleep(0.01)

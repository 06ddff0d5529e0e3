"""A lean HTTP load: keep-alive sockets in a process of their own, requests prepared beforehand."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection


@dataclass
class Result:
    """How many answers of which status came in how many seconds, how long each took, and the bodies of some
    that were refused."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    samples: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """All answers."""
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def get(path: str, headers: dict[str, str]) -> bytes:
    """A GET request as bytes."""
    return _request("GET", path, headers, b"")


def post(path: str, headers: dict[str, str], body: bytes, *, kind: str = "application/json") -> bytes:
    """A POST request as bytes; its body is JSON unless said otherwise."""
    return _request("POST", path, {**headers, "Content-Type": kind}, body)


def run(port: int, requests: list[bytes], *, clients: int, seconds: float | None = None) -> Result:
    """Send the requests over `clients` connections: all of them once, or round and round for `seconds`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, port, requests, clients, seconds))
    process.start()
    theirs.close()  # so that a dead child ends the wait
    result: Result = ours.recv()
    process.join()
    return result


def _request(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _work(pipe: Connection, port: int, requests: list[bytes], clients: int, seconds: float | None) -> None:
    results = [Result(0.0) for _ in range(clients)]
    barrier = threading.Barrier(clients + 1)
    deadline = [float("inf")]

    def client(number: int) -> None:
        own, mine = results[number], requests[number::clients]
        if seconds is not None:
            mine = mine or requests
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            barrier.wait()
            while True:
                for request in mine:
                    if time.monotonic() > deadline[0]:
                        return
                    sent = time.monotonic()
                    line.sendall(request)
                    status, body = _answer(line)
                    own.times.append(time.monotonic() - sent)
                    own.statuses[status] += 1
                    if status >= 400 and len(own.samples) < 3:
                        own.samples.append(body)
                if seconds is None:
                    return

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.monotonic()
    if seconds is not None:
        deadline[0] = began + seconds
    for thread in threads:
        thread.join()
    total = Result(time.monotonic() - began)
    for own in results:
        total.statuses.update(own.statuses)
        total.samples += own.samples
        total.times += own.times
    pipe.send(total)


def _answer(line: socket.socket) -> tuple[int, bytes]:
    """Status and body of one answer with a Content-Length."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        chunk = line.recv(65536)
        if not chunk:
            raise ConnectionError("the server hung up")
        data += chunk
    head = data[:end].lower()
    at = head.find(b"content-length:")
    if at < 0:
        raise ValueError("an answer without Content-Length")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    body = data[end + 4 :]
    while len(body) < length:
        chunk = line.recv(65536)
        if not chunk:
            raise ConnectionError("the server hung up")
        body += chunk
    return int(data[9:12]), body

"""Keeps one Redis on a loopback port; it writes no data to disk, because PostgreSQL is the truth."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from backend.embedded.errors import EmbeddedError
from backend.embedded.files import tail
from backend.embedded.place import Place
from backend.embedded.programs import Programs

HOST = "127.0.0.1"
START_SECONDS = 10.0
STOP_SECONDS = 5.0
TRIES = 5
# Port and process of the last start, in the base folder.
STATE = "servers-redis.json"


def url(port: int, password: str) -> str:
    """The URL that redis-py and Celery's transport take."""
    return f"redis://:{password}@{HOST}:{port}/0"


def ensure(place: Place, programs: Programs, password: str) -> int:
    """Start Redis if it does not run and give its port, the former one whenever it is free.

    Must be called with the start lock held. Raises EmbeddedError with the end of the server's log.
    """
    port, pid = state(place)
    if port and answers(port, password):
        return port
    end(pid, port)
    for attempt in range(TRIES):
        if not port or attempt or not is_free(port):
            port = free_port()
        if launch(place, programs, port, password):
            return port
    raise EmbeddedError(f"Redis did not start; the end of its log:\n{tail(place.log('redis'))}")


def launch(place: Place, programs: Programs, port: int, password: str) -> bool:
    """Start Redis and wait until it answers; False when it ended instead, as when the port was taken."""
    run = place.make_private(place.run)
    lines = [
        f"bind {HOST}",
        f"port {port}",
        "protected-mode yes",
        f"requirepass {password}",
        'save ""',
        "appendonly no",
        "maxmemory-policy noeviction",
        "databases 16",
        "daemonize no",
    ]
    # In a file, because a command line can be read by everyone on the machine.
    place.write(run / "redis.conf", "\n".join(lines) + "\n")
    script = 'cd -- "$2" && { "$1" redis.conf 1>&2 & echo $!; }'
    with place.open_log("redis") as log:
        # Through a shell that ends at once: it is no child of ours, and outlives us where others use it.
        done = place.account.run(
            ["/bin/sh", "-c", script, "sh", programs.redis_server, run], stdout=subprocess.PIPE, stderr=log
        )
    if done.returncode != 0:
        return False
    pid = int(done.stdout)
    place.keep(STATE, json.dumps({"port": port, "pid": pid}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if answers(port, password):
            return True
        if not is_redis(pid):
            return False
        time.sleep(0.02)
    end(pid, port)
    return False


def stop(place: Place, password: str) -> None:
    """Stop Redis; what it held is gone."""
    port, pid = state(place)
    if not port:
        return
    with suppress(OSError):
        ask(port, password, b"SHUTDOWN NOSAVE\r\n")
    deadline = time.monotonic() + STOP_SECONDS
    while is_redis(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    end(pid, port)


def state(place: Place) -> tuple[int, int]:
    """Port and process of the last start, or zeros."""
    try:
        found = json.loads((place.base / STATE).read_text(encoding="utf-8"))
        return int(found["port"]), int(found["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def ask(port: int, password: str, command: bytes) -> bytes:
    """Send one command after the password and give the reply."""
    with socket.create_connection((HOST, port), timeout=2.0) as connection:
        connection.sendall(b"AUTH " + password.encode() + b"\r\n" + command)
        reply = b""
        while reply.count(b"\r\n") < 2:
            part = connection.recv(4096)
            if not part:
                break
            reply += part
        return reply


def answers(port: int, password: str) -> bool:
    """Whether our own Redis answers there: only ours knows the password."""
    try:
        return ask(port, password, b"PING\r\n") == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False


def is_redis(pid: int) -> bool:
    """Whether the process lives and still is a Redis."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if not Path("/proc/self/cmdline").exists():
        return True
    with suppress(OSError):
        # One that has ended but was not waited for has an empty command line.
        return b"redis-server" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def end(pid: int, port: int) -> None:
    """Kill a Redis that no longer answers, if that process still is the one."""
    with suppress(OSError):
        if pid and f":{port}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes() and is_redis(pid):
            os.kill(pid, signal.SIGKILL)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])

"""What goes wrong in a trial: WeChat spoils a call, or the process dies at one instant, as under SIGKILL."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.wsgi import get_wsgi_application
from django.db import DEFAULT_DB_ALIAS, connections
from django.test import override_settings

from backend.chaos.stage import Stage
from kernel.errors import Problem
from kernel.gateways import Gateway

KILLED, ERRED = 77, 1
IMPATIENT = 1.0  # seconds that a call waits where it is known to wait in vain
HOST = "127.0.0.1"
PATIENCE = 15.0

Act = Callable[[], object]


class Point(StrEnum):
    """The instant at which a process dies."""

    BEFORE_CALL = "before the call"
    AFTER_CALL = "after the call"
    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit"


COMMITS = (Point.BEFORE_COMMIT, Point.AFTER_COMMIT)


class Untried(RuntimeError):
    """The fault never struck: the trial has shown nothing."""


class Fault(Protocol):
    """`ready` surrounds the whole story, `strike` the one act that goes wrong."""

    @property
    def name(self) -> str:
        """For the table."""

    def ready(self, stage: Stage) -> Any:
        """A context in which the story is played."""

    def strike(self, stage: Stage, act: Act) -> None:
        """Do `act` and let it go wrong."""


@dataclass(frozen=True)
class Spoilt:
    """WeChat spoils the next `call` by `mode`; `facts` are further fields of the switch."""

    call: str
    mode: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Call, mode and code."""
        return " ".join([self.call, self.mode, str(self.facts.get("code", ""))]).strip()

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """Nothing stands around."""
        yield

    def strike(self, stage: Stage, act: Act) -> None:
        """Raises Untried when the call was never made."""
        stage.sandbox.tell("switches", call=self.call, mode=self.mode, **self.facts)
        with impatient() if self.mode.startswith("timeout") else nullcontext(), suppress(Problem):
            act()
        if self.mode == "timeout_late":
            time.sleep(self.facts["seconds"] - IMPATIENT + 0.2)  # WeChat acts after we gave up
        until = time.monotonic() + 1.0  # a notification is written a moment later
        while left := stage.sandbox.http.get(f"{stage.sandbox.base}/sandbox/switches", timeout=15).json():
            if not left["switches"]:
                return
            if time.monotonic() > until:
                raise Untried(self.name)
            time.sleep(0.02)


@dataclass(frozen=True)
class Killed:
    """The process that does it dies at `point`; `calls` says whether it calls WeChat before it commits."""

    point: Point
    calls: bool = True
    nth: int = 1  # of its calls, that which it dies at

    @property
    def name(self) -> str:
        """When it dies."""
        which = f", call {self.nth}" if self.nth > 1 else ""
        return f"worker killed {self.point}{which}"

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """Nothing stands around."""
        yield

    def strike(self, stage: Stage, act: Act) -> None:
        """Raises Untried when the process came to its end alive."""
        pid = fork(act, lambda: _arm(self.point, self.nth if self.calls else 0))
        if (code := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])) != KILLED:
            raise Untried(f"{self.name}: it ended with {code}")


@dataclass(frozen=True)
class KilledAfter:
    """The process dies in the middle of a transaction: once a statement that `sql` is found in has run."""

    sql: str  # a regular expression
    what: str

    @property
    def name(self) -> str:
        """Amid what it dies."""
        return f"worker killed {self.what}"

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """Nothing stands around."""
        yield

    def strike(self, stage: Stage, act: Act) -> None:
        """Raises Untried when no such statement was run."""
        pid = fork(act, lambda: _arm_statement(self.sql))
        if (code := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])) != KILLED:
            raise Untried(f"{self.name}: it ended with {code}")


@dataclass(frozen=True)
class Twice:
    """Two workers do it at once: they wait for each other at the line."""

    @property
    def name(self) -> str:
        """That there are two."""
        return "two workers at once"

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """Nothing stands around."""
        yield

    def strike(self, stage: Stage, act: Act) -> None:
        """Raises Untried when one of them failed otherwise than by being told no."""
        out, line = os.pipe()

        def when_both_stand() -> None:
            os.close(line)
            os.read(out, 1)  # the end of the pipe comes to both at once
            with suppress(Problem):
                act()

        workers = [fork(when_both_stand, _own_connections) for _ in range(2)]
        os.close(line)
        os.close(out)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers]
        if any(codes):
            raise Untried(f"{self.name}: they ended with {codes}")


@dataclass
class KilledAtDoor:
    """The web process that takes a notification in dies at `point`; another takes its place."""

    point: Point
    door: WSGIServer | None = None
    serving: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """When it dies."""
        return f"web killed {self.point}"

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """The story is told to a door of its own, which opens when it strikes."""
        self.door = make_server(HOST, 0, get_wsgi_application(), handler_class=_Quiet)
        was, stage.served = stage.served, True
        try:
            with self.door, override_settings(PUBLIC_BASE_URL=f"http://{HOST}:{self.door.server_port}"):
                yield
        finally:
            stage.served = was
            self.close()

    def strike(self, stage: Stage, act: Act) -> None:
        """Raises Untried when the web outlived the notification."""
        assert self.door is not None
        victim = fork(self.door.serve_forever, lambda: _arm(self.point, 0))
        self.serving.append(victim)
        act()
        until = time.monotonic() + PATIENCE
        while (ended := os.waitpid(victim, os.WNOHANG)) == (0, 0):
            if time.monotonic() > until:
                raise Untried(f"{self.name}: it lives on")
            time.sleep(0.02)
        self.serving.remove(victim)
        if (code := os.waitstatus_to_exitcode(ended[1])) != KILLED:
            raise Untried(f"{self.name}: it ended with {code}")
        self.serving.append(fork(self.door.serve_forever))

    def close(self) -> None:
        """End what still serves."""
        while self.serving:
            pid = self.serving.pop()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """What came is in `payments_notification`."""


@contextmanager
def impatient() -> Iterator[None]:
    """Every call gives up sooner; what it knows then is the same."""
    whole = Gateway.call

    def call(self: Gateway, *args: Any, **more: Any) -> Any:
        return whole(self, *args, **{**more, "read_seconds": IMPATIENT})

    Gateway.call = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        Gateway.call = whole  # type: ignore[method-assign]


def fork(act: Act, arm: Act | None = None) -> int:
    """Do `act` in a process of its own, which `arm` prepares to die; its process id."""
    connections.close_all()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = ERRED
    try:
        if arm is not None:
            arm()
        act()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _own_connections(around: Callable[[Act], Any] = lambda call: call()) -> None:
    """The parent's lines to WeChat stay the parent's; every call from here on goes through `around`."""
    opened: set[int] = set()

    def mine(whole: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Gateway, *args: Any, **more: Any) -> Any:
            if id(self) not in opened:
                opened.add(id(self))
                self._local.__dict__.clear()
            return around(lambda: whole(self, *args, **more))

        return call

    for name in ("call", "download"):
        setattr(Gateway, name, mine(getattr(Gateway, name)))


def _arm(point: Point, nth: int) -> None:
    """Die at `point` of the call of this number, 0 where none is made.

    Only here, in the doomed process, are calls and commits other than the product's.
    """
    calls = 0

    def around(act: Act) -> object:
        nonlocal calls
        if point is Point.BEFORE_CALL and calls + 1 == nth:
            os._exit(KILLED)
        answer = act()
        calls += 1
        if point is Point.AFTER_CALL and calls == nth:
            os._exit(KILLED)
        return answer

    wrapper = connections[DEFAULT_DB_ALIAS]
    keep = wrapper.commit

    def commit() -> None:
        if calls < nth or point not in COMMITS:
            keep()
            return
        if point is Point.AFTER_COMMIT:
            keep()
        os._exit(KILLED)

    _own_connections(around)
    wrapper.commit = commit  # type: ignore[method-assign]


def _arm_statement(sql: str) -> None:
    def around(execute: Callable[..., Any], text: str, *args: Any) -> Any:
        done = execute(text, *args)
        if re.search(sql, text):
            os._exit(KILLED)
        return done

    _own_connections()
    connections[DEFAULT_DB_ALIAS].execute_wrappers.append(around)

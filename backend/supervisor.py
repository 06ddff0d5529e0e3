"""Runs the house's processes together: all ready before work begins, all gone at the end, whatever it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from backend.embedded.files import make_folder, tail
from backend.embedded.redis import free_port
from backend.lifeline import tied

__all__ = ["Child", "ChildFailed", "Supervisor", "free_port", "responds"]

LARGEST_LOG = 10 * 1024 * 1024
PATIENCE = 5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildFailed(RuntimeError):
    """A child did not become ready, or ended by itself; the text names it and has the end of its log."""


@dataclass(frozen=True)
class Child:
    """A process to run: `env` is added to ours; it is ready when `ready` says so, at once if that is None."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


class Supervisor:
    """Starts children in order and stops them in reverse order when its block is left.

    ```
    with Supervisor(log=Path(".local/log")) as house:
        house.start(Child("web", [...], ready=responds("http://127.0.0.1:8000/health/ready")))
        house.watch()
    ```

    Inside the block SIGTERM and SIGHUP leave it by `SystemExit`, as Ctrl-C does by `KeyboardInterrupt`. Must
    be used in the main thread. When we are killed, a guardian process ends the children.
    """

    def __init__(self, *, log: Path, grace: float = 10.0, echo: Callable[[str], None] | None = None) -> None:
        """`log` is the folder of the logs, `grace` each child's in seconds; `echo` gets every line too."""
        self.log = log
        self.grace = grace
        self.echo = echo
        self.running: list[tuple[Child, subprocess.Popen[bytes], threading.Thread]] = []
        self.guardian: subprocess.Popen[bytes] | None = None
        self.handled: list[signal.Signals] = []

    def __enter__(self) -> Supervisor:
        for number in SIGNALS[1:]:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, leave)
                self.handled.append(number)
        self.guardian = subprocess.Popen(  # noqa: S603 -- our own script
            [sys.executable, "-I", str(Path(__file__).with_name("guardian.py")), str(self.grace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            # Out of reach of the terminal's Ctrl-C, which is ours to answer.
            start_new_session=True,
        )
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            self.stop()
        finally:
            while self.handled:
                signal.signal(self.handled.pop(), signal.SIG_DFL)

    def start(self, child: Child, *, seconds: float = 60.0) -> None:
        """Start a child and wait until it is ready.

        Raises ChildFailed when it ends or is not ready after `seconds`; those started before run on.
        """
        path = self.path(child)
        make_folder(path.parent)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        with held():
            # Nothing of ours holds a lock in a thread that the prepared child could miss.
            process = subprocess.Popen(  # noqa: S603 -- the caller's own programs
                list(child.argv),
                env={**os.environ, **child.env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A group of its own, so that its own children can be ended with it.
                start_new_session=True,
                # The second line behind the guardian, for the case that both of us are killed.
                preexec_fn=tied(signal.SIGTERM),  # noqa: PLW1509
            )
            pump = threading.Thread(target=self.write_lines, args=(child, process.stdout), daemon=True)
            self.running.append((child, process, pump))
            self.tell("+", process.pid)
        pump.start()
        deadline = time.monotonic() + seconds
        while not is_ready(child):
            if process.poll() is not None:
                raise self.failed(
                    child, process, pump, f"ended with status {process.returncode} at its start"
                )
            if time.monotonic() > deadline:
                raise self.failed(child, process, pump, f"was not ready after {seconds:g} seconds")
            time.sleep(0.05)

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Wait until `until` says so, or for ever. Raises ChildFailed as soon as a child ends by itself."""
        while not until():
            self.check()
            time.sleep(0.2)

    def keep(self, *, tend: Callable[[], object], say: Callable[[str], object]) -> None:
        """Wait for ever, and start again what ends by itself; `say` is told. `tend` is called each second.

        Raises ChildFailed for a child that has ended `PATIENCE` times within a minute.
        """
        ends: list[tuple[str, float]] = []
        while True:
            tend()
            for entry in [one for one in self.running if one[1].poll() is not None]:
                child, process, pump = entry
                ends = [one for one in ends if time.monotonic() - one[1] < 60]
                ends.append((child.name, time.monotonic()))
                if [name for name, _ in ends].count(child.name) >= PATIENCE:
                    raise self.failed(child, process, pump, f"ended {PATIENCE} times within a minute")
                end(process, 0)  # its own children may live still
                self.tell("-", process.pid)
                self.running.remove(entry)
                self.start(child)
                say(f"{child.name} ended with status {process.returncode} and was started again")
            time.sleep(1.0)

    def check(self) -> None:
        """Raise ChildFailed if a child has ended by itself."""
        for child, process, pump in self.running:
            if process.poll() is not None:
                raise self.failed(child, process, pump, f"ended with status {process.returncode}")

    def stop(self) -> None:
        """Stop all children, the last one first: each is asked, then killed with its own children."""
        with held():
            while self.running:
                _, process, pump = self.running[-1]
                end(process, self.grace)
                self.tell("-", process.pid)
                pump.join(timeout=2.0)
                self.running.pop()
            if self.guardian is not None and self.guardian.stdin is not None:
                with suppress(OSError):
                    self.guardian.stdin.close()
                self.guardian.wait()
                self.guardian = None

    def path(self, child: Child) -> Path:
        """The child's log."""
        return self.log / f"{child.name}.log"

    def tell(self, sign: str, group: int) -> None:
        """Let the guardian know of a group's beginning or end."""
        if self.guardian is not None and self.guardian.stdin is not None:
            with suppress(OSError):
                self.guardian.stdin.write(f"{sign}{group}\n".encode())
                self.guardian.stdin.flush()

    def write_lines(self, child: Child, lines: IO[bytes]) -> None:
        """Append the child's lines, each with its name in front, until it and its own children have ended."""
        with self.path(child).open("a", encoding="utf-8", buffering=1) as log, lines:
            for line in lines:
                text = f"{child.name} | {line.decode('utf-8', 'replace').rstrip()}"
                log.write(f"{text}\n")
                if self.echo is not None:
                    self.echo(text)

    def failed(
        self, child: Child, process: subprocess.Popen[bytes], pump: threading.Thread, what: str
    ) -> ChildFailed:
        """The error that says so, with what the child said last."""
        if process.poll() is not None:
            # Its last lines may be on their way still.
            pump.join(timeout=1.0)
        return ChildFailed(
            f"{child.name} {what}; the end of its log {self.path(child)}:\n{tail(self.path(child))}"
        )


def is_ready(child: Child) -> bool:
    """Whether the child says it is ready; one that cannot be reached yet is not."""
    try:
        return child.ready is None or child.ready()
    except OSError:
        return False


def responds(url: str) -> Callable[[], bool]:
    """A question for `Child.ready`: does a GET of `url` answer with 200?"""

    def ask() -> bool:
        with urllib.request.urlopen(url, timeout=2.0) as answer:  # noqa: S310 -- the caller's own server
            return bool(answer.status == 200)

    return ask


def end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Ask a process to end, wait for it, and kill what is left of its group."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace)
    # Also where it ended by itself: it may have left children of its own.
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def leave(number: int, frame: FrameType | None) -> None:
    """Turn a deadly signal into an orderly exit."""
    sys.exit(128 + number)


@contextmanager
def held() -> Iterator[None]:
    """Put signals off to the block's end, so that an impatient second Ctrl-C leaves nothing half done.

    By handlers and not by a mask: the kernel would give the signal to a thread that does not mask it.
    """
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: waiting.append(number)) for number in SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for came in waiting[:1]:
            os.kill(os.getpid(), came)

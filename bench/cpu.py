"""CPU time of groups of processes: steadier than a rate on a noisy machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass
class Meter:
    """Sums the CPU seconds of processes that `find` names, each time anew."""

    find: Callable[[], Iterable[psutil.Process]]

    def seconds(self) -> float:
        """User and system time of all of them and of their ended children."""
        total = 0.0
        for process in self.find():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total


def nanoseconds(pid: int) -> int:
    """CPU time of a process of one thread, by the scheduler's own clock: finer than the ticks of `Meter`."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def family(pid: int) -> Callable[[], Iterable[psutil.Process]]:
    """A process and everyone below it."""

    def find() -> Iterable[psutil.Process]:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]

    return find


def granian(port: int) -> Callable[[], Iterable[psutil.Process]]:
    """The web server that listens on `port`, with its workers."""

    def find() -> Iterable[psutil.Process]:
        for process in psutil.process_iter(["cmdline"]):
            line = " ".join(process.info["cmdline"] or ())
            if "granian" in line and f"--port {port} " in line:
                return family(process.pid)()
        raise LookupError(f"no web server on port {port}")

    return find


def postgres(data: Path) -> Callable[[], Iterable[psutil.Process]]:
    """The PostgreSQL whose data folder is `data`, with its backends."""

    def find() -> Iterable[psutil.Process]:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        return family(pid)()

    return find

"""From nothing to a house that answers: keys, tables, goods, processes; each step is told with its time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import Celery
from django.core.management import call_command
from django.db import connections

from backend.house import ROOT, WORKER_PROCESSES, House
from backend.supervisor import Supervisor

READY_SECONDS = 60.0


class Clock:
    """Tells each step with its time, one line a step."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Time a block; it is told only when it went well."""
        began = time.monotonic()
        yield
        self.tell(title, time.monotonic() - began)

    def tell(self, title: str, seconds: float) -> None:
        """One line."""
        self.write(f"  {title:<62}{seconds:7.2f} s")


def prepare(house: House, clock: Clock) -> None:
    """Make what is missing: the sandbox's keys, the tables, the demonstration. In a process of role owner."""
    age = since_start()
    if age is not None:
        clock.tell("servers: PostgreSQL 18 and Redis, from the wheels", age)
    with clock.step("keys: WeChat's stand-in and three merchants"):
        subprocess.run(  # noqa: S603 -- our own module
            [sys.executable, "-m", "sandbox", "setup", str(house.world.parent)],
            check=True,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
    with clock.step("tables: migrations, as role owner"):
        call_command("migrate", verbosity=0)
    with clock.step("goods: tariff, storefronts, catalogue, stock, operator"):
        call_command("seed_demo", world=house.world, verbosity=0)
    connections.close_all()


def start(house: House, supervisor: Supervisor, clock: Clock) -> None:
    """Start every process; all are ready at the end. Raises ChildFailed."""
    with clock.step(f"processes: sandbox, worker × {WORKER_PROCESSES}, webhooks, beat, web"):
        for child in house.children():
            supervisor.start(child, seconds=READY_SECONDS)
        deadline = time.monotonic() + READY_SECONDS
        while not worker_answers(house):
            supervisor.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"The worker does not answer; its log: {house.log / 'worker.log'}")


def worker_answers(house: House) -> bool:
    """Whether Celery's worker takes orders."""
    with Celery(broker=house.servers["REDIS_URL"], set_as_current=False) as app:
        return bool(app.control.ping(destination=[house.worker_name], timeout=1.0, limit=1))


def since_start() -> float | None:
    """Seconds since this process began, nearly all of them the servers'; None where nobody can say."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        up = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return up - ticks / os.sysconf("SC_CLK_TCK")

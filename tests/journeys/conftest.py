"""One whole house for all journeys: its own servers, its own processes, the web under the role `web`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend.embedded import discard, start
from backend.house import ROOT, House, plan
from backend.journey.client import Sandbox
from backend.journey.stage import Stage, set_stage
from backend.opening import Clock, worker_answers
from backend.opening import start as start_processes
from backend.supervisor import Supervisor


@dataclass
class Running:
    """The house and the hands that may break it."""

    house: House
    supervisor: Supervisor
    servers: Path

    def manage(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """A command of the house, as role owner."""
        environment = {**os.environ, **self.house.environment("owner")}
        command = [sys.executable, "manage.py", *argv]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def begin(self, *argv: str, told: Path) -> subprocess.Popen[bytes]:
        """A command of the house that goes on while the tests do; what it writes is told there at once."""
        environment = {**os.environ, **self.house.environment("owner"), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "manage.py", *argv]
        with told.open("wb") as file:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)

    def stage(self) -> Stage:
        """Consumers nobody has seen before."""
        world = json.loads(self.house.world.read_text())
        return set_stage(base=self.house.web, sandbox=self.house.sandbox, world=world)

    def ask(self, statement: str, *facts: Any) -> list[tuple[Any, ...]]:
        """Straight from the database; for what no door shows."""
        url = self.house.servers["DATABASE_URL_OWNER"]
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), facts)
            return cursor.fetchall() if cursor.description else []

    def kill(self, name: str) -> None:
        """SIGKILL a process with all its children."""
        found = next(one for one in self.supervisor.running if one[0].name == name)
        os.killpg(found[1].pid, signal.SIGKILL)
        found[1].wait()
        self.supervisor.running.remove(found)
        self.supervisor.tell("-", found[1].pid)

    def restart_worker(self) -> None:
        self.supervisor.start(self.house.worker())
        wait_until(lambda: worker_answers(self.house), "the worker answers", 30)

    def kill_redis(self) -> None:
        pid = json.loads((self.servers / "servers-redis.json").read_text())["pid"]
        os.kill(pid, signal.SIGKILL)

    def restart_redis(self) -> None:
        start(self.servers, durable=False).stop()  # joins, and so finds Redis missing; others stay users


def wait_until(holds: Callable[[], Any], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    base = Path(tempfile.mkdtemp(prefix="storefront-house-"))
    servers = start(base / "servers", durable=False)
    try:
        house = plan(base / "local", servers.urls)
        setup = [sys.executable, "-m", "sandbox", "setup", str(house.world.parent)]
        subprocess.run(setup, cwd=ROOT, check=True, capture_output=True)
        with Supervisor(log=house.log) as supervisor:
            made = Running(house, supervisor, base / "servers")
            for argv in (["migrate"], ["seed_demo", "--world", str(house.world)]):
                done = made.manage(*argv)
                assert done.returncode == 0, done.stdout + done.stderr
            start_processes(house, supervisor, Clock(lambda _: None))
            # WeChat, carriers and customs take a tenth of their time.
            Sandbox(house.sandbox).tell("time_scale", seconds_per_second=0.1)
            yield made
    finally:
        servers.stop()
        discard(base / "servers")
        shutil.rmtree(base, ignore_errors=True)

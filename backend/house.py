"""Which processes make the house and what each is told: its role, its addresses, and no other's password."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX
from pathlib import Path

from backend.embedded.files import make_folder, open_lock, try_lock
from backend.supervisor import Child, free_port, responds

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
WEB_PORT, SANDBOX_PORT = 8000, 8100
# Tried with the whole house on two cores: more threads only wait for Python's lock.
WEB_WORKERS, WEB_THREADS, WORKER_PROCESSES = 2, 4, 2
ROLES = ("owner", "web", "worker")


class HouseError(RuntimeError):
    """The house cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class House:
    """One house: its folder, its ports, and the environment in which its servers' URLs are named."""

    local: Path
    web_port: int
    sandbox_port: int
    servers: Mapping[str, str]

    @property
    def web(self) -> str:
        """Address of the web application."""
        return f"http://{HOST}:{self.web_port}"

    @property
    def sandbox(self) -> str:
        """Address of the stand-in for WeChat and Tencent Cloud."""
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def world(self) -> Path:
        """What the sandbox's operators would tell us: appids, merchant numbers, keys."""
        return self.local / "sandbox" / "world.json"

    @property
    def log(self) -> Path:
        """Folder of the processes' logs."""
        return self.local / "log"

    @property
    def worker_name(self) -> str:
        """The name by which Celery knows the worker."""
        return f"worker-{self.web_port}@house"

    def environment(self, role: str) -> dict[str, str]:
        """What a process of `role` is told on top of ours; the URLs of the other roles are blanked."""
        names = {f"DATABASE_URL_{one.upper()}": "" for one in ROLES}
        own = f"DATABASE_URL_{role.upper()}"
        return {
            **names,
            own: self.servers.get(own) or self.servers.get("DATABASE_URL", ""),
            "DATABASE_URL": "",
            "REDIS_URL": self.servers.get("REDIS_URL", ""),
            "DJANGO_SETTINGS_MODULE": "backend.settings",
            "D2C_ROLE": role,
            "D2C_LOCAL": str(self.local),
            "PUBLIC_BASE_URL": self.web,
            "WECHAT_API_BASE": self.sandbox,
            "WECHAT_PAY_BASE": self.sandbox,
            "WECHAT_ORDER_PATH": "sub/order/order",
            "WECHAT_CUSTOMS_BASE": self.sandbox,
            "FACEID_BASE": self.sandbox,
            "KMS_BASE": self.sandbox,
            "CFETS_BASE": self.sandbox,
            "PORT_BASE": self.sandbox,
            "CUSTOMS_SENDERS": "stand_in",
            "SIGN_BASE": self.sandbox,
            "PORT_DATA_BASE": self.sandbox,
            "SF_BASE": self.sandbox,
            "KUAIDI100_BASE": self.sandbox,
            "CARRIER": "stand_in",
            "CLEARANCE": "stand_in",
            "TRADE_BASE": self.sandbox,
            "WEBHOOKS_INSIDE": "1",
            "PARTNER_SANDBOX": "maison",
            **self._tencent(),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def _tencent(self) -> dict[str, str]:
        """Keys of the account that the sandbox made for us, once it was set up."""
        if not self.world.exists():
            return {}
        keys = json.loads(self.world.read_text(encoding="utf-8"))["tencent"]
        return {"FACEID_SECRET_ID": keys["secret_id"], "FACEID_SECRET_KEY": keys["secret_key"]}

    def wechat(self) -> Child:
        """The stand-in for WeChat and Tencent Cloud."""
        folder = str(self.world.parent)
        argv = [sys.executable, "-m", "sandbox", "serve", folder, "--port", str(self.sandbox_port)]
        # It has keys of its own and no business with ours.
        blank = dict.fromkeys(
            ["DATABASE_URL", "REDIS_URL", *(f"DATABASE_URL_{r.upper()}" for r in ROLES)], ""
        )
        return Child(
            "sandbox", argv, {**blank, "PYTHONPATH": str(ROOT)}, responds(f"{self.sandbox}/sandbox/switches")
        )

    def worker(self) -> Child:
        """Celery's worker: delivers events, expires orders, sweeps payments."""
        argv = [
            *(sys.executable, "-m", "celery", "--app", "backend", "worker", "--loglevel", "WARNING"),
            *("--pool", "prefork", "--concurrency", str(WORKER_PROCESSES)),
            *("--hostname", self.worker_name, "--without-gossip", "--without-mingle"),
        ]
        return Child("worker", argv, self.environment("worker"))

    def webhooks(self) -> Child:
        """What sends partners what they are to hear, so that their slow servers delay nobody else."""
        argv = [sys.executable, str(ROOT / "manage.py"), "webhooks"]
        return Child("webhooks", argv, self.environment("worker"))

    def beat(self) -> Child:
        """Celery's clock; there is one, and a second would only be a waste."""
        schedule = make_folder(self.local / "beat") / "schedule"
        argv = [
            *(sys.executable, "-m", "celery", "--app", "backend", "beat", "--loglevel", "WARNING"),
            *("--schedule", str(schedule), "--pidfile", ""),
        ]
        return Child("beat", argv, self.environment("worker"))

    def serving(self) -> Child:
        """The web application, under the role that may do least."""
        argv = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST),
            *("--port", str(self.web_port), "--workers", str(WEB_WORKERS)),
            *(
                "--blocking-threads",
                str(WEB_THREADS),
                "--no-ws",
                "--log-level",
                "warning",
                "--respawn-failed-workers",
            ),
            "backend.wsgi:application",
        ]
        return Child("web", argv, self.environment("web"), responds(f"{self.web}/health/ready"))

    def children(self) -> list[Child]:
        """All of them in the order of their start; when the web at the end is ready, the house nearly is."""
        return [self.wechat(), self.worker(), self.webhooks(), self.beat(), self.serving()]


def plan(
    local: Path, servers: Mapping[str, str] | None = None, *, web_port: int = 0, sandbox_port: int = 0
) -> House:
    """A house in the folder `local`; a port of 0 is replaced by one that is free now.

    `servers` names the database and Redis by the names of the environment, which is what counts without it.
    Raises HouseError when a port that was asked for is taken.
    """
    for port in (web_port, sandbox_port):
        if port and not is_free(port):
            raise HouseError(f"Port {port} is taken: give another one, or 0 for any that is free.")
    return House(
        make_folder(local).resolve(),
        web_port or free_port(),
        sandbox_port or free_port(),
        os.environ if servers is None else servers,
    )


def usual(port: int) -> int:
    """The usual port when it is free, else 0 for any."""
    return port if is_free(port) else 0


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@contextmanager
def alone(local: Path) -> Iterator[None]:
    """Hold the house's lock: two houses over one database would answer each other's payments.

    Raises HouseError when a house runs in this folder already.
    """
    lock = open_lock(make_folder(local) / "house.lock")
    try:
        if not try_lock(lock, LOCK_EX):
            raise HouseError(f"A house runs in {local} already: stop it with Ctrl-C first.")
        yield
    finally:
        os.close(lock)

"""A PostgreSQL 18 and a Redis on this machine, from the wheels, for a laptop, a demo and a test.

PostgreSQL listens on a Unix socket alone, which is faster than TCP and closed to other accounts. The socket
lies in `run` below the base folder or, where that path is too long for a socket, in a private folder with a
short name that each start makes anew. The URLs have the libpq form
`postgresql://web:…@/storefront?host=/folder&port=…`. Redis listens on a loopback port, the former one when
it is free, with a password.

Several processes may share the servers. Each holds a shared lock on a file; whoever leaves last stops the
servers, and a process that was killed has let go of its lock by dying. No Django here: this runs before the
settings.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from backend.embedded import postgres, redis, roles
from backend.embedded.errors import EmbeddedError
from backend.embedded.files import exclusive, make_folder, open_lock, try_lock
from backend.embedded.place import Place, find_place
from backend.embedded.programs import SYSTEM, Programs, find_programs

__all__ = ["EmbeddedError", "Servers", "Stay", "discard", "ensure_environment", "pg_bin", "revive", "start"]

DATABASE_NAMES = ("DATABASE_URL", "DATABASE_URL_OWNER", "DATABASE_URL_WEB", "DATABASE_URL_WORKER")

# The servers that `ensure_environment` gave this process.
_given: list[tuple[Path, bool, Servers]] = []
START_LOCK = "servers-start.lock"
USERS_LOCK = "servers-users.lock"
PASSWORDS = "servers-passwords.json"


@dataclass(frozen=True)
class Servers:
    """The running servers, and this process's part in them.

    `urls` holds DATABASE_URL_OWNER, DATABASE_URL_WEB, DATABASE_URL_WORKER and REDIS_URL; `pg_bin` is the
    folder of psql, pg_dump and pgbench.
    """

    urls: dict[str, str]
    pg_bin: Path
    _place: Place = field(repr=False)
    _programs: Programs = field(repr=False)
    _passwords: dict[str, str] = field(repr=False)
    # Process and descriptor of the lock while we are a user, then nothing.
    _lease: list[tuple[int, int]] = field(repr=False)

    @property
    def alive(self) -> bool:
        """Whether both processes live; they may still be starting."""
        return postgres.server_pid(self._place) is not None and redis.is_redis(redis.state(self._place)[1])

    def stop(self) -> None:
        """Leave; the servers stop if nobody else uses them. A second call, or a forked child's, is idle."""
        if not self._lease or self._lease[0][0] != os.getpid():
            return
        _, users = self._lease.pop()
        base = self._place.base
        try:
            with exclusive(base / START_LOCK) if base.exists() else nullcontext():
                # Forked children share our lock: closing alone would not let go of it.
                fcntl.flock(users, fcntl.LOCK_UN)
                if try_lock(users, fcntl.LOCK_EX):
                    halt(self._place, self._programs, self._passwords)
        finally:
            os.close(users)


def start(base: Path, *, durable: bool = True) -> Servers:
    """Start the servers of the folder `base`, or join those that run already, until `stop()`.

    With `durable=False` nothing is forced to disk, which is for tests alone; whoever starts them decides.
    Raises EmbeddedError, whose text says what to do.
    """
    base = make_folder(base.absolute()).resolve()
    with exclusive(base / START_LOCK):
        programs = find_programs()
        place = find_place(base)
        passwords = find_passwords(place)
        users = open_lock(base / USERS_LOCK)
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            postgres.ensure(place, programs, passwords, durable=durable)
            port = redis.ensure(place, programs, passwords["redis"])
        except BaseException:
            fcntl.flock(users, fcntl.LOCK_UN)
            if try_lock(users, fcntl.LOCK_EX):
                halt(place, programs, passwords)
            os.close(users)
            raise
    urls = {
        f"DATABASE_URL_{role.upper()}": postgres.url(place, role, passwords[role]) for role in roles.ROLES
    }
    urls["REDIS_URL"] = redis.url(port, passwords["redis"])
    return Servers(urls, programs.pg_bin, place, programs, passwords, [(os.getpid(), users)])


class Stay(AbstractContextManager[Servers | None]):
    """What `ensure_environment` did; leaving it takes the URLs back and leaves the servers."""

    def __init__(self, servers: Servers | None, names: Sequence[str]) -> None:
        self.servers = servers
        self.names = names
        self.pid = os.getpid()

    def __enter__(self) -> Servers | None:
        return self.servers

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave now; a second call, or one in a forked child, does nothing."""
        if self.servers is None or self.pid != os.getpid():
            return
        servers, self.servers = self.servers, None
        for name in self.names:
            if os.environ.get(name) == servers.urls[name]:
                del os.environ[name]
        servers.stop()


def ensure_environment(base: Path, *, durable: bool = True) -> Stay:
    """Give `os.environ` the URLs of embedded servers where it names none, until this process ends.

    It acts at once; used with `with`, it ends with the block. Where the environment names a database and a
    Redis, nothing is touched; where it names one of them, only the other's URLs are set. The end is a clean
    exit, Ctrl-C, SIGTERM or SIGHUP; a signal that already has a handler keeps it. Children that inherit the
    URLs do not count as users. Raises EmbeddedError, also where D2C_PRODUCTION is 1 and a URL is missing.
    """
    wants_database = not any(os.environ.get(name) for name in DATABASE_NAMES)
    wants_redis = not os.environ.get("REDIS_URL")
    if not wants_database and not wants_redis:
        return Stay(None, ())
    if os.environ.get("D2C_PRODUCTION") == "1":
        raise EmbeddedError(
            "Production has no embedded servers: set the DATABASE_URL of its role, and REDIS_URL."
        )
    servers = start(base, durable=durable)
    names = [name for name in servers.urls if (wants_redis if name == "REDIS_URL" else wants_database)]
    os.environ.update({name: servers.urls[name] for name in names})
    _given.append((base, durable, servers))
    stay = Stay(servers, names)
    atexit.register(stay.close)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, leave)
    return stay


def revive() -> bool:
    """Start again what was killed of the servers that `ensure_environment` gave us; True when something was.

    Raises EmbeddedError as `start`.
    """
    dead = [(base, durable) for base, durable, servers in _given if servers._lease and not servers.alive]
    for base, durable in dead:
        start(base, durable=durable).stop()  # we are users already, so that it stays
    return bool(dead)


def leave(number: int, frame: FrameType | None) -> None:
    """Turn a deadly signal into an orderly exit, so that what is to be done at the end is done."""
    sys.exit(128 + number)


def pg_bin() -> Path:
    """The folder of psql, pg_dump and pgbench, whoever runs the database."""
    return find_programs().pg_bin


def discard(base: Path) -> None:
    """Stop the servers of `base` and delete their data: for a throw-away cluster.

    Raises EmbeddedError, and deletes nothing, while somebody uses them.
    """
    base = base.resolve()
    if not base.exists():
        return
    with exclusive(base / START_LOCK):
        users = open_lock(base / USERS_LOCK)
        try:
            if not try_lock(users, fcntl.LOCK_EX):
                raise EmbeddedError(f"The servers of {base} are in use: end their users first.")
            place = find_place(base)
            halt(place, find_programs(), find_passwords(place))
            for folder in (place.run, place.data, *([place.home] if place.home.parent == SYSTEM else [])):
                shutil.rmtree(folder, ignore_errors=True)
            for name in ("postgres", PASSWORDS, redis.STATE):
                (base / name).unlink(missing_ok=True)
        finally:
            os.close(users)


def halt(place: Place, programs: Programs, passwords: dict[str, str]) -> None:
    """Stop both servers, the second also where stopping the first fails."""
    try:
        redis.stop(place, passwords["redis"])
    finally:
        postgres.stop(place, programs)


def find_passwords(place: Place) -> dict[str, str]:
    """The servers' passwords, made at the first start and kept in a file that only its owner may read.

    The roles take on new ones at the next start, so losing the file does no harm.
    """
    path = place.base / PASSWORDS
    names = {*roles.ROLES, "redis"}
    with suppress(FileNotFoundError, ValueError, AttributeError):
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        if names <= found.keys():
            return found
    made = {name: secrets.token_hex(24) for name in sorted(names)}
    place.keep(PASSWORDS, json.dumps(made))
    return made

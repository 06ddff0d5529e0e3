"""Keeps one PostgreSQL cluster: made whole or not at all, started after any crash, never deleted."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from backend.embedded.errors import EmbeddedError
from backend.embedded.files import tail
from backend.embedded.place import SOCKET, Place
from backend.embedded.programs import Programs
from backend.embedded.roles import DATABASE, SUPERUSER, connect, prepare

MAJOR = "18"
PORT = SOCKET.rpartition(".")[2]
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": PORT,
    "max_connections": "200",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_lock_waits": "on",
    # A refused row's values, which may be personal, stand in the details and the statement: not logged.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Local sockets alone; accounts that hold the data anyway are the superuser by name, roles show a password.
HBA = f"local all {SUPERUSER} peer map=house\nlocal all all scram-sha-256\n"
START_SECONDS = 300.0
# So long a server may take from its first sign of life to its socket; afterwards the socket has been lost.
SOCKET_SECONDS = 10.0
# So long the children of a killed server may hold its memory.
RETRY_SECONDS = 30.0


def url(place: Place, role: str, password: str) -> str:
    """The libpq URL of a role; the host is the folder of the socket."""
    host = quote(str(place.run), safe="/")
    return f"postgresql://{role}:{password}@/{DATABASE}?host={host}&port={PORT}"


def ensure(place: Place, programs: Programs, passwords: Mapping[str, str], *, durable: bool) -> None:
    """Make the cluster if there is none, start it if it does not run, and bring its roles up to date.

    Must be called with the start lock held. Raises EmbeddedError with the end of the server's log.
    """
    if not is_complete(place):
        create(place, programs, durable=durable)
    version = (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != MAJOR:
        raise EmbeddedError(
            f"{place.data} was made by PostgreSQL {version} and this is {MAJOR}: dump it there, move "
            "the folder away, start again and restore it here."
        )
    if not answers(place):
        start(place, programs, durable=durable)
    prepare(place, passwords)


def is_complete(place: Place) -> bool:
    """Whether the data folder is a whole cluster; one that is not is put aside rather than deleted."""
    for left in place.home.glob("postgres.making-*"):
        remove(left)
    if not place.data.exists():
        return False
    if (place.data / "PG_VERSION").is_file() and (place.data / "global" / "pg_control").is_file():
        return True
    place.data.rename(place.home / f"postgres.broken-{secrets.token_hex(4)}")
    return False


def remove(folder: Path) -> None:
    """Delete a folder that a process in its last moments may still write to."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def create(place: Place, programs: Programs, *, durable: bool) -> None:
    """Make the cluster under another name and rename it when whole: a killed start leaves no half of one."""
    making = place.make_private(place.home / f"postgres.making-{secrets.token_hex(4)}")
    command: list[str | Path] = [programs.pg_bin / "initdb", "-D", making, "-U", SUPERUSER, "-E", "UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--auth-local=peer", "--auth-host=reject"]
    if not durable:
        command.append("--no-sync")
    done = place.account.run(command)
    if done.returncode != 0:
        remove(making)
        raise EmbeddedError(
            f"PostgreSQL could not make its data folder:\n{done.stdout.decode('utf-8', 'replace')}"
        )
    text = (making / "postgresql.conf").read_text(encoding="utf-8")
    place.write(making / "postgresql.conf", f"{text}\ninclude 'house.conf'\n")
    making.rename(place.data)


def configure(place: Place, *, durable: bool) -> None:
    """Write what a start needs: settings, the folder of the socket, who may log in and how."""
    safe = "on" if durable else "off"
    settings = {
        **SETTINGS,
        "unix_socket_directories": f'"{place.make_private(place.run)}"',
        "fsync": safe,
        "synchronous_commit": safe,
        "full_page_writes": safe,
    }
    place.write(
        place.data / "house.conf", "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    )
    place.write(place.data / "pg_hba.conf", HBA)
    names = sorted({place.account.name, "root"})
    place.write(place.data / "pg_ident.conf", "".join(f'house "{name}" {SUPERUSER}\n' for name in names))


def answers(place: Place) -> bool:
    """Whether this cluster's own server takes connections now."""
    try:
        with connect(place) as connection:
            found = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return found is not None and os.path.realpath(found[0]) == os.path.realpath(place.data)


def server_pid(place: Place) -> int | None:
    """The process of the running server; a number that another program was given since does not count."""
    try:
        pid = int((place.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        os.kill(pid, 0)
    except PermissionError:
        pass
    except (OSError, ValueError, IndexError):
        return None
    if not Path("/proc/self/cmdline").exists():
        return pid
    with suppress(OSError):
        # One that has died, and whom nobody has waited for yet, has no command line.
        parts = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if parts[0].endswith(b"postgres") and os.fsencode(place.data) in parts:
            return pid
    return None


def start(place: Place, programs: Programs, *, durable: bool) -> None:
    """Start the server and wait until it takes connections, however the last one ended.

    Raises EmbeddedError with the end of the server's log.
    """
    began = time.monotonic()
    seen: float | None = None
    while not answers(place):
        now = time.monotonic()
        if now - began > START_SECONDS:
            raise failed(place, "take connections")
        if server_pid(place) is not None:
            # It starts, recovers or stops. Or its socket is gone, with the folder, and nobody can reach it.
            seen = seen or now
            if now - seen > SOCKET_SECONDS and not (place.run / SOCKET).exists():
                stop(place, programs)
                seen = None
            time.sleep(0.05)
            continue
        seen = None
        configure(place, durable=durable)
        # They name a process that is dead or another program by now, which would hinder the start. Whether
        # children of the old server live is no matter of these files: the server asks its shared memory.
        for stale in (place.data / "postmaster.pid", place.run / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        with place.open_log("postgres") as log:
            done = place.account.run(control(place, programs, "start"), stdout=log)
        if done.returncode != 0 and server_pid(place) is None:
            if now - began > RETRY_SECONDS or "shared memory" not in tail(place.log("postgres")):
                raise failed(place, "start")
            time.sleep(0.2)


def stop(place: Place, programs: Programs) -> None:
    """Stop the server: open transactions are rolled back, everything committed is kept."""
    if server_pid(place) is None:
        return
    with place.open_log("postgres") as log:
        for mode in ("fast", "immediate"):
            place.account.run([*control(place, programs, "stop"), "-m", mode], stdout=log)
            if server_pid(place) is None:
                return
    raise failed(place, "stop")


def control(place: Place, programs: Programs, verb: str) -> list[str | Path]:
    """The command that starts or stops the server and waits for it."""
    return [programs.pg_bin / "pg_ctl", verb, "-D", place.data, "-s", "-w", "-t", "60"]


def failed(place: Place, verb: str) -> EmbeddedError:
    """The error that says so, with what the server said last."""
    path = place.log("postgres")
    return EmbeddedError(f"PostgreSQL did not {verb}; the end of its log {path}:\n{tail(path)}")

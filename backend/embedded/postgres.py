"""Keeps one PostgreSQL cluster: made whole or not at all, started again after any crash, never deleted once complete."""

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
from psycopg import sql

from backend.embedded.place import EmbeddedError, Place, Programs, tail

DATABASE = "storefront"
SUPERUSER = "postgres"
MAJOR = "18"
# Time-outs by role, in milliseconds; running into one is a clean refusal that lost nothing.
TIMEOUTS: Mapping[str, Mapping[str, int]] = {
    "web": {
        "lock_timeout": 3_000,
        "statement_timeout": 10_000,
        "idle_in_transaction_session_timeout": 15_000,
    },
    "worker": {
        "lock_timeout": 5_000,
        "statement_timeout": 60_000,
        "idle_in_transaction_session_timeout": 60_000,
    },
}
ROLES = ("owner", "web", "worker")
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_lock_waits": "on",
}
# Local sockets only. The system's accounts that hold the data anyway are the superuser by name; roles show a password.
HBA = f"""local all {SUPERUSER} peer map=house
local all all scram-sha-256
"""
START_SECONDS = 90.0
UNREACHABLE_SECONDS = 10.0
RETRY_SECONDS = 20.0


def url(place: Place, role: str, password: str) -> str:
    """The libpq URL of a role; the host is the folder of the socket."""
    return f"postgresql://{role}:{password}@/{DATABASE}?host={quote(str(place.run), safe='/')}&port={SETTINGS['port']}"


def ensure(place: Place, programs: Programs, passwords: Mapping[str, str], *, durable: bool) -> None:
    """Make the cluster if there is none, start it if it does not run, and bring roles and database up to date.

    Must be called with the start lock held. Raises EmbeddedError with the end of the server's log.
    """
    if not is_complete(place):
        create(place, programs, durable=durable)
    version = (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != MAJOR:
        raise EmbeddedError(
            f"{place.data} was made by PostgreSQL {version}, this is {MAJOR}: dump it with the old version and restore."
        )
    if not answers(place):
        start(place, programs, durable=durable)
    prepare(place, passwords)


def is_complete(place: Place) -> bool:
    """Whether the data folder is a whole cluster; what is not is put aside, not deleted."""
    for left in place.home.glob("postgres.making-*"):
        shutil.rmtree(left, ignore_errors=True)
    if not place.data.exists():
        return False
    if (place.data / "PG_VERSION").is_file() and (place.data / "global" / "pg_control").is_file():
        return True
    place.data.rename(place.home / f"postgres.broken-{secrets.token_hex(4)}")
    return False


def create(place: Place, programs: Programs, *, durable: bool) -> None:
    """Make the cluster under another name and rename it when whole, so that a killed start leaves no half of one."""
    making = place.folder(place.home / f"postgres.making-{secrets.token_hex(4)}")
    command: list[str | Path] = [
        programs.pg_bin / "initdb",
        "-D",
        making,
        "-U",
        SUPERUSER,
        "-E",
        "UTF8",
        "--locale=C",
    ]
    command += [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--auth-local=peer",
        "--auth-host=reject",
    ]
    if not durable:
        command.append("--no-sync")
    done = place.account.run(command)
    if done.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        raise EmbeddedError(
            f"PostgreSQL could not make its data folder:\n{done.stdout.decode('utf-8', 'replace')}"
        )
    conf = (making / "postgresql.conf").read_text(encoding="utf-8")
    place.write(making / "postgresql.conf", f"{conf}\ninclude 'house.conf'\n")
    making.rename(place.data)


def configure(place: Place, *, durable: bool) -> None:
    """Write what a start needs: settings, folder of the socket, who may log in and how."""
    safe = "on" if durable else "off"
    settings = {
        **SETTINGS,
        "unix_socket_directories": f'"{place.folder(place.run)}"',
        "fsync": safe,
        "synchronous_commit": safe,
        "full_page_writes": safe,
    }
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    names = {place.account.name, "root"}
    place.write(place.data / "house.conf", "\n".join(lines) + "\n")
    place.write(place.data / "pg_hba.conf", HBA)
    place.write(
        place.data / "pg_ident.conf", "".join(f'house "{name}" {SUPERUSER}\n' for name in sorted(names))
    )


def connect(place: Place, database: str = SUPERUSER) -> psycopg.Connection:
    """A connection of the superuser, open to those accounts alone that hold the data anyway."""
    return psycopg.connect(
        host=str(place.run),
        port=int(SETTINGS["port"]),
        user=SUPERUSER,
        dbname=database,
        connect_timeout=5,
        autocommit=True,
    )


def answers(place: Place) -> bool:
    """Whether this cluster's server takes connections now."""
    try:
        with connect(place) as connection:
            found = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return found is not None and os.path.realpath(found[0]) == os.path.realpath(place.data)


def server_pid(place: Place) -> int | None:
    """The process of the running server, or None; a pid that another program was given since does not count."""
    try:
        pid = int((place.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError) as error:
        if not isinstance(error, PermissionError):
            return None
    command = Path(f"/proc/{pid}/cmdline")
    if not Path("/proc/self/cmdline").exists():
        return pid
    with suppress(OSError):
        parts = command.read_bytes().split(b"\0")
        # A dead process that nobody has waited for yet has no command line.
        if parts[0].endswith(b"postgres") and os.fsencode(place.data) in parts:
            return pid
    return None


def start(place: Place, programs: Programs, *, durable: bool) -> None:
    """Start the server and wait until it takes connections, also when a killed one's children still hold its memory."""
    deadline = time.monotonic() + START_SECONDS
    first_failure: float | None = None
    running_since: float | None = None
    while not answers(place):
        now = time.monotonic()
        if now > deadline:
            raise EmbeddedError(
                f"PostgreSQL did not start; the end of its log:\n{tail(place.log('postgres'))}"
            )
        if server_pid(place) is not None:
            # It is starting, recovering or stopping; or its socket is gone with the folder that held it.
            running_since = running_since or now
            if now - running_since > UNREACHABLE_SECONDS and (place.data / "postmaster.pid").exists():
                if not (place.run / ".s.PGSQL.5432").exists():
                    stop(place, programs)
                running_since = None
            time.sleep(0.1)
            continue
        running_since = None
        configure(place, durable=durable)
        # The file names a process that has ended or is another program by now: it would only hinder the start.
        # That no child of the old server is alive is checked by the server itself, by its shared memory.
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        with place.open_log("postgres") as log:
            command = [programs.pg_bin / "pg_ctl", "start", "-D", place.data, "-s", "-w", "-t", "60"]
            done = place.account.run(command, stdout=log)
        if done.returncode != 0:
            first_failure = first_failure or now
            end = tail(place.log("postgres"))
            if "shared memory" not in end or now - first_failure > RETRY_SECONDS:
                raise EmbeddedError(f"PostgreSQL did not start; the end of its log:\n{end}")
            time.sleep(0.2)


def stop(place: Place, programs: Programs) -> None:
    """Stop the server: open transactions are rolled back, everything committed is kept."""
    if server_pid(place) is None:
        return
    control: list[str | Path] = [
        programs.pg_bin / "pg_ctl",
        "stop",
        "-D",
        place.data,
        "-s",
        "-w",
        "-t",
        "30",
        "-m",
    ]
    with place.open_log("postgres") as log:
        for mode in ("fast", "immediate"):
            if place.account.run([*control, mode], stdout=log).returncode == 0 or server_pid(place) is None:
                return
    raise EmbeddedError(f"PostgreSQL did not stop; the end of its log:\n{tail(place.log('postgres'))}")


def prepare(place: Place, passwords: Mapping[str, str]) -> None:
    """Bring roles, time-outs, default rights and the database to what they shall be; a second time changes nothing."""
    with connect(place, "template1") as connection:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role not in known:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            # Sent already hashed, so that no log can hold it.
            hashed = connection.pgconn.encrypt_password(
                passwords[role].encode(), role.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(hashed.decode())
                )
            )
        connection.execute("ALTER ROLE owner CREATEDB")
        # As a member the owner, and with it the tests, can act as web or worker and end their sessions.
        connection.execute("GRANT web, worker TO owner")
        for role, timeouts in TIMEOUTS.items():
            for name, milliseconds in timeouts.items():
                connection.execute(
                    sql.SQL("ALTER ROLE {} SET {} = {}").format(
                        sql.Identifier(role), sql.Identifier(name), sql.Literal(f"{milliseconds}ms")
                    )
                )
        # In the template, so that every database made later has them.
        grant_defaults(connection)
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if found is None:
            # A template must have no session, ours included.
            pass
    if found is None:
        with connect(place) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER owner").format(sql.Identifier(DATABASE)))


def grant_defaults(connection: psycopg.Connection) -> None:
    """Let web and worker use whatever tables and sequences the owner makes in this database."""
    connection.execute(
        "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO web, worker"
    )
    connection.execute(
        "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO web, worker"
    )

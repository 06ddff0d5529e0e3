"""Says under which account the servers run: our own, or for root, whom PostgreSQL refuses, another."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from backend.embedded.errors import EmbeddedError
from backend.lifeline import tied

# Long enough for a slow disk; what takes longer hangs.
PROGRAM_SECONDS = 300.0


@dataclass(frozen=True)
class Account:
    """An account of this machine."""

    uid: int
    gid: int
    name: str

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        stdout: IO[bytes] | int = subprocess.PIPE,
        stderr: IO[bytes] | int = subprocess.STDOUT,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end under this account, in a session of its own that Ctrl-C does not reach.

        Raises EmbeddedError when it cannot be run at all or hangs; its exit status is the caller's to judge.
        """
        # A PGDATA or PGOPTIONS meant for another cluster must not reach this one.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        switch: dict[str, Any] = {}
        if self.uid != os.geteuid():
            switch = {"user": self.uid, "group": self.gid, "extra_groups": []}
        try:
            return subprocess.run(  # noqa: S603 -- the wheels' own programs
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=PROGRAM_SECONDS,
                check=False,
                env={**env, "LC_ALL": "C"},
                # The folder we stand in may be one that this account cannot enter.
                cwd="/",
                start_new_session=True,
                umask=0o077,
                # What a killed start leaves undone must not go on beside the next start.
                preexec_fn=tied(),
                **switch,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedError(f"{argv[0]} did not end within {PROGRAM_SECONDS:.0f} seconds.") from error
        except OSError as error:
            raise EmbeddedError(
                f"{argv[0]} cannot be run as {self.name}: {error}. Install the requirements anew, on "
                "Linux with glibc."
            ) from error

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may enter the folder."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0


def find_account(base: Path, data: Path) -> Account:
    """Our own account; as root the owner of the data or the base folder, or one the system has for such ends.

    Raises EmbeddedError when the data is another account's, or when there is no account to run under.
    """
    if os.geteuid() != 0:
        if data.is_symlink() and not os.access(data, os.X_OK):
            raise EmbeddedError(f"{data} was made by root: go on as root, or remove that link to begin anew.")
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise EmbeddedError(
                f"{data} was made by root: go on as root, or remove it as root to begin anew."
            )
        return by_uid(os.geteuid(), os.getegid())
    for folder in (data, base):
        if folder.exists() and folder.stat().st_uid != 0:
            return by_uid(folder.stat().st_uid, folder.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid, name)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and there is no account postgres or nobody: add one."
    )


def by_uid(uid: int, gid: int) -> Account:
    """The account of a uid; PostgreSQL cannot run under one that has no name."""
    try:
        return Account(uid, gid, pwd.getpwuid(uid).pw_name)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL cannot run under uid {uid}, which the system's list of users does not have: add it."
        ) from None

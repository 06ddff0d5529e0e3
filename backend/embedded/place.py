"""Says where the servers' files lie: their account can reach them, and no folder above is ever loosened."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backend.embedded.account import Account, find_account
from backend.embedded.errors import EmbeddedError
from backend.embedded.files import make_folder, make_system_folder, replace_file
from backend.embedded.programs import SYSTEM

# A socket's path may have 107 bytes on Linux and 103 elsewhere.
LONGEST_SOCKET = 103
SOCKET = ".s.PGSQL.5432"
# libpq reads a comma in a host as a list; the server's own settings quote with the others.
FORBIDDEN = frozenset(",\"'\\\n")
LARGEST_LOG = 10 * 1024 * 1024


@dataclass(frozen=True)
class Place:
    """The files of one pair of servers.

    `base` belongs to the caller and keeps passwords, locks and logs; `home` is what the servers' account must
    reach, and is the same folder wherever that account can enter it.
    """

    base: Path
    home: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data."""
        return self.home / "postgres"

    @property
    def run(self) -> Path:
        """The private folder of the socket and of Redis' configuration, short enough for a socket's path.

        Every start writes all it holds anew, so it may be lost with the machine's temporary files.
        """
        mark = hash_of(self.home)
        choices = [self.home / "run"]
        if os.geteuid() == 0:
            choices.append(SYSTEM / f"run-{mark}")
        else:
            choices.append(Path.home() / ".cache" / "storefront" / mark)
            choices.append(Path(tempfile.gettempdir()) / f"storefront-{self.account.uid}-{mark}")
        for choice in choices:
            if len(os.fsencode(choice / SOCKET)) <= LONGEST_SOCKET and not FORBIDDEN & set(str(choice)):
                return choice
        raise EmbeddedError(f"No folder is short enough for a socket; tried {', '.join(map(str, choices))}.")

    def make_private(self, path: Path) -> Path:
        """Make a folder that only the servers' account may enter, or make sure that it is one."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
        except FileExistsError:
            if path.is_symlink() or path.stat().st_uid != self.account.uid:
                raise EmbeddedError(
                    f"{path} does not belong to {self.account.name}: remove it and start again."
                ) from None
        else:
            if os.geteuid() == 0:
                os.chown(path, self.account.uid, self.account.gid)
        return path

    def write(self, path: Path, text: str) -> None:
        """Write a file, whole or not at all, that the servers' account alone may read."""
        replace_file(path, text, self.account.uid, self.account.gid)

    def keep(self, name: str, text: str) -> None:
        """Write a file of the base folder, whole or not at all, that its owner alone may read."""
        owner = self.base.stat()
        replace_file(self.base / name, text, owner.st_uid, owner.st_gid)

    def log(self, name: str) -> Path:
        """Where a server's messages go."""
        return self.base / "log" / f"{name}.log"

    def open_log(self, name: str) -> IO[bytes]:
        """Open a server's log for appending; one that has grown large is put aside first."""
        if not self.base.exists():
            return Path(os.devnull).open("ab")
        path = self.log(name)
        make_folder(path.parent)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        handle = path.open("ab")
        if os.geteuid() == 0:
            owner = self.base.stat()
            os.fchown(handle.fileno(), owner.st_uid, owner.st_gid)
        return handle


def find_place(base: Path) -> Place:
    """Choose the place of a base folder's servers, and keep to it from then on.

    Must be called with the start lock held. Where the servers' account cannot enter `base`, as inside a home
    folder that is its owner's alone, `postgres` becomes a link to a folder of the system's.
    """
    link = base / "postgres"
    account = find_account(base, link)
    if link.is_symlink():
        home = link.readlink().parent
        if home.parent == SYSTEM:
            make_system_folder(SYSTEM)
            return Place(base, make_system_folder(home), account)
        return Place(base, base, account)
    if account.can_enter(base):
        return Place(base, base, account)
    if link.exists():
        raise EmbeddedError(
            f"{account.name} owns the database in {base} and can no longer enter that folder: let it pass "
            "through the folders above, or move the clone back to where it was."
        )
    # The random part keeps the data of a clone that was moved apart from that of a new one in the old place.
    home = make_system_folder(SYSTEM) / f"{hash_of(base)}-{secrets.token_hex(2)}"
    make_system_folder(home)
    (home / "origin").write_text(f"{base}\n", encoding="utf-8")
    link.symlink_to(home / "postgres")
    return Place(base, home, account)


def hash_of(path: Path) -> str:
    """A short name for a long path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]

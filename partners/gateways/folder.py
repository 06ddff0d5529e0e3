"""A partner's folder: what lies whole in `in` is told, answers lie whole in `out`, nothing leads out of it.

The partner writes here by SFTP and may put anything in: no link is followed, nothing but a plain file is
opened, and what lies there is moved by its name alone.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

WRITTEN_AFTER: Final = 10  # seconds in which nobody wrote to it
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_FILES: Final = 50  # at a time
_GOING = (".part", ".tmp", ".filepart")  # as those who upload call what they have not finished
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Came:
    """A file that lies in `in`: the same `mark`, the very same file. `odd`: it is none that is opened."""

    name: str
    mark: str
    at: int
    odd: bool
    large: bool

    @property
    def safe(self) -> str:
        """A name that is like it, whatever it holds."""
        return re.sub(r"[^A-Za-z0-9._-]", "_", self.name)[-120:]


@contextmanager
def box(root: str, *below: str) -> Iterator[Box | None]:
    """The folder of this partner; None where there is none. `root` is ours, what lies below it is not."""
    held: list[int] = []
    try:
        held.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        try:
            for name in below:
                held.append(os.open(name, _FOLDER, dir_fd=held[-1]))
            held.append(os.open("in", _FOLDER, dir_fd=held[-1]))
        except FileNotFoundError:
            yield None
            return
        yield Box(held[-2], held[-1])
    finally:
        for each in held:
            os.close(each)


class Box:
    """An open folder with its `in`; `out`, `done` and `refused` are made where they are needed."""

    def __init__(self, here: int, into: int) -> None:
        self._here, self._in = here, into

    def waiting(self) -> list[Came]:
        """What lies there whole, the oldest first."""
        found = []
        for name in os.listdir(self._in):  # noqa: PTH208  (of what is open, wherever its name leads by now)
            if name.startswith(".") or name.lower().endswith(_GOING):
                continue
            with suppress(FileNotFoundError):
                known = os.stat(name, dir_fd=self._in, follow_symlinks=False)
                written = max(known.st_mtime, known.st_ctime)
                if not stat.S_ISDIR(known.st_mode) and time.time() - written >= WRITTEN_AFTER:
                    found.append(_came(name, known))
        return sorted(found, key=lambda one: (one.at, one.name))[:MOST_FILES]

    def read(self, came: Came) -> bytes | None:
        """What is in it; None where it is another by now."""
        try:
            opened = os.open(came.name, _PLAIN, dir_fd=self._in)
        except OSError:  # gone, or a link by now
            return None
        with os.fdopen(opened, "rb") as file:
            content = file.read(MOST_BYTES + 1)
            return content if _came(came.name, os.fstat(opened)) == came else None

    def answer(self, name: str, content: bytes) -> None:
        """Lies in `out` whole or not at all, in place of an earlier one."""
        with self._folder("out") as out:
            unfinished = f".{name}.tmp"
            with suppress(FileNotFoundError):
                os.unlink(unfinished, dir_fd=out)
            opened = os.open(
                unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o664, dir_fd=out
            )
            with os.fdopen(opened, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(opened)
            os.rename(unfinished, name, src_dir_fd=out, dst_dir_fd=out)

    def move(self, came: Came, to: str) -> None:
        """Out of `in`; beside one of the same name it stands under its instant."""
        with self._folder(to) as there:
            name = came.name
            with suppress(FileNotFoundError):
                os.stat(name, dir_fd=there, follow_symlinks=False)
                name = f"{came.at}-{came.safe}"
            with suppress(FileNotFoundError):  # another worker was faster
                os.rename(came.name, name, src_dir_fd=self._in, dst_dir_fd=there)

    @contextmanager
    def _folder(self, name: str) -> Iterator[int]:
        with suppress(FileExistsError):
            os.mkdir(name, 0o775, dir_fd=self._here)
        opened = os.open(name, _FOLDER, dir_fd=self._here)
        try:
            yield opened
        finally:
            os.close(opened)


def _came(name: str, known: os.stat_result) -> Came:
    plain = stat.S_ISREG(known.st_mode) and known.st_nlink == 1
    mark = f"{known.st_ino}:{known.st_mtime_ns}:{known.st_size}"
    return Came(name, mark, known.st_mtime_ns, not plain, known.st_size > MOST_BYTES)

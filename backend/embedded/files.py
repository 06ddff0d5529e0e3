"""Makes folders, files and locks so that nothing is half written, loosened, or led elsewhere."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.embedded.errors import EmbeddedError

LOCK_SECONDS = 600.0


def replace_file(path: Path, text: str, uid: int, gid: int) -> None:
    """Write `text` to a new file of mode 0600 and put it in the place of `path` in one step.

    The new file's name is random and must not exist, so the owner of the folder cannot lead root elsewhere.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        if os.geteuid() == 0:
            os.fchown(descriptor, uid, gid)
        handle.write(text)
        handle.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def make_folder(path: Path) -> Path:
    """Make a folder of the caller; made by root in another's clone, it belongs to that other."""
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
    return path


def make_system_folder(path: Path) -> Path:
    """Make one of root's own folders, which everyone may enter.

    Raises EmbeddedError when it cannot be made, or is there and another's.
    """
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


def open_lock(path: Path) -> int:
    """Open a lock file; the descriptor is not handed on to programs that are started."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a file's exclusive lock; the kernel lets go of it when the holder dies.

    Raises EmbeddedError when another process holds it for longer than any start takes.
    """
    descriptor = open_lock(path)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Another process holds {path} and does not let go: end it and try again."
                )
            time.sleep(0.02)
        yield
    finally:
        # A child forked meanwhile shares the lock: closing alone would not let go of it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def try_lock(descriptor: int, kind: int) -> bool:
    """Take the lock if nobody is in the way."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error's text."""
    if not path.exists():
        return "(no log)"
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - 8192))
        return "\n".join(handle.read().decode("utf-8", "replace").splitlines()[-lines:])

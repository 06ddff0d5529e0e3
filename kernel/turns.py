"""Within one process one works on a key at a time; the others wait without asking the database.

That spares work and decides nothing: between processes, and where a wait is too long, the database does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary


class _Turn:
    """Whoever holds it is at work."""

    def __init__(self) -> None:
        self.lock = Lock()


_turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
_guard = Lock()


@contextmanager
def turn(key: str, *, seconds: float) -> Iterator[bool]:
    """Whether this one had to wait for another's work on `key`; after `seconds` it waits no longer."""
    with _guard:
        mine = _turns.setdefault(key, _Turn())
    waited = not mine.lock.acquire(blocking=False)
    held = not waited or mine.lock.acquire(timeout=seconds)
    try:
        yield waited
    finally:
        if held:
            mine.lock.release()

"""Ends the supervisor's children when the supervisor is killed; a script that needs Python's library alone.

Its input tells it: `+123` of a child that leads process group 123, `-123` of its end. The end of the
input, which the kernel sees to whatever happens, means that the supervisor is gone. Its argument is how many
seconds a child gets to leave by itself.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress


def main() -> None:
    """Listen until the supervisor is gone, then end what it left: kindly at first."""
    grace = float(sys.argv[1])
    groups: list[int] = []
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.append(group)
        else:
            groups.remove(group)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in reversed(groups):
            with suppress(OSError):
                os.killpg(group, number)
        deadline = time.monotonic() + grace
        while groups and time.monotonic() < deadline:
            groups = [group for group in groups if exists(group)]
            time.sleep(0.05)


def exists(group: int) -> bool:
    """Whether the group has a process still."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


if __name__ == "__main__":
    main()

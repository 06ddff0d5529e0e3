"""Lets a process die with the one that started it, even when that one is killed and can say no word."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

# https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
PR_SET_PDEATHSIG = 1


def tied(number: int = signal.SIGKILL) -> Callable[[], None] | None:
    """What subprocess calls in the child before it runs the program: our death will send it `number`.

    Only Linux knows this; elsewhere it is None and the child lives on. The tie is to the thread that starts
    the child, so that thread must live as long as the child shall.
    """
    if sys.platform != "linux":
        return None
    # Looked up before the fork, because the child may not load anything.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        # It may have died between the fork and the tie.
        if os.getppid() != parent:
            os._exit(1)

    return tie

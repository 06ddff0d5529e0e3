"""Codes a phone hands to the mini-program: for one mini-program, for five minutes, for one use."""

import secrets
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sandbox.clock import Clock
from sandbox.wire import LoginFault

LIFE_SECONDS = 300


@dataclass
class Code:
    purpose: str  # "login" or "phone": one is never good for the other
    appid: str
    expires_at: float
    facts: dict[str, Any]
    used: bool = False


class Codes:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._issued: dict[str, Code] = {}

    def issue(self, purpose: str, appid: str, facts: dict[str, Any]) -> str:
        value = secrets.token_hex(16) if purpose == "login" else secrets.token_hex(32)
        with self._lock:
            self._issued[value] = Code(purpose, appid, self._clock.now() + LIFE_SECONDS, facts)
        return value

    def redeem(self, purpose: str, appid: str, value: str, *, used_error: LoginFault) -> dict[str, Any]:
        """What the code stands for, once; LoginFault 40029 if it is unknown, foreign or too old."""
        with self._lock:
            code = self._issued.get(value)
            if code is None or code.purpose != purpose or code.appid != appid:
                raise LoginFault(40029, "invalid code")
            if code.used:
                raise used_error
            if self._clock.now() >= code.expires_at:
                raise LoginFault(40029, "invalid code")
            code.used = True
            return code.facts

    def reset(self) -> None:
        with self._lock:
            self._issued.clear()

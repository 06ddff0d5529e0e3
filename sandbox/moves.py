"""What moves on a merchant's account beside its trades: payouts, top-ups, complaints paid, service fees."""

from dataclasses import dataclass
from threading import Lock

from sandbox.clock import Clock


@dataclass(frozen=True)
class Move:
    """One movement, under WeChat's own word for its kind (提现, 充值 …); negative where it leaves."""

    at: float
    mchid: str
    kind: str
    amount: int


class Moves:
    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, Lock()
        self._made: list[Move] = []

    def make(self, mchid: str, kind: str, amount: int) -> None:
        with self._lock:
            self._made.append(Move(self._clock.now(), mchid, kind, amount))

    def of(self, mchid: str) -> list[Move]:
        """Every movement of this merchant, the oldest first."""
        with self._lock:
            return [one for one in self._made if one.mchid == mchid]

    def reset(self) -> None:
        with self._lock:
            self._made.clear()

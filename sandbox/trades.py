"""What a trade was told to look like: another waybill, another list, or nothing yet."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass
class Trades:
    """What was told to be otherwise, by number of the payment."""

    _changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def change(self, number: str, changed: dict[str, Any]) -> None:
        with self._lock:
            self._changed.setdefault(number, {}).update(changed)

    def of(self, number: str) -> dict[str, Any]:
        with self._lock:
            return dict(self._changed.get(number, {}))

    def reset(self) -> None:
        with self._lock:
            self._changed.clear()

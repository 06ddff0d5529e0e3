"""The complaints made in mini-programs, and where each mini-program's messages are pushed."""

from dataclasses import dataclass, field
from threading import RLock
from typing import Any


@dataclass
class MiniComplaint:
    """One complaint made in the mini-program."""

    appid: str
    number: str
    created_at: float
    transaction_id: str
    out_trade_no: str
    detail: str
    phone: str
    openid: str
    status: str = "201"
    expires_at: float = 0


@dataclass
class Pushes:
    """Where each mini-program's messages go, and the complaints made in it."""

    addresses: dict[str, str] = field(default_factory=dict)
    complaints: dict[str, MiniComplaint] = field(default_factory=dict)
    lock: Any = field(default_factory=RLock)

    def reset(self) -> None:
        with self.lock:
            self.addresses.clear()
            self.complaints.clear()

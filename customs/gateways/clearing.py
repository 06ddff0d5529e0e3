"""What can be asked about clearance: has customs released this order's list?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Release:
    """Customs has released the list (清单放行)."""

    list: str
    at: datetime


class Clearance(Protocol):
    """Whoever knows what customs has decided."""

    def released(self, *, out_trade_no: str) -> Release | None:
        """The release of the order that this payment paid; None while there is none. Raises Unreachable."""

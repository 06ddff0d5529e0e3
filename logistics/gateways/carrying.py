"""What a carrier can be asked: was this order's parcel handed over, and under which waybill?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Handover:
    """A carrier has the parcel."""

    waybill: str
    carrier: str
    at: datetime


class Carrier(Protocol):
    """Whoever knows where parcels are."""

    def handed_over(self, *, out_trade_no: str) -> Handover | None:
        """The handover of the order that this payment paid; None while there is none. Raises Unreachable."""

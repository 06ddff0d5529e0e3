"""What WeChat pushes of the management of trades (交易管理): reminders to ship, and what became of an order.

`confirm_receive_method` says who confirmed; its two values have been seen the other way round than in the
console, so it is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wechat.errors import Malformed

ACCESS = "trade_manage_remind_access_api"  # WeChat asks that shipping be told by this interface
REMINDER = "trade_manage_remind_shipping"
SETTLEMENT = "trade_manage_order_settlement"  # sent when shipping is known, and once more at settlement
_LONGEST = 64
_EARLIEST, _LATEST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TradeMessage:
    """One of them about a payment; an instant is None where it is not told yet."""

    transaction_id: str
    mchid: str
    out_trade_no: str
    told_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    received_at: datetime | None
    settles_at: datetime | None
    settled_at: datetime | None

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> TradeMessage:
        """Read the opened message; raises Malformed naming what is missing."""
        told_at, transaction_id = _instant(message, "CreateTime"), _text(message, "transaction_id")
        if told_at is None:
            raise Malformed(where="CreateTime")
        if not transaction_id:
            raise Malformed(where="transaction_id")
        return cls(
            transaction_id=transaction_id,
            mchid=_text(message, "merchant_id"),
            out_trade_no=_text(message, "merchant_trade_no"),
            told_at=told_at,
            paid_at=_instant(message, "pay_time"),
            shipped_at=_instant(message, "shipped_time"),
            received_at=_instant(message, "confirm_receive_time"),
            settles_at=_instant(message, "estimated_settlement_time"),
            settled_at=_instant(message, "settlement_time"),
        )


def _text(raw: Mapping[str, Any], name: str) -> str:
    """XML knows text alone, JSON numbers too; what is longer than any number of theirs is none."""
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:_LONGEST]
    found = value.strip() if isinstance(value, str) else ""
    return found if len(found) <= _LONGEST and found.isprintable() else ""


def _instant(raw: Mapping[str, Any], name: str) -> datetime | None:
    digits = _text(raw, name)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 11):
        return None
    found = datetime.fromtimestamp(int(digits), UTC)
    return found if _EARLIEST <= found <= _LATEST else None

"""A consumer's complaint in the mini-program (交易投诉), as its event or its detail tells it.

https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/guarantee/complaint
The event is `complaint_callback`. The page's example holds everything in `BussiCallBackInfo`; an older one
holds it beside the event's name. Of what a consumer wrote nothing shows in a repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wechat.errors import Malformed

EVENT = "complaint_callback"
LONGEST_TEXT, LONGEST_NUMBER = 4096, 64
_WITHIN = "BussiCallBackInfo"
_EARLIEST, _LATEST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MiniProgramComplaint:
    """One complaint as it was told at `told_at`; `expires_at` is when the present status runs out."""

    complaint_id: str
    status: str
    told_at: datetime
    complained_at: datetime
    expires_at: datetime | None
    transaction_id: str
    out_trade_no: str
    detail: str = field(repr=False)
    phone: str = field(repr=False)

    @classmethod
    def from_detail(
        cls, answer: Mapping[str, Any], *, complaint_id: str, told_at: datetime
    ) -> MiniProgramComplaint:
        """Read the answer about `complaint_id`, asked for at `told_at`: where it stands, and nothing of the
        consumer, which is known. Raises Malformed naming what is missing, or another complaint's."""
        within = answer.get("complaintOrder")
        info: Mapping[str, Any] = within if isinstance(within, dict) else {}
        if _needed(info, "complaintOrderId") != complaint_id:
            raise Malformed(where="complaintOrderId")
        return cls(
            complaint_id=complaint_id,
            status=_needed(info, "status"),
            told_at=told_at,
            complained_at=_instant(info, "createTime") or told_at,
            expires_at=_instant(info, "expireTime"),
            transaction_id=_text(info, "orderId")[:LONGEST_NUMBER],
            out_trade_no=_text(info, "outTradeNo")[:LONGEST_NUMBER],
            detail="",
            phone="",
        )

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> MiniProgramComplaint:
        """Read the opened message; raises Malformed naming what is missing."""
        within = message.get(_WITHIN)
        info: Mapping[str, Any] = within if isinstance(within, dict) else message
        told_at = _instant(message, "CreateTime")
        if told_at is None:
            raise Malformed(where="CreateTime")
        return cls(
            complaint_id=_needed(info, "complaint_order_id"),
            status=_needed(info, "status"),
            told_at=told_at,
            complained_at=_instant(info, "create_time") or told_at,
            expires_at=_instant(info, "expire_time"),
            transaction_id=_text(info, "order_id")[:LONGEST_NUMBER],
            out_trade_no=(_text(info, "out_trade_no") or _text(info, "out_trade_No"))[:LONGEST_NUMBER],
            detail=_text(info, "customer_material_content")[:LONGEST_TEXT],
            phone=_text(info, "phone_number")[:LONGEST_NUMBER],
        )


def _text(raw: Mapping[str, Any], name: str) -> str:
    """XML knows text alone, JSON numbers too."""
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip().replace("\x00", "") if isinstance(value, str) else ""


def _needed(raw: Mapping[str, Any], name: str) -> str:
    value = _text(raw, name)
    if not value or len(value) > LONGEST_NUMBER:
        raise Malformed(where=name)
    return value


def _instant(raw: Mapping[str, Any], name: str) -> datetime | None:
    """Seconds since 1970, or milliseconds; 0, nothing and nonsense are none."""
    digits = _text(raw, name)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 13):
        return None
    seconds = int(digits) / (1000 if len(digits) > 11 else 1)
    found = datetime.fromtimestamp(seconds, UTC)
    return found if _EARLIEST <= found <= _LATEST else None

"""Of a message of WeChat Pay that was taken in, numbers, amounts and states are kept, and no person.

The body names the payer, and opens with the merchant's key for as long as that is ours. It is kept while the
message may have to be taken in again, and no longer; WeChat's signature stays, with the digest it is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from payments.models import Notification
from wechat.pay import notifications
from wechat.pay.signing import signed_digest

# Whatever else WeChat tells now or later (payer, the account a refund went to, the device) is left out.
TOLD = (
    "appid",
    "mchid",
    "out_trade_no",
    "transaction_id",
    "trade_type",
    "trade_state",
    "out_refund_no",
    "refund_id",
    "refund_status",
    "complaint_id",
    "action_type",
    "success_time",
)
AMOUNTS = ("total", "payer_total", "refund", "payer_refund", "currency", "payer_currency")


def read(
    *,
    mchid: str,
    headers: Mapping[str, str],
    body: bytes,
    notice: notifications.Notification,
    now: datetime,
) -> Notification:
    """A genuine message as it is to be kept, with its body: who takes it in keeps it without."""
    told = notice.plain
    amount = told.get("amount")
    content = _members(told, TOLD)
    if isinstance(amount, dict):
        content["amount"] = _members(amount, AMOUNTS)
    return Notification(
        mchid=mchid,
        headers=dict(headers),
        body=body,
        digest=signed_digest(headers, body),
        notice_id=_fitted(notice.id, 128),
        event_type=_fitted(notice.event_type, 60),
        out_trade_no=str(content.get("out_trade_no", ""))[:32],
        content=content,
        received_at=now,
    )


def number_of(body: bytes) -> str:
    """The number of a signed message that cannot be read as a whole; empty where it tells none."""
    try:
        outer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    told = outer.get("id") if isinstance(outer, dict) else None
    return _fitted(told, 128) if isinstance(told, str) else ""


def forget(*, numbers: Iterable[str]) -> None:
    """Empty the messages about these payment numbers whose bodies were still kept."""
    about = Notification.objects.filter(out_trade_no__in=[number for number in numbers if number])
    about.exclude(body=b"").update(body=b"")


def _members(told: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The members of these names that are amounts or short text which a table can hold."""
    found = {}
    for name in names:
        value = told.get(name)
        text = isinstance(value, str) and len(value) <= 128 and value.isprintable()
        if text or (type(value) is int and abs(value) < 2**63):
            found[name] = value
    return found


def _fitted(text: str, length: int) -> str:
    return "".join(character for character in text if character.isprintable())[:length]

"""What WeChat pushes of subscribe messages (订阅消息): what a reader decided, and whether one arrived.

https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/subscribe-message.html
XML holds a list in a member named after the event, JSON holds it beside the event's name; a list of one may
be that one itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wechat.errors import Malformed

POPUP = "subscribe_msg_popup_event"  # the answer to the question in the mini-program
CHANGE = "subscribe_msg_change_event"  # decided in WeChat's own settings
SENT = "subscribe_msg_sent_event"
REJECT, ARRIVED = "reject", "0"
_WITHIN = {POPUP: "SubscribeMsgPopupEvent", CHANGE: "SubscribeMsgChangeEvent", SENT: "SubscribeMsgSentEvent"}
_LONGEST, _MOST = 128, 100
_LATEST = 4102444800  # the year 2100


@dataclass(frozen=True, slots=True)
class Decided:
    """What one reader decided of one template."""

    template_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of one message; `code` is "0" where it arrived, `why` WeChat's word for it."""

    template_id: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class SubscribeEvent:
    """One push about one reader."""

    openid: str = field(repr=False)
    told_at: datetime
    decided: tuple[Decided, ...] = ()
    arrived: tuple[Arrived, ...] = ()

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> SubscribeEvent:
        """Read the opened message; raises Malformed naming what is missing."""
        name, openid, at = (_text(message, one) for one in ("Event", "FromUserName", "CreateTime"))
        if name not in _WITHIN:
            raise Malformed(where="Event")
        if not openid:
            raise Malformed(where="FromUserName")
        if not (at.isascii() and at.isdigit() and int(at) < _LATEST):
            raise Malformed(where="CreateTime")
        rows = _rows(message, _WITHIN[name])
        decided = (
            ()
            if name == SENT
            else tuple(
                Decided(_needed(row, "TemplateId"), _needed(row, "SubscribeStatusString")) for row in rows
            )
        )
        arrived = (
            ()
            if name != SENT
            else tuple(
                Arrived(_needed(row, "TemplateId"), _needed(row, "ErrorCode"), _text(row, "ErrorStatus"))
                for row in rows
            )
        )
        return cls(openid, datetime.fromtimestamp(int(at), UTC), decided, arrived)


def _rows(message: Mapping[str, Any], member: str) -> list[Mapping[str, Any]]:
    within = message.get(member)
    found = (within if isinstance(within, Mapping) else message).get("List")
    rows = found if isinstance(found, list) else [found]
    if len(rows) > _MOST or not all(isinstance(one, Mapping) for one in rows):
        raise Malformed(where="List")
    return rows


def _needed(raw: Mapping[str, Any], name: str) -> str:
    found = _text(raw, name)
    if not found:
        raise Malformed(where=name)
    return found


def _text(raw: Mapping[str, Any], name: str) -> str:
    """XML knows text alone, JSON numbers too; what is longer than any of theirs is none."""
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:_LONGEST]
    found = value.strip() if isinstance(value, str) else ""
    return found if len(found) <= _LONGEST and found.isprintable() else ""

"""A message that WeChat pushed is kept once, read by the worker, and emptied when it is taken in.

The house hears what `HEARD` names; of anything else is kept that it came. What is genuine and cannot be read
stays as it came, with a case, until someone has it read again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from kernel import events
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict
from kernel.tenancy import tenant
from storefronts import queries
from storefronts.models import PushedMessage
from wechat import subscribe_events, trade_messages
from wechat.complaint_messages import EVENT as COMPLAINT
from wechat.errors import WechatError
from wechat.messages import MessageKeys, opened

log = structlog.get_logger(__name__)

Outcome = PushedMessage.Outcome
# What WeChat calls it → the event that the house hears.
HEARD = {
    COMPLAINT: "message.complaint",
    trade_messages.ACCESS: "message.trade_access",
    trade_messages.REMINDER: "message.trade_reminder",
    trade_messages.SETTLEMENT: "message.trade_settlement",
    subscribe_events.POPUP: "message.news",
    subscribe_events.CHANGE: "message.news",
    subscribe_events.SENT: "message.news",
}
UNREADABLE = "notification.unreadable"


@dataclass(eq=False)
class StillUnreadable(Conflict):
    """It was read again, and cannot be read now either."""

    code = "message_still_unreadable"
    title = "The message still cannot be read ({why})."
    title_zh = "该消息仍无法解析（{why}）。"
    why: str


class NothingKept(Conflict):
    """What was taken in is empty: there is nothing to read again."""

    code = "message_nothing_kept"
    title = "Nothing of this message is kept: it was taken in, or was of no concern."
    title_zh = "该消息内容已清除，无需再次处理。"


def keep(*, storefront_id: int, keys: MessageKeys, sealed: str, now: datetime) -> PushedMessage:
    """Keep a genuine message, once; whatever this house hears is left to the worker. Raises nothing of
    WeChat's: what cannot be opened is kept and put before an operator."""
    told, failure = _open(keys, sealed)
    event = _name(told)
    heard = event in HEARD
    with tenant(storefront_id):
        row, new = PushedMessage.objects.get_or_create(
            storefront_id=storefront_id,
            digest=_digest(told, sealed),
            defaults={
                "event": event,
                "content": sealed.encode() if heard or failure else b"",
                "outcome": Outcome.FAILED if failure else Outcome.RECEIVED if heard else Outcome.IGNORED,
                "error": failure,
                "received_at": now,
            },
        )
        if new and failure:
            _tell(row, failure, now)
        elif new and heard:
            _leave_to_worker(row, now)
    return row


def read(*, message_id: int) -> tuple[PushedMessage, dict[str, Any]] | None:
    """A message that waits, locked, and what it says; None once it was taken in. Raises wechat.errors."""
    row = (
        PushedMessage.objects.select_for_update(of=("self",))
        .select_related("storefront")
        .filter(pk=message_id, outcome=Outcome.RECEIVED)
        .first()
    )
    if row is None:
        return None
    _, keys = queries.message_keys(row.storefront.appid)
    return row, opened(keys, bytes(row.content).decode())


def taken(*, message: PushedMessage, now: datetime) -> None:
    """It is taken in: its content goes, and what was open about it is settled."""
    PushedMessage.objects.filter(pk=message.pk).update(
        outcome=Outcome.TAKEN, content=b"", error="", taken_at=now
    )
    settle_open(kinds=[UNREADABLE], key=message.event_key, by="system", note="taken in", now=now)


def failed(*, message_id: int, failure: WechatError, now: datetime) -> None:
    """It cannot be read as it is: it stays, and an operator is told."""
    row = PushedMessage.objects.select_for_update(of=("self",)).get(pk=message_id)
    row.outcome, row.error = Outcome.FAILED, failure.why[:120]
    row.save(update_fields=["outcome", "error"])
    _tell(row, row.error, now)


def again(*, message: PushedMessage, by: str, now: datetime) -> None:
    """Have a message read again, after a mend. Raises NothingKept, StillUnreadable."""
    with tenant(message.storefront_id):
        row = (
            PushedMessage.objects.select_for_update(of=("self",))
            .select_related("storefront")
            .get(pk=message.pk)
        )
        if row.outcome != Outcome.FAILED or not row.content:
            raise NothingKept()
        _, keys = queries.message_keys(row.storefront.appid)
        told, failure = _open(keys, bytes(row.content).decode())
        if failure:
            raise StillUnreadable(why=failure)
        row.event = _name(told)
        heard = row.event in HEARD
        row.outcome = Outcome.RECEIVED if heard else Outcome.IGNORED
        row.content = row.content if heard else b""
        row.save(update_fields=["event", "outcome", "content"])
        if heard:
            _leave_to_worker(row, now, by=by)
        else:
            settle_open(kinds=[UNREADABLE], key=row.event_key, by=by, note="of no concern", now=now)


def _open(keys: MessageKeys, sealed: str) -> tuple[dict[str, Any], str]:
    try:
        return opened(keys, sealed), ""
    except WechatError as failure:
        return {}, failure.why[:120]


def _name(told: Mapping[str, Any]) -> str:
    """The event's name, or the kind of message where it is none."""
    name = told.get("Event") or told.get("MsgType")
    return "".join(c for c in name if c.isprintable())[:60] if isinstance(name, str) else ""


def _digest(told: Mapping[str, Any], sealed: str) -> bytes:
    """Repeated it is sealed anew, and says the same."""
    number = told.get("MsgId")
    if isinstance(number, str | int) and not isinstance(number, bool) and number:
        same = f"id:{number}"
    else:
        same = json.dumps(told, sort_keys=True) if told else sealed
    return hashlib.sha256(same.encode()).digest()


def _leave_to_worker(row: PushedMessage, now: datetime, **more: str) -> None:
    events.record(
        storefront_id=row.storefront_id,
        name=HEARD[row.event],
        key=row.event_key,
        facts={"message": row.pk, **more},
        now=now,
    )


def _tell(row: PushedMessage, why: str, now: datetime) -> None:
    log.error("message_unreadable", message=row.pk, error=why)
    open_case(
        storefront_id=row.storefront_id,
        kind=UNREADABLE,
        key=row.event_key,
        title="A genuine message of WeChat cannot be read",
        facts={"event": row.event, "error": why},
        now=now,
    )
